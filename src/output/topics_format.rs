//! The formats of encoded topics: a file of lines, or matrices for `SciPy`.

use std::path::{Path, PathBuf};

use super::format::OutputFormat;
use super::line_format::{LineFile, LineFormat};
use super::npz::{NpzTopics, NpzTopicsFile};
use super::record::EncodedRecord;
use super::topics::{AnseriniTopics, PyseriniTopics};
use crate::error::{Error, Result};
use crate::quote;
use crate::run::VectorKind;

/// A format of encoded topics. Every [`LineFormat`] is one.
pub struct TopicsFormat(Format);

enum Format {
    Lines(Box<dyn LineFormat>),
    Npz(NpzTopics),
}

impl<F: LineFormat + 'static> From<F> for TopicsFormat {
    fn from(format: F) -> Self {
        Self(Format::Lines(Box::new(format)))
    }
}

impl TopicsFormat {
    /// Returns the format of a name: `tsv`, `jsonl`, or that of an engine's documents; without a name, as the file's ending
    /// tells.
    ///
    /// # Errors
    /// If the name is none of a format, or the ending tells none.
    pub fn named(name: Option<&str>, file: &Path) -> Result<Self> {
        let ending = || match file.extension().and_then(|ending| ending.to_str()) {
            Some(ending @ ("tsv" | "jsonl")) => Ok(ending),
            _ => Err(Error::setting(format!(
                "{}: the format cannot be told from the ending; say `format` tsv, jsonl or another one",
                quote::path(file)
            ))),
        };
        Ok(match name.map_or_else(ending, Ok)? {
            "tsv" => AnseriniTopics::default().into(),
            "jsonl" => PyseriniTopics::default().into(),
            name => {
                let format: OutputFormat = name
                    .parse()
                    .map_err(|error| Error::setting(format!("{error}, or tsv or jsonl")))?;
                Self::of_engine(format)
            }
        })
    }

    /// Returns the format of queries for an engine that reads documents in this format.
    #[must_use]
    pub fn of_engine(format: OutputFormat) -> Self {
        match format.queries() {
            Some(lines) => Self(Format::Lines(lines)),
            None => Self(Format::Npz(NpzTopics::default())),
        }
    }

    /// Returns the name of the format.
    #[must_use]
    pub fn name(&self) -> &str {
        match &self.0 {
            Format::Lines(format) => format.name(),
            Format::Npz(_) => "npz",
        }
    }

    /// Returns whether vectors of this kind can be written.
    #[must_use]
    pub fn accepts(&self, kind: VectorKind) -> bool {
        match &self.0 {
            Format::Lines(format) => format.accepts(kind),
            Format::Npz(_) => true,
        }
    }

    pub(crate) fn set_vocabulary(&mut self, terms: &[String]) -> Result<()> {
        match &mut self.0 {
            Format::Lines(format) => format.set_vocabulary(terms),
            Format::Npz(format) => format.set_vocabulary(terms),
        }
    }

    /// Returns the file that holds the vectors, of an output at this path.
    #[must_use]
    pub fn file(&self, output: &Path) -> PathBuf {
        match &self.0 {
            Format::Lines(_) => output.to_owned(),
            Format::Npz(_) => NpzTopics::matrix(output),
        }
    }

    /// Opens what will become the output, where there must be nothing yet.
    pub(crate) fn create(&self, output: &Path) -> Result<TopicsFile<'_>> {
        Ok(TopicsFile(match &self.0 {
            Format::Lines(format) => File::Lines(LineFile::create(output, format)?),
            Format::Npz(format) => File::Npz(Box::new(format.create(output)?)),
        }))
    }
}

/// Topics that are being written. They appear when they are whole.
pub(crate) struct TopicsFile<'f>(File<'f>);

enum File<'f> {
    Lines(LineFile<'f>),
    Npz(Box<NpzTopicsFile<'f>>),
}

impl TopicsFile<'_> {
    pub(crate) fn add(&mut self, record: &EncodedRecord<'_>) -> Result<()> {
        match &mut self.0 {
            File::Lines(file) => file.add(record),
            File::Npz(file) => file.add(record),
        }
    }

    pub(crate) fn finish(self) -> Result<()> {
        match self.0 {
            File::Lines(file) => file.finish(),
            File::Npz(file) => file.finish(),
        }
    }
}
