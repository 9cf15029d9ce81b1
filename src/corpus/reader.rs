//! The stream of documents behind one or many files.

use std::collections::HashSet;
use std::path::PathBuf;
use std::sync::Arc;

use super::docids::DocidSet;
use super::document::Document;
use super::error::CorpusError;
use super::fields::{FieldCount, FieldCounter, Fields};
use super::format::InputFormat;
use super::inputs::Inputs;
use super::kind::CorpusKind;
use super::lines::{LineReader, MAX_LINE_MIB};
use super::open::open_range;
use super::position::Position;
use super::progress::ReadProgress;
use super::qrels::JudgedTopics;
use super::record::{self, Parsed};
use super::record_error::{RecordError, RecordProblem};
use super::schema::Schema;
use super::source_reader::SourceReader;

/// What to read and how.
#[derive(Debug, Clone, Default)]
pub struct CorpusOptions {
    /// Files, folders, archives, or `-`.
    pub paths: Vec<PathBuf>,
    /// Documents or topics.
    pub kind: CorpusKind,
    /// The format of every file; `None` tells it from content and name.
    pub format: Option<InputFormat>,
    /// The fields that make the text.
    pub fields: Fields,
    /// The key that holds the docid or qid; `None` for the first there is of the usual ones.
    pub id_field: Option<String>,
    /// Reads only the records with these identifiers; `None` reads all.
    pub only: Option<Arc<JudgedTopics>>,
}

/// What the reader yields for a record: the document, or why there is none.
pub type Record = Result<Document, RecordError>;

/// Reads the documents of all sources in order.
///
/// [`CorpusReader::next_record`] keeps two kinds of failure apart: an outer [`CorpusError`] ends the
/// reading, an inner [`RecordError`] concerns one record, and the next call goes on after it.
pub struct CorpusReader {
    options: CorpusOptions,
    inputs: Inputs,
    schema: Schema,
    /// Number of sources that were opened.
    opened: usize,
    current: Option<SourceReader>,
    /// Reads only a range of the current source.
    is_range: bool,
    duplicates: Duplicates,
    fields: FieldCounter,
    progress: ReadProgress,
}

/// How a docid that was read before is told.
enum Duplicates {
    /// By all docids up to here.
    Seen(DocidSet),
    /// By a plan, which names the source and the line of each.
    Known(HashSet<(usize, u64)>),
}

impl CorpusReader {
    /// Finds the files, which are then opened one at a time, while reading.
    ///
    /// # Errors
    /// Returns [`CorpusError`] where a path cannot be resolved to files.
    pub fn open(options: CorpusOptions) -> Result<Self, CorpusError> {
        let inputs = Inputs::find(&options.paths, options.kind)?;
        let progress = ReadProgress::new(&inputs.sources);
        Ok(Self {
            schema: Schema::new(options.kind, options.id_field.as_deref(), &options.fields),
            options,
            inputs,
            opened: 0,
            current: None,
            is_range: false,
            duplicates: Duplicates::Seen(DocidSet::default()),
            fields: FieldCounter::default(),
            progress,
        })
    }

    /// Returns a handle on how far the reading has come.
    #[must_use]
    pub fn progress(&self) -> ReadProgress {
        self.progress.clone()
    }

    /// Returns the files that are read, and those beside them that are not.
    #[must_use]
    pub fn inputs(&self) -> &Inputs {
        &self.inputs
    }

    /// Returns what is read and how.
    #[must_use]
    pub fn options(&self) -> &CorpusOptions {
        &self.options
    }

    /// Returns in how many of the JSON records read so far each field was.
    #[must_use]
    pub fn field_counts(&self) -> Vec<FieldCount> {
        self.fields.counts(&self.options.fields)
    }

    /// Reports a field that none of the records read so far has.
    ///
    /// # Errors
    /// Returns [`CorpusError::FieldNotFound`]. Of the default fields only the text of documents must be there.
    pub fn check_fields(&self) -> Result<(), CorpusError> {
        self.fields.check(&self.options.fields, self.options.kind)
    }

    /// Returns the next record, or `None` at the end. Blank lines are no records.
    ///
    /// # Errors
    /// Returns [`CorpusError`] where a file cannot be read any further.
    pub fn next_record(&mut self) -> Result<Option<Record>, CorpusError> {
        loop {
            let Some(current) = &mut self.current else {
                if !self.open_next()? {
                    return Ok(None);
                }
                continue;
            };
            if !current.advance()? {
                self.current = None;
                continue;
            }
            let document = match parse(current, &self.schema) {
                Err(problem) => return Ok(Some(Err(current.error(problem)))),
                Ok((document, None)) => document,
                Ok((document, Some(found))) => {
                    let record = current.record().unwrap_or_default();
                    self.fields.add(&self.options.fields, found, record);
                    document
                }
            };
            if let Some(only) = &self.options.only
                && !only.contains(&document.docid)
            {
                continue;
            }
            let is_new = match &mut self.duplicates {
                Duplicates::Seen(docids) => docids.insert(&document.docid),
                Duplicates::Known(places) => !places.contains(&(self.opened - 1, current.line())),
            };
            if is_new {
                return Ok(Some(Ok(document)));
            }
            let problem = RecordProblem::DuplicateId {
                id: self.schema.id,
                value: document.docid,
            };
            return Ok(Some(Err(current.error(problem))));
        }
    }

    /// Opens the next source; returns false if there is none.
    fn open_next(&mut self) -> Result<bool, CorpusError> {
        let Some(source) = self.inputs.sources.get(self.opened) else {
            return Ok(false);
        };
        let format = self.options.format;
        self.current = Some(SourceReader::open(source, format, self.progress.bytes())?);
        self.is_range = false;
        self.opened += 1;
        Ok(true)
    }

    /// Tells duplicate docids by their places, which a plan knows, and no longer by what was read.
    pub(super) fn set_duplicates(&mut self, places: HashSet<(usize, u64)>) {
        self.duplicates = Duplicates::Known(places);
    }

    /// Goes to the place where a record begins, and reads a plain file no further than `end`.
    ///
    /// A compressed source is read from its own beginning, or from where it was left, if that comes before.
    pub(super) fn seek(
        &mut self,
        begin: Position,
        end: Option<Position>,
        format: InputFormat,
    ) -> Result<(), CorpusError> {
        let Some(source) = self.inputs.sources.get(begin.source) else {
            return Err(CorpusError::PlanDiffers {
                what: "the number of files",
            });
        };
        let bytes_read = self.progress.bytes();
        let end = end.filter(|end| end.source == begin.source);
        let end = end.map(|end| end.offset);
        let is_ahead = |current: &&mut SourceReader| current.position().1 <= begin.offset;
        let is_current = self.opened == begin.source + 1 && !self.is_range;
        self.opened = begin.source + 1;
        if let Some(current) = self.current.as_mut().filter(is_ahead)
            && is_current
        {
            return current.skip_to(begin);
        }
        let range = open_range(source, begin.offset, end, bytes_read)?;
        self.is_range = range.is_some();
        let mut reader = match range {
            Some(stream) => {
                let lines = LineReader::starting_at(stream, begin.lines, begin.offset);
                SourceReader::new(source, format, lines)
            }
            None => SourceReader::open(source, Some(format), bytes_read)?,
        };
        if !self.is_range {
            reader.skip_to(begin)?;
        }
        self.current = Some(reader);
        Ok(())
    }
}

/// Parses the current record of a source.
pub(super) fn parse(source: &SourceReader, schema: &Schema) -> Result<Parsed, RecordProblem> {
    let record = source
        .record()
        .ok_or(RecordProblem::LineTooLong(MAX_LINE_MIB))?;
    record::parse(record, source.format(), schema)
}
