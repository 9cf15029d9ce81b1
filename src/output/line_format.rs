//! Formats of one record per line.

use std::io::Write;
use std::path::Path;

use serde_json::Value;

use super::record::EncodedRecord;
use crate::durable::NewFile;
use crate::error::Result;
use crate::run::VectorKind;

/// A format of one record per line: all that a new one has to say. [`LineOutput`](super::LineOutput) writes documents in
/// it, [`LineFile`] topics.
pub trait LineFormat: Send + Sync {
    /// Returns the name of the format.
    fn name(&self) -> &str;

    /// Returns what the names of its files end with, without a dot.
    fn extension(&self) -> &str;

    /// Returns the settings that bear on the bytes.
    fn settings(&self) -> Value {
        Value::Object(serde_json::Map::new())
    }

    /// Returns whether vectors of this kind can be written.
    fn accepts(&self, _kind: VectorKind) -> bool {
        true
    }

    /// Returns true if terms are written as numbers, so that every run has to have a vocabulary.
    fn needs_vocabulary(&self) -> bool {
        false
    }

    /// Returns how many bytes a file may have before it is compressed, where its reader has a limit: a part that has more is
    /// cut into several files, at records.
    fn most_bytes(&self) -> Option<u64> {
        None
    }

    /// Receives the model's vocabulary before the first record, where there is one.
    ///
    /// # Errors
    /// If the format cannot write it.
    fn set_vocabulary(&mut self, _terms: &[String]) -> Result<()> {
        Ok(())
    }

    /// Returns files that lie beside the parts and say how to use them, by their names in the output's folder.
    fn companions(&self) -> Vec<(&'static str, String)> {
        Vec::new()
    }

    /// Appends the record to `line`, with the end of the line.
    ///
    /// # Errors
    /// If the format cannot write the record.
    fn write(&self, record: &EncodedRecord<'_>, line: &mut Vec<u8>) -> Result<()>;
}

impl LineFormat for Box<dyn LineFormat> {
    fn name(&self) -> &str {
        (**self).name()
    }

    fn extension(&self) -> &str {
        (**self).extension()
    }

    fn settings(&self) -> Value {
        (**self).settings()
    }

    fn accepts(&self, kind: VectorKind) -> bool {
        (**self).accepts(kind)
    }

    fn needs_vocabulary(&self) -> bool {
        (**self).needs_vocabulary()
    }

    fn most_bytes(&self) -> Option<u64> {
        (**self).most_bytes()
    }

    fn set_vocabulary(&mut self, terms: &[String]) -> Result<()> {
        (**self).set_vocabulary(terms)
    }

    fn companions(&self) -> Vec<(&'static str, String)> {
        (**self).companions()
    }

    fn write(&self, record: &EncodedRecord<'_>, line: &mut Vec<u8>) -> Result<()> {
        (**self).write(record, line)
    }
}

/// A single file of lines, which appears when it is whole: encoded topics.
pub struct LineFile<'f> {
    file: NewFile,
    format: &'f dyn LineFormat,
    line: Vec<u8>,
}

impl<'f> LineFile<'f> {
    /// Opens a temporary file beside `path`, where there must be nothing.
    ///
    /// # Errors
    /// Those of the file system.
    pub fn create(path: &Path, format: &'f dyn LineFormat) -> Result<Self> {
        Ok(Self {
            file: NewFile::create(path)?,
            format,
            line: Vec::new(),
        })
    }

    /// Adds a record.
    ///
    /// # Errors
    /// Those of the format and of the file system.
    pub fn add(&mut self, record: &EncodedRecord<'_>) -> Result<()> {
        self.line.clear();
        self.format.write(record, &mut self.line)?;
        self.file.write_all(&self.line)?;
        Ok(())
    }

    /// Writes the file to disk and gives it its name.
    ///
    /// # Errors
    /// Those of the file system.
    pub fn finish(self) -> Result<()> {
        Ok(self.file.finish()?)
    }
}
