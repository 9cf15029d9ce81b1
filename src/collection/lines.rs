//! The lines of a collection's file.

use std::io::BufRead;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use super::error::{CollectionError, LineProblem};
use crate::corpus::{self, LineReader, Place, Source};

/// Longest accepted line, in MiB: the longest text of a corpus, all of it escaped.
const MAX_LINE_MIB: usize = 512;

/// Reads the lines of a file, which may be compressed with gzip.
pub struct Lines {
    reader: LineReader<Box<dyn BufRead + Send>>,
    source: Arc<str>,
}

impl Lines {
    /// Opens a file; `bytes_read` counts what is taken from it.
    ///
    /// # Errors
    /// [`CollectionError::Open`].
    pub fn open(source: &Source, bytes_read: &Arc<AtomicU64>) -> Result<Self, CollectionError> {
        Ok(Self {
            reader: LineReader::with_limit(corpus::open(source, bytes_read)?, MAX_LINE_MIB << 20),
            source: Arc::clone(&source.name),
        })
    }

    /// Where the last line was.
    #[must_use]
    pub fn place(&self) -> Place {
        Place {
            source: Arc::clone(&self.source),
            line: self.reader.number(),
        }
    }

    /// The next line that is not blank.
    ///
    /// # Errors
    /// [`CollectionError::Read`]; [`LineProblem::TooLong`] and [`LineProblem::Utf8`] with their place.
    pub fn next_line(&mut self) -> Result<Option<&str>, CollectionError> {
        loop {
            match self.reader.advance() {
                Ok(None) => return Ok(None),
                Ok(Some(true)) if self.reader.line().trim_ascii().is_empty() => {}
                Ok(Some(true)) => break,
                Ok(Some(false)) => return Err(LineProblem::TooLong(MAX_LINE_MIB).at(self.place())),
                Err(error) => {
                    return Err(CollectionError::Read {
                        place: self.place(),
                        error,
                    });
                }
            }
        }
        let line = std::str::from_utf8(self.reader.line());
        line.map(Some)
            .map_err(|error| LineProblem::Utf8(error.valid_up_to() + 1).at(self.place()))
    }
}
