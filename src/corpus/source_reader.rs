//! The records of one source.

use std::io::{self, BufRead, Cursor, Read};
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use super::error::CorpusError;
use super::format::{InputFormat, begins_topic};
use super::lines::{LineReader, without_byte_order_mark};
use super::open::{Opened, Stream, open_told};
use super::position::Position;
use super::record_error::{Excerpt, Place, RecordError, RecordProblem};
use super::signature;
use super::source::Source;

/// Limits a TREC topic, which is made of several lines, in bytes.
const MAX_TOPIC: usize = 1 << 20;

/// Reads the records of one source: lines that are not blank, or TREC topics.
pub(super) struct SourceReader {
    name: Arc<str>,
    format: InputFormat,
    lines: LineReader<Stream>,
    topic: Vec<u8>,
    /// Line on which the current record begins.
    line: u64,
    is_too_long: bool,
}

impl SourceReader {
    /// Opens a source; `format` is told from content and name if it is `None`.
    pub fn open(
        source: &Source,
        format: Option<InputFormat>,
        bytes_read: &Arc<AtomicU64>,
    ) -> Result<Self, CorpusError> {
        let Opened {
            mut stream,
            is_gzip,
        } = open_told(source, bytes_read)?;
        let head = first_line(&mut stream).map_err(|error| CorpusError::Read {
            source_name: Arc::clone(&source.name),
            line: 1,
            error,
        })?;
        if let Some(unsupported) = signature::unsupported(&head) {
            return Err(CorpusError::UnsupportedContent {
                source_name: Arc::clone(&source.name),
                found: unsupported.found,
                remedy: unsupported.remedy,
            });
        }
        let format = match format {
            Some(format) => format,
            None => tell_format(&head, source, is_gzip)?,
        };
        let stream: Stream = Box::new(Cursor::new(head).chain(stream));
        Ok(Self::new(source, format, LineReader::new(stream)))
    }

    /// Reads from lines that were opened at a known place.
    pub fn new(source: &Source, format: InputFormat, lines: LineReader<Stream>) -> Self {
        Self {
            name: Arc::clone(&source.name),
            format,
            lines,
            topic: Vec::new(),
            line: 0,
            is_too_long: false,
        }
    }

    /// Goes to the next record; returns false at the end.
    pub fn advance(&mut self) -> Result<bool, CorpusError> {
        let name = Arc::clone(&self.name);
        let next = self.lines.number() + 1;
        self.try_advance().map_err(|error| CorpusError::Read {
            source_name: name,
            line: next,
            error,
        })
    }

    fn try_advance(&mut self) -> io::Result<bool> {
        self.topic.clear();
        loop {
            match self.lines.advance()? {
                None => return Ok(false),
                Some(true) if self.lines.line().trim_ascii().is_empty() => {}
                Some(within_limit) => {
                    self.is_too_long = !within_limit;
                    break;
                }
            }
        }
        self.line = self.lines.number();
        if self.format == InputFormat::Trec && begins_topic(self.lines.line()) {
            self.read_topic()?;
        }
        Ok(true)
    }

    /// Reads to the line that closes the topic.
    fn read_topic(&mut self) -> io::Result<()> {
        loop {
            let line = self.lines.line();
            if self.topic.len() + line.len() > MAX_TOPIC {
                self.is_too_long = true;
            } else {
                self.topic.extend_from_slice(line);
                self.topic.push(b'\n');
            }
            let is_last = closes_topic(line);
            if is_last || self.lines.advance()?.is_none() {
                return Ok(());
            }
        }
    }

    /// Returns the current record, or `None` if it is too long.
    pub fn record(&self) -> Option<&[u8]> {
        if self.is_too_long {
            None
        } else if self.topic.is_empty() {
            Some(self.lines.line())
        } else {
            Some(&self.topic)
        }
    }

    /// Returns the line on which the current record begins, from 1.
    pub fn line(&self) -> u64 {
        self.line
    }

    /// Returns the format of all records.
    pub fn format(&self) -> InputFormat {
        self.format
    }

    /// Returns how many lines were read, and how many decompressed bytes.
    pub fn position(&self) -> (u64, u64) {
        (self.lines.number(), self.lines.offset())
    }

    /// Skips lines up to a place further on in this source.
    pub fn skip_to(&mut self, place: Position) -> Result<(), CorpusError> {
        let skipped = self.lines.skip_to(place.lines, place.offset);
        skipped.map_err(|error| CorpusError::Read {
            source_name: Arc::clone(&self.name),
            line: place.lines,
            error,
        })
    }

    /// Adds the place and the beginning of the current record to a problem.
    pub fn error(&self, problem: RecordProblem) -> RecordError {
        let place = Place {
            source: Arc::clone(&self.name),
            line: self.line,
        };
        problem.at(place, Excerpt::of(self.record().unwrap_or_default()))
    }
}

fn tell_format(head: &[u8], source: &Source, is_gzip: bool) -> Result<InputFormat, CorpusError> {
    let told = InputFormat::from_content(head, &source.name);
    let Err(CorpusError::UnknownFormat { .. }) = &told else {
        return told;
    };
    if source.name.to_ascii_lowercase().ends_with(".gz") && !is_gzip {
        return Err(CorpusError::NotGzip {
            source_name: Arc::clone(&source.name),
        });
    }
    // A first line that is broken is better reported as what its file's name says it is.
    InputFormat::from_name(&source.name).map_or(told, Ok)
}

/// Returns true for a line that has `</top>` in it.
fn closes_topic(line: &[u8]) -> bool {
    const CLOSE: &[u8] = b"</top>";
    memchr::memchr_iter(b'<', line).any(|at| {
        line[at..]
            .get(..CLOSE.len())
            .is_some_and(|tag| tag.eq_ignore_ascii_case(CLOSE))
    })
}

/// Returns what comes up to the end of the first line that is not blank, at most 64 KiB. A pipe may hand it over in
/// pieces.
fn first_line(stream: &mut impl BufRead) -> io::Result<Vec<u8>> {
    let mut head = Vec::new();
    let mut stream = stream.take(1 << 16);
    while stream.read_until(b'\n', &mut head)? > 0
        && without_byte_order_mark(&head).trim_ascii().is_empty()
    {}
    Ok(head)
}
