//! Lines of bounded length.

use std::io::{self, BufRead};

/// Limits a line, in MiB: a whole book has about one.
pub const MAX_LINE_MIB: usize = 64;
const MAX_LINE: usize = MAX_LINE_MIB << 20;

/// Splits a stream into lines, never holding more than the limit.
#[derive(Debug)]
pub struct LineReader<R> {
    inner: R,
    buffer: Vec<u8>,
    number: u64,
    offset: u64,
    limit: usize,
}

impl<R: BufRead> LineReader<R> {
    /// Reads lines of at most [`MAX_LINE_MIB`].
    pub fn new(inner: R) -> Self {
        Self::with_limit(inner, MAX_LINE)
    }

    /// Reads lines of at most so many bytes.
    pub fn with_limit(inner: R, limit: usize) -> Self {
        Self {
            inner,
            buffer: Vec::new(),
            number: 0,
            offset: 0,
            limit,
        }
    }

    /// Reads on from a place in the middle of a stream: behind so many lines and bytes.
    pub fn starting_at(inner: R, lines: u64, offset: u64) -> Self {
        Self {
            number: lines,
            offset,
            ..Self::new(inner)
        }
    }

    /// Returns the number of bytes up to the end of the current line, line ends counted.
    pub fn offset(&self) -> u64 {
        self.offset
    }

    /// Skips bytes up to one at which a line begins, of which the number is known.
    pub fn skip_to(&mut self, lines: u64, offset: u64) -> io::Result<()> {
        while self.offset < offset {
            let available = self.inner.fill_buf()?.len() as u64;
            if available == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            let taken = available.min(offset - self.offset);
            // At most what is in a buffer.
            self.inner.consume(usize::try_from(taken).unwrap_or(0));
            self.offset += taken;
        }
        self.number = lines;
        Ok(())
    }

    /// Returns the number of the current line, from 1.
    pub fn number(&self) -> u64 {
        self.number
    }

    /// Goes to the next line and returns whether it is within the limit, or `None` at the end.
    ///
    /// A line over the limit is skipped without being held in memory.
    pub fn advance(&mut self) -> io::Result<Option<bool>> {
        self.buffer.clear();
        // A huge line before this one must not keep its memory.
        self.buffer.shrink_to(1 << 20);
        self.number += 1;
        let mut too_long = false;
        let mut read_any = false;
        loop {
            let available = match self.inner.fill_buf() {
                // A signal came, which the pipeline handles.
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                available => available?,
            };
            if available.is_empty() {
                break;
            }
            read_any = true;
            let (taken, ends) = match memchr::memchr(b'\n', available) {
                Some(end) => (end + 1, true),
                None => (available.len(), false),
            };
            too_long |= self.buffer.len() + taken > self.limit;
            if too_long {
                self.buffer.clear();
            } else {
                self.buffer.extend_from_slice(&available[..taken]);
            }
            self.inner.consume(taken);
            self.offset += taken as u64;
            if ends {
                break;
            }
        }
        if !read_any {
            return Ok(None);
        }
        Ok(Some(!too_long))
    }

    /// Returns the line that [`LineReader::advance`] went to.
    pub fn line(&self) -> &[u8] {
        let mut line = self.buffer.as_slice();
        line = line.strip_suffix(b"\n").unwrap_or(line);
        line = line.strip_suffix(b"\r").unwrap_or(line);
        if self.number == 1 {
            line = without_byte_order_mark(line);
        }
        line
    }
}

/// Removes the mark with which some editors begin a file in UTF-8.
pub(super) fn without_byte_order_mark(bytes: &[u8]) -> &[u8] {
    bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(text: &[u8], limit: usize) -> Vec<Option<Vec<u8>>> {
        let mut reader = LineReader::with_limit(io::BufReader::with_capacity(3, text), limit);
        let mut lines = Vec::new();
        while let Some(within_limit) = reader.advance().unwrap() {
            lines.push(within_limit.then(|| reader.line().to_vec()));
        }
        lines
    }

    #[test]
    fn splits_at_both_line_ends_and_drops_the_byte_order_mark() {
        let lines = all(b"\xEF\xBB\xBFa\r\nb\n\nc", 100);
        let expected: Vec<_> = [&b"a"[..], b"b", b"", b"c"]
            .map(|l| Some(l.to_vec()))
            .into();
        assert_eq!(lines, expected);
    }

    #[test]
    fn counts_bytes_and_skips_to_a_line() {
        let text = b"\xEF\xBB\xBFa\r\nbcd\n\ne";
        let mut reader = LineReader::new(&text[..]);
        let mut ends = Vec::new();
        while reader.advance().unwrap().is_some() {
            ends.push(reader.offset());
        }
        assert_eq!(ends, [6, 10, 11, 12]);
        let mut reader = LineReader::new(io::BufReader::with_capacity(2, &text[..]));
        reader.skip_to(1, 6).unwrap();
        assert_eq!(reader.advance().unwrap(), Some(true));
        assert_eq!(reader.line(), b"bcd");
        assert_eq!((reader.number(), reader.offset()), (2, 10));
        assert!(reader.skip_to(9, 99).is_err());
    }

    #[test]
    fn skips_a_line_over_the_limit_and_goes_on() {
        assert_eq!(
            all(b"ab\nabcdefghij\ncd", 5),
            [Some(b"ab".to_vec()), None, Some(b"cd".to_vec())]
        );
    }
}
