//! Lines of a file, which may be compressed with gzip.

use std::io::{BufRead, BufReader, Read};
use std::path::PathBuf;
use std::sync::Arc;

use flate2::bufread::MultiGzDecoder;
use fs_err::File;

use super::MAX_LINE;
use super::error::{CollectionError, LinePlace, LineProblem};

/// Reads the lines of a file; gzip is known by its first bytes, of as many members as there are.
pub struct Lines {
    reader: Box<dyn BufRead + Send>,
    buffer: Vec<u8>,
    place: LinePlace,
}

impl Lines {
    /// Opens a file.
    ///
    /// # Errors
    ///
    /// [`CollectionError::Io`].
    pub fn open(path: PathBuf) -> Result<Self, CollectionError> {
        let mut file = BufReader::with_capacity(1 << 17, File::open(&path)?);
        let compressed = file.fill_buf()?.starts_with(&[0x1f, 0x8b]);
        let reader: Box<dyn BufRead + Send> = if compressed {
            Box::new(BufReader::with_capacity(1 << 17, MultiGzDecoder::new(file)))
        } else {
            Box::new(file)
        };
        Ok(Self {
            reader,
            buffer: Vec::new(),
            place: LinePlace {
                file: Arc::new(path),
                line: 0,
            },
        })
    }

    /// Where the last line was.
    pub fn place(&self) -> &LinePlace {
        &self.place
    }

    /// An error at the last line.
    pub fn error(&self, problem: LineProblem) -> CollectionError {
        CollectionError::Line {
            place: self.place.clone(),
            problem,
        }
    }

    /// The next line that is not blank, without its end.
    ///
    /// # Errors
    ///
    /// [`CollectionError::Io`] with the place; [`LineProblem::TooLong`] and [`LineProblem::Utf8`].
    pub fn next_line(&mut self) -> Result<Option<&str>, CollectionError> {
        loop {
            // The memory of one huge line is not kept for the others.
            if self.buffer.capacity() > 1 << 22 {
                self.buffer = Vec::new();
            }
            self.buffer.clear();
            self.place.line += 1;
            let limit = MAX_LINE as u64 + 1;
            let read = (&mut self.reader)
                .take(limit)
                .read_until(b'\n', &mut self.buffer)
                .map_err(|error| {
                    std::io::Error::new(
                        error.kind(),
                        format!("{}: cannot be read: {error}", self.place),
                    )
                })?;
            if read == 0 {
                return Ok(None);
            }
            if self.buffer.len() > MAX_LINE {
                return Err(self.error(LineProblem::TooLong));
            }
            if self.place.line == 1 && self.buffer.starts_with(b"\xef\xbb\xbf") {
                self.buffer.drain(..3);
            }
            if !self.buffer.trim_ascii().is_empty() {
                break;
            }
        }
        match std::str::from_utf8(&self.buffer) {
            Ok(line) => Ok(Some(line.trim_end())),
            Err(_) => Err(CollectionError::Line {
                place: self.place.clone(),
                problem: LineProblem::Utf8,
            }),
        }
    }
}
