//! Reads files of our own indexes, for merging and for the check of docids.
//!
//! An [`Input`] holds a window of the file and no file descriptor: it opens the file each time the window moves. So
//! thousands of segments can be read side by side, whatever the limit of open files, at a few microseconds a window.

use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use fs_err::File;

use crate::durable::{open_regular, regular_metadata};
use crate::lucene::error::{LuceneError, Result};
use crate::lucene::store::codec::{Codec, FOOTER_BYTES, FOOTER_MAGIC, Id, MAGIC};
use crate::stop::Stop;

/// Length of the longest file that is read into memory as a whole: the largest of ours have some hundred kilobytes.
const MAX_SMALL_BYTES: u64 = 16 << 20;

/// A file of an index, read through a window.
#[derive(Debug)]
pub(crate) struct Input {
    path: PathBuf,
    length: u64,
    window: usize,
    buffer: Vec<u8>,
    start: u64,
    at: usize,
}

impl Input {
    /// Opens a regular file with a window of `window` bytes.
    pub(crate) fn open(path: PathBuf, window: usize) -> Result<Self> {
        let length = regular_metadata(&path)?.len();
        Ok(Self {
            path,
            length,
            window,
            buffer: Vec::new(),
            start: 0,
            at: 0,
        })
    }

    /// Opens a file and checks the header's codec name, version, id and suffix, and that a footer is there. The body
    /// begins at the position after this.
    pub(crate) fn open_checked(
        path: PathBuf,
        window: usize,
        codec: Codec<'_>,
        id: &Id,
    ) -> Result<Self> {
        let mut input = Self::open(path, window)?;
        let found = input.header(codec)?;
        if found != *id {
            return Err(input.corrupt("its id is not that of its segment"));
        }
        let body = input.position();
        input.footer()?;
        input.seek(body);
        Ok(input)
    }

    /// Returns the path of the file.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Returns the length of the file in bytes, header and footer included.
    pub(crate) const fn length(&self) -> u64 {
        self.length
    }

    /// Returns the position of the footer.
    pub(crate) const fn end(&self) -> u64 {
        self.length.saturating_sub(FOOTER_BYTES)
    }

    /// Returns the position of the next byte.
    pub(crate) const fn position(&self) -> u64 {
        self.start + self.at as u64
    }

    /// Moves to a position; a position inside the window costs nothing.
    pub(crate) fn seek(&mut self, position: u64) {
        match position.checked_sub(self.start).map(usize::try_from) {
            Some(Ok(at)) if at <= self.buffer.len() => self.at = at,
            _ => {
                self.start = position;
                self.at = 0;
                self.buffer.clear();
            }
        }
    }

    /// Reads the whole file and compares its checksum, unless a stop is asked for; the position stays.
    pub(crate) fn verify(&mut self, stop: &Stop) -> Result<()> {
        let before = self.position();
        let mut hasher = crc32fast::Hasher::new();
        let mut left = self.length.saturating_sub(8);
        self.seek(0);
        while left > 0 {
            stop.check()?;
            let step = left.min(1 << 16);
            hasher.update(self.take(usize::try_from(step).unwrap_or(1 << 16))?);
            left -= step;
        }
        if self.be64()? != u64::from(hasher.finalize()) {
            return Err(self.corrupt("its checksum is wrong"));
        }
        self.seek(before);
        Ok(())
    }

    /// Returns an error that says that this file is damaged.
    pub(crate) fn corrupt(&self, what: impl Into<String>) -> LuceneError {
        LuceneError::corrupt(&self.path, what)
    }

    /// Returns an error that says that another program wrote this file.
    pub(crate) fn not_ours(&self, what: impl Into<String>) -> LuceneError {
        LuceneError::not_ours(&self.path, what)
    }

    /// Fills the buffer from the position; fails at the end of the file.
    fn refill(&mut self, at_least: usize) -> Result<()> {
        let position = self.position();
        let left = usize::try_from(self.length.saturating_sub(position)).unwrap_or(usize::MAX);
        if left < at_least {
            return Err(self.corrupt(format!(
                "it ends at byte {}, where more should follow",
                self.length
            )));
        }
        let wanted = self.window.max(at_least).min(left);
        self.start = position;
        self.at = 0;
        self.buffer.resize(wanted, 0);
        let mut file = File::open(&self.path)?;
        file.seek(SeekFrom::Start(position))?;
        file.read_exact(&mut self.buffer)?;
        Ok(())
    }

    /// Returns the next `count` bytes. Counts come from files, and are checked against the length of the file before
    /// memory is taken for them.
    pub(crate) fn take(&mut self, count: usize) -> Result<&[u8]> {
        if self.buffer.len() - self.at < count {
            self.refill(count)?;
        }
        let bytes = &self.buffer[self.at..self.at + count];
        self.at += count;
        Ok(bytes)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N]> {
        let mut array = [0; N];
        array.copy_from_slice(self.take(N)?);
        Ok(array)
    }

    pub(crate) fn u8(&mut self) -> Result<u8> {
        if let Some(&byte) = self.buffer.get(self.at) {
            self.at += 1;
            return Ok(byte);
        }
        Ok(self.take(1)?[0])
    }

    pub(crate) fn i32(&mut self) -> Result<i32> {
        Ok(i32::from_le_bytes(self.array()?))
    }

    pub(crate) fn i64(&mut self) -> Result<i64> {
        Ok(i64::from_le_bytes(self.array()?))
    }

    pub(crate) fn be32(&mut self) -> Result<u32> {
        Ok(u32::from_be_bytes(self.array()?))
    }

    pub(crate) fn be64(&mut self) -> Result<u64> {
        Ok(u64::from_be_bytes(self.array()?))
    }

    pub(crate) fn vlong(&mut self) -> Result<u64> {
        let mut value = 0;
        for shift in (0..64).step_by(7) {
            let byte = self.u8()?;
            value |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Ok(value);
            }
        }
        Err(self.corrupt("a number has more than ten bytes"))
    }

    pub(crate) fn vint(&mut self) -> Result<u32> {
        u32::try_from(self.vlong()?).map_err(|_| self.corrupt("a number has more than 32 bits"))
    }

    /// Reads a count or a length of something that is held in memory.
    pub(crate) fn vlen(&mut self) -> Result<usize> {
        usize::try_from(self.vlong()?).map_err(|_| self.corrupt("a length is out of range"))
    }

    pub(crate) fn string(&mut self) -> Result<String> {
        let length = self.vlen()?;
        let bytes = self.take(length)?.to_vec();
        String::from_utf8(bytes).map_err(|_| self.corrupt("a text is not UTF-8"))
    }

    pub(crate) fn map(&mut self) -> Result<Vec<(String, String)>> {
        let count = self.vlen()?;
        let mut entries = Vec::new();
        for _ in 0..count {
            entries.push((self.string()?, self.string()?));
        }
        Ok(entries)
    }

    /// Reads an index header; returns the id.
    pub(crate) fn header(&mut self, codec: Codec<'_>) -> Result<Id> {
        if self.be32()? != MAGIC {
            return Err(self.corrupt("it does not begin as a Lucene file"));
        }
        let name = self.string()?;
        let version = self.be32()?;
        if name != codec.name || version != codec.version {
            let what = format!(
                "it is of format {name} version {version}, not {} version {}",
                codec.name, codec.version
            );
            return Err(self.not_ours(what));
        }
        let id = self.array()?;
        let suffix = codec.suffix.as_bytes();
        if self.vlen()? != suffix.len() || self.take(suffix.len())? != suffix {
            return Err(self.not_ours("its header has another suffix"));
        }
        Ok(id)
    }

    /// Checks that the file ends with a footer; the checksum in it is not compared.
    pub(crate) fn footer(&mut self) -> Result<()> {
        self.seek(self.end());
        if self.be32()? != FOOTER_MAGIC || self.be32()? != 0 {
            return Err(self.corrupt("it has no footer"));
        }
        Ok(())
    }
}

/// Reads a whole small file into memory and compares its checksum; the input stands at the body.
pub(crate) fn open_small(path: &Path, codec: Codec<'_>, id: Option<&Id>) -> Result<(Input, Id)> {
    let bytes = read_small(path)?;
    let split = bytes
        .len()
        .checked_sub(8)
        .ok_or_else(|| LuceneError::corrupt(path, "it is too short"))?;
    let (content, stored) = bytes.split_at(split);
    if stored != u64::from(crc32fast::hash(content)).to_be_bytes() {
        return Err(LuceneError::corrupt(path, "its checksum is wrong"));
    }
    let length = bytes.len() as u64;
    let mut input = Input {
        path: path.to_owned(),
        length,
        window: 1,
        buffer: bytes,
        start: 0,
        at: 0,
    };
    let found = input.header(codec)?;
    if id.is_some_and(|id| *id != found) {
        return Err(input.corrupt("its id is not that of its segment"));
    }
    Ok((input, found))
}

/// Reads a whole regular file that should be small.
pub(crate) fn read_small(path: &Path) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let file = open_regular(path)?;
    file.take(MAX_SMALL_BYTES + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > MAX_SMALL_BYTES {
        return Err(LuceneError::corrupt(path, "it is too long"));
    }
    Ok(bytes)
}
