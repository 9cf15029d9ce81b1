//! `rejected.jsonl`: the records that could not be used, with place and reason.

use std::io::{self, BufWriter, Seek, SeekFrom, Write};

use fs_err::File;
use serde::{Deserialize, Serialize};

use super::record_error::{Excerpt, RecordError};
use crate::digest::sha256_of_bytes;

/// Keeps only so many bytes of a longer record, so that a file of bad records does not grow without bound.
const MAX_EXCERPT: usize = 1 << 10;

/// One line of the file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RejectedRecord {
    /// The record's number in the whole input, from 1, without blank lines.
    pub record: u64,
    /// The input file as the user named it.
    pub file: String,
    /// Line in that file, from 1.
    pub line: u64,
    /// What is wrong with it.
    pub reason: String,
    /// The record's beginning; bytes that are no UTF-8 are replaced.
    pub text: String,
    /// Bytes of the whole record, if `text` is only its beginning.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bytes: Option<u64>,
    /// SHA-256 of the whole record in hexadecimal, if `text` is only its beginning.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sha256: Option<String>,
}

impl Excerpt {
    /// Keeps the beginning of a record.
    pub(super) fn of(record: &[u8]) -> Self {
        let mut end = record.len().min(MAX_EXCERPT);
        // Does not cut a character of UTF-8 in two.
        while end < record.len() && end > MAX_EXCERPT - 4 && record[end] & 0xC0 == 0x80 {
            end -= 1;
        }
        Self {
            text: String::from_utf8_lossy(&record[..end]).into_owned(),
            whole: (end < record.len()).then(|| (record.len() as u64, sha256_of_bytes(record))),
        }
    }
}

/// Writes rejected records in input order.
#[derive(Debug)]
pub struct RejectedFile {
    out: BufWriter<File>,
    end: Mark,
}

/// A place in the file.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Mark {
    bytes: u64,
    pub records: u64,
}

impl RejectedFile {
    /// Writes into an empty file.
    #[must_use]
    pub fn new(file: File) -> Self {
        Self {
            out: BufWriter::new(file),
            end: Mark::default(),
        }
    }

    pub(super) fn add(&mut self, record: u64, error: &RecordError) -> io::Result<()> {
        let whole = error.excerpt.whole.as_ref();
        let mut line = serde_json::to_string(&RejectedRecord {
            record,
            file: error.place.source.to_string(),
            line: error.place.line,
            reason: error.problem.to_string(),
            text: error.excerpt.text.clone(),
            bytes: whole.map(|(bytes, _)| *bytes),
            sha256: whole.map(|(_, sha256)| sha256.clone()),
        })?;
        line.push('\n');
        self.add_line(&line)
    }

    /// Adds a line of another such file, with its end.
    ///
    /// # Errors
    /// Returns the errors of the file system.
    pub fn add_line(&mut self, line: &str) -> io::Result<()> {
        self.out.write_all(line.as_bytes())?;
        self.end.bytes += line.len() as u64;
        self.end.records += 1;
        Ok(())
    }

    pub(super) fn mark(&self) -> Mark {
        self.end
    }

    /// Removes what was added after `mark`.
    pub(super) fn rewind(&mut self, mark: Mark) -> io::Result<()> {
        if mark != self.end {
            self.out.seek(SeekFrom::Start(mark.bytes))?;
            self.out.get_ref().set_len(mark.bytes)?;
            self.end = mark;
        }
        Ok(())
    }

    /// Writes what is buffered and syncs.
    ///
    /// # Errors
    /// Returns the errors of the file system.
    pub fn finish(self) -> io::Result<()> {
        let file = self
            .out
            .into_inner()
            .map_err(io::IntoInnerError::into_error)?;
        crate::durable::fault::point("a sync")?;
        file.sync_all()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_record_leaves_its_beginning_and_its_hash() {
        let short = Excerpt::of(b"{\xff");
        assert_eq!((&*short.text, &short.whole), ("{\u{fffd}", &None));
        let record = "\u{e9}".repeat(1 << 20);
        let long = Excerpt::of(format!("x{record}").as_bytes());
        assert!(long.text.len() <= MAX_EXCERPT && record.starts_with(&long.text[1..]));
        let (bytes, sha256) = long.whole.unwrap();
        assert_eq!((bytes, sha256.len()), ((2 << 20) + 1, 64));
        let not_utf8 = Excerpt::of(&[0x80; 5000]);
        assert!(not_utf8.text.len() < 5000);
    }
}
