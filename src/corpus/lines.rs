//! Lines of bounded length.

use std::io::{self, BufRead};

/// Limits a line, in MiB: a whole book has about one.
pub const MAX_LINE_MIB: usize = 64;
const MAX_LINE: usize = MAX_LINE_MIB << 20;

/// What [`LineReader::next_line`] found.
#[derive(Debug, PartialEq, Eq)]
pub enum Line<'a> {
    /// A line without its end (`\n` or `\r\n`), and without a byte order mark on the first.
    Bytes(&'a [u8]),
    /// A line over the limit; it was skipped without being held in memory.
    TooLong,
}

/// Splits a stream into lines, never holding more than the limit.
#[derive(Debug)]
pub struct LineReader<R> {
    inner: R,
    buffer: Vec<u8>,
    number: u64,
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
            limit,
        }
    }

    /// Returns the number of the current line, from 1.
    pub fn number(&self) -> u64 {
        self.number
    }

    /// Returns the next line, or `None` at the end.
    pub fn next_line(&mut self) -> io::Result<Option<Line<'_>>> {
        Ok(match self.advance()? {
            None => None,
            Some(true) => Some(Line::Bytes(self.line())),
            Some(false) => Some(Line::TooLong),
        })
    }

    /// Goes to the next line and returns whether it is within the limit, or `None` at the end.
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
            line = line.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(line);
        }
        line
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(text: &[u8], limit: usize) -> Vec<Option<Vec<u8>>> {
        let mut reader = LineReader::with_limit(io::BufReader::with_capacity(3, text), limit);
        let mut lines = Vec::new();
        while let Some(line) = reader.next_line().unwrap() {
            lines.push(match line {
                Line::Bytes(bytes) => Some(bytes.to_vec()),
                Line::TooLong => None,
            });
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
    fn skips_a_line_over_the_limit_and_goes_on() {
        assert_eq!(
            all(b"ab\nabcdefghij\ncd", 5),
            [Some(b"ab".to_vec()), None, Some(b"cd".to_vec())]
        );
    }
}
