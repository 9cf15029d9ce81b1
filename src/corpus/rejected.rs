//! `rejected.jsonl`: the records that could not be used, with place and reason.

use std::io::{self, BufWriter, Seek, SeekFrom, Write};

use fs_err::File;
use serde::{Deserialize, Serialize};

use super::record_error::RecordError;

/// Keeps only so many bytes of a longer line.
pub(super) const MAX_EXCERPT: usize = 1 << 16;

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
    /// The line; bytes that are no UTF-8 are replaced, a long line is cut.
    pub text: String,
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
        let mut line = serde_json::to_string(&RejectedRecord {
            record,
            file: error.place.source.to_string(),
            line: error.place.line,
            reason: error.problem.to_string(),
            text: error.text.clone(),
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
