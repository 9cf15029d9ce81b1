//! Makes a [`Plan`]: reads a corpus once, with many threads.

use super::digest_chain::DigestChain;
use super::docids::DocidSet;
use super::error::CorpusError;
use super::fields::{FieldCount, FieldCounter};
use super::format::InputFormat;
use super::inputs::Inputs;
use super::open_part::MAX_PART_BYTES;
use super::part_options::OnError;
use super::plan::{Plan, PlannedDuplicate, PlannedInput, PlannedPart};
use super::position::Position;
use super::progress::ReadProgress;
use super::reader::CorpusOptions;
use super::record_blocks::{self, BlockRecord, BlockRecords, Step};
use super::record_error::{Excerpt, Place, RecordError, RecordProblem};
use super::source::Source;
use crate::stop::Stop;

/// How a plan is made.
#[derive(Debug, Clone, Default)]
pub struct PlanOptions {
    /// The corpus.
    pub corpus: CorpusOptions,
    /// Maximum number of documents per part.
    pub part_size: usize,
    /// What happens to records that cannot be used.
    pub on_error: OnError,
    /// Threads that parse, beside one that reads and one that hashes.
    pub threads: usize,
}

/// Reads a corpus and finds where its parts begin.
pub struct Planner {
    options: PlanOptions,
    inputs: Inputs,
    progress: ReadProgress,
}

impl Planner {
    /// Finds the files.
    ///
    /// # Errors
    /// Returns [`CorpusError`] where a path cannot be resolved to files, and for a pipe, which no later run could read.
    pub fn open(options: PlanOptions) -> Result<Self, CorpusError> {
        let inputs = Inputs::find(&options.corpus.paths, options.corpus.kind)?;
        if let Some(pipe) = inputs.sources.iter().find(|source| source.is_pipe()) {
            return Err(CorpusError::NotPlannable {
                source_name: pipe.name.clone(),
                found: "a pipe",
            });
        }
        Ok(Self {
            progress: ReadProgress::new(&inputs.sources),
            options,
            inputs,
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

    /// Reads the corpus; returns the plan, and in how many records each field was.
    ///
    /// # Errors
    /// Returns [`CorpusError`] at a file that cannot be read and at a record that ends the reading.
    pub fn run(self, stop: &Stop) -> Result<(Plan, Vec<FieldCount>), CorpusError> {
        let corpus = &self.options.corpus;
        let mut cutter = Cutter::new(&self.options, &self.inputs.sources);
        let bytes_read = self.progress.bytes();
        let sources = &self.inputs.sources;
        record_blocks::for_each(sources, corpus, self.options.threads, bytes_read, |step| {
            stop.check()?;
            match step {
                Step::Source(format, first) => cutter.begin_source(format, first),
                Step::Records(records) => cutter.add_all(records),
            }
        })?;
        cutter.finish()
    }
}

/// Cuts records into parts, as `PartReader` does.
struct Cutter<'a> {
    options: &'a PlanOptions,
    sources: &'a [Source],
    plan: Plan,
    docids: DocidSet,
    digest: DigestChain,
    fields: FieldCounter,
    first_record: Vec<u8>,
    /// Records that were read.
    records: u64,
    /// Where the part that is being filled begins.
    begin: Position,
    begin_records: u64,
    documents: u64,
    rejected: u64,
    bytes: usize,
}

impl<'a> Cutter<'a> {
    fn new(options: &'a PlanOptions, sources: &'a [Source]) -> Self {
        Self {
            plan: Plan::begin(&options.corpus, options.part_size),
            options,
            sources,
            docids: DocidSet::default(),
            digest: DigestChain::default(),
            fields: FieldCounter::default(),
            first_record: Vec::new(),
            records: 0,
            begin: Position::default(),
            begin_records: 0,
            documents: 0,
            rejected: 0,
            bytes: 0,
        }
    }

    fn begin_source(&mut self, format: InputFormat, first: Vec<u8>) -> Result<(), CorpusError> {
        let source = &self.sources[self.plan.inputs.len()];
        if format == InputFormat::Trec {
            return Err(CorpusError::NotPlannable {
                source_name: source.name.clone(),
                found: "a file of TREC topics",
            });
        }
        self.plan.inputs.push(PlannedInput {
            name: source.name.to_string(),
            bytes: source.size(),
            format,
        });
        self.first_record = first;
        Ok(())
    }

    fn add_all(&mut self, block: BlockRecords) -> Result<(), CorpusError> {
        let hashed = block.hashed;
        let mut records = block.records.into_iter();
        records.try_for_each(|record| self.add(record, &hashed))
    }

    fn add(&mut self, record: BlockRecord, hashed: &[u8]) -> Result<(), CorpusError> {
        let document = match record.record {
            Err(error) => {
                self.records += 1;
                return self.reject(error);
            }
            Ok(document) => document,
        };
        let corpus = &self.options.corpus;
        if let Some(found) = document.fields {
            self.fields.add(&corpus.fields, found, &self.first_record);
        }
        let docid = || String::from_utf8_lossy(&hashed[document.docid.clone()]);
        if corpus
            .only
            .as_ref()
            .is_some_and(|only| !only.contains(&docid()))
        {
            return Ok(());
        }
        self.records += 1;
        if !self.docids.insert_key(document.key) {
            let (input, line) = record.place;
            self.plan.duplicates.push(PlannedDuplicate { input, line });
            let duplicate = self.duplicate(docid().into_owned(), input, line);
            return self.reject(Box::new(duplicate));
        }
        self.digest.add_written(&hashed[document.hashed]);
        self.documents += 1;
        self.bytes += document.text_bytes;
        if self.documents >= self.options.part_size as u64 || self.bytes >= MAX_PART_BYTES {
            self.end_part(record.end)?;
        }
        Ok(())
    }

    fn duplicate(&self, docid: String, input: usize, line: u64) -> RecordError {
        let problem = RecordProblem::DuplicateId {
            id: self.options.corpus.kind.id(),
            value: docid,
        };
        let source = self.sources[input].name.clone();
        problem.at(Place { source, line }, Excerpt::default())
    }

    fn reject(&mut self, error: Box<RecordError>) -> Result<(), CorpusError> {
        self.rejected += 1;
        self.plan.rejected += 1;
        match self.options.on_error {
            OnError::Stop => Err(CorpusError::Record(error)),
            OnError::Skip {
                max_errors: Some(limit),
            } if self.plan.rejected > limit => {
                Err(CorpusError::TooManyErrors { limit, last: error })
            }
            OnError::Skip { .. } => Ok(()),
        }
    }

    /// Ends the part that is being filled; the next begins at `end`.
    fn end_part(&mut self, end: Position) -> Result<(), CorpusError> {
        self.digest.end_part();
        let begin = std::mem::replace(&mut self.begin, end);
        self.plan.parts.push(PlannedPart {
            input: begin.source,
            offset: begin.offset,
            lines: begin.lines,
            records: std::mem::replace(&mut self.begin_records, self.records),
            documents: std::mem::take(&mut self.documents),
            rejected: std::mem::take(&mut self.rejected),
            input_sha256: self.digest.hex(),
        });
        self.bytes = 0;
        if self.plan.parts.len() == 1 {
            let corpus = &self.options.corpus;
            self.fields.check(&corpus.fields, corpus.kind)?;
        }
        Ok(())
    }

    fn finish(mut self) -> Result<(Plan, Vec<FieldCount>), CorpusError> {
        if self.documents > 0 {
            self.end_part(Position::default())?;
        }
        let Some(last) = self.plan.parts.last_mut() else {
            return Err(CorpusError::NoDocuments {
                wanted: self.options.corpus.kind.plural(),
                read: self.records,
            });
        };
        last.rejected += self.rejected;
        self.plan.documents = self.plan.parts.iter().map(|part| part.documents).sum();
        let fields = self.fields.counts(&self.options.corpus.fields);
        Ok((self.plan, fields))
    }
}
