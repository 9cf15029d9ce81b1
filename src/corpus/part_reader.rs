//! The corpus cut into parts, in input order.
//!
//! Where a part ends depends on the input and the part size alone: neither on which parts are wanted
//! nor on which were completed before. Each part has a digest of all documents from the first of the
//! corpus to its own last, so that one comparison proves that two runs read the same up to there.
//!
//! A rejected record belongs to the part that is being filled; after the last document, to the last
//! part. So the shards of a corpus account for each record exactly once.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::digest_chain::DigestChain;
use super::document::Document;
use super::error::CorpusError;
use super::open_part::OpenPart;
use super::part_options::{OnError, PartOptions};
use super::plan::Plan;
use super::planned_parts::{Next, PlannedParts};
use super::progress::ReadProgress;
use super::read_summary::ReadSummary;
use super::reader::CorpusReader;
use super::record_error::RecordError;
use super::rejected::{Mark, RejectedFile};
use crate::stop::Stop;

/// A part that was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TextPart {
    /// Its number, from 0, in input order.
    pub index: usize,
    /// Its documents in input order.
    pub documents: Vec<Document>,
    /// SHA-256 over all documents up to its last, in hexadecimal.
    pub input_sha256: String,
}

/// Reads the parts that are wanted and not completed yet.
pub struct PartReader {
    reader: CorpusReader,
    options: PartOptions,
    stop: Stop,
    completed: BTreeMap<usize, String>,
    planned: Option<PlannedParts>,
    rejected: Option<RejectedFile>,
    digest: DigestChain,
    records: u64,
    next: usize,
    ended: bool,
    summary: ReadSummary,
}

impl PartReader {
    /// Reads from `reader`.
    #[must_use]
    pub fn new(reader: CorpusReader, options: PartOptions, stop: Stop) -> Self {
        Self {
            reader,
            options,
            stop,
            completed: BTreeMap::new(),
            planned: None,
            rejected: None,
            digest: DigestChain::default(),
            records: 0,
            next: 0,
            ended: false,
            summary: ReadSummary::default(),
        }
    }

    /// Takes the digests of parts that an earlier run completed: they are read and compared, not returned.
    #[must_use]
    pub fn with_completed(mut self, completed: BTreeMap<usize, String>) -> Self {
        self.completed = completed;
        self
    }

    /// Goes to the parts that are wanted as the plan says, without reading the others.
    ///
    /// # Errors
    /// Returns [`CorpusError::PlanDiffers`] if the plan is of another input or of other settings.
    pub fn with_plan(mut self, plan: Arc<Plan>) -> Result<Self, CorpusError> {
        let sources = &self.reader.inputs().sources;
        plan.compare(self.reader.options(), self.options.part_size, sources)?;
        self.reader.set_duplicates(plan.duplicate_places());
        self.planned = Some(PlannedParts::new(plan, self.options.selection));
        Ok(self)
    }

    /// Writes rejected records to a file.
    #[must_use]
    pub fn with_rejected(mut self, file: RejectedFile) -> Self {
        self.rejected = Some(file);
        self
    }

    /// Returns the next part to be encoded, or `None` at the end.
    ///
    /// # Errors
    /// Returns [`CorpusError`] at a file that cannot be read, at a record that ends the reading, and where a part
    /// that was completed before had other documents.
    pub fn next_part(&mut self) -> Result<Option<TextPart>, CorpusError> {
        while !self.ended {
            self.go_to_planned()?;
            let index = self.next;
            if self.ended {
                break;
            }
            if let Some(documents) = self.read_part(index)? {
                return Ok(Some(TextPart {
                    index,
                    documents,
                    input_sha256: self.digest.hex(),
                }));
            }
        }
        if let Some(&last) = self.completed.keys().next_back() {
            return Err(CorpusError::OtherInput { part: last });
        }
        Ok(None)
    }

    /// Returns a handle on how far the reading has come.
    #[must_use]
    pub fn progress(&self) -> ReadProgress {
        match &self.planned {
            Some(planned) => planned.progress(),
            None => self.reader.progress(),
        }
    }

    /// Returns what ends the reading early.
    #[must_use]
    pub fn stop(&self) -> &Stop {
        &self.stop
    }

    /// Returns what was read, and the file of rejected records.
    #[must_use]
    pub fn finish(mut self) -> (ReadSummary, Option<RejectedFile>) {
        self.summary.fields = self.reader.field_counts();
        if let Some(planned) = &self.planned {
            self.summary.documents = planned.documents();
        }
        (self.summary, self.rejected)
    }

    /// Goes to the next part that the plan says is to be read, if there is a plan.
    fn go_to_planned(&mut self) -> Result<(), CorpusError> {
        let Some(planned) = &mut self.planned else {
            return Ok(());
        };
        match planned.next(self.next, &self.completed)? {
            Next::Part(part) => {
                planned.seek(&mut self.reader, part)?;
                self.digest = planned.digest_before(part)?;
                self.records = planned.records_before(part)?;
                self.next = part;
            }
            Next::Rest => {}
            Next::End => {
                self.ended = true;
                self.summary.end = planned.end();
            }
        }
        for skipped in planned.take_skipped() {
            self.completed.remove(&skipped.index);
            self.account(skipped.digest_before, skipped.documents, 0);
        }
        Ok(())
    }

    /// Reads to the end of a part; returns its documents if it is to be encoded.
    fn read_part(&mut self, index: usize) -> Result<Option<Vec<Document>>, CorpusError> {
        let mut part = self.begin_part(index);
        while !part.is_full(self.options.part_size) {
            self.stop.check()?;
            let Some(record) = self.reader.next_record()? else {
                self.ended = true;
                break;
            };
            self.records += 1;
            let document = match record {
                Ok(document) => document,
                Err(error) => {
                    self.reject(&mut part, error)?;
                    continue;
                }
            };
            if part.count == 0 && !part.wanted {
                // The records before it are this part's, and so another run's.
                part.rejected = 0;
                self.rewind_rejected(part.rejected_before)?;
                if self.options.selection.is_past(index) {
                    self.ended = true;
                    return Ok(None);
                }
            }
            self.digest.add(&document);
            part.add(document);
        }
        if part.count == 0 {
            self.end_input(part)?;
            return Ok(None);
        }
        self.end_part(part)
    }

    fn begin_part(&self, index: usize) -> OpenPart {
        let wanted = self.options.selection.contains(index);
        OpenPart {
            index,
            wanted,
            keeps_documents: wanted && !self.completed.contains_key(&index),
            digest_before: self.digest.hex(),
            rejected_before: self.rejected.as_ref().map(RejectedFile::mark),
            documents: Vec::new(),
            count: 0,
            bytes: 0,
            rejected: 0,
            last_error: None,
        }
    }

    /// Records a bad record, or ends the reading.
    fn reject(&mut self, part: &mut OpenPart, error: RecordError) -> Result<(), CorpusError> {
        if self.options.on_error == OnError::Stop {
            return Err(CorpusError::Record(Box::new(error)));
        }
        // Records before a part's first document are the last part's if there is no such document.
        let last_wanted = part
            .index
            .checked_sub(1)
            .is_some_and(|last| self.options.selection.contains(last));
        if part.wanted || (part.count == 0 && last_wanted) {
            part.rejected += 1;
            if let Some(file) = &mut self.rejected {
                file.add(self.records, &error)
                    .map_err(CorpusError::RejectedFile)?;
            }
        }
        if part.wanted && self.exceeds_limit(part.rejected) {
            return Err(self.too_many(error));
        }
        part.last_error = Some(error);
        Ok(())
    }

    /// Accounts for a part that has documents.
    fn end_part(&mut self, part: OpenPart) -> Result<Option<Vec<Document>>, CorpusError> {
        self.digest.end_part();
        self.next += 1;
        self.summary.documents += part.count as u64;
        match &self.planned {
            Some(planned) => planned.check(part.index, part.count, &self.digest.hex())?,
            None if part.index == 0 => self.reader.check_fields()?,
            None => {}
        }
        if self.ended {
            self.summary.end = Some((self.next, self.digest.hex()));
        }
        if part.wanted {
            let before = (part.index > 0).then_some(part.digest_before);
            self.account(before, part.count as u64, part.rejected);
        }
        if let Some(completed) = self.completed.remove(&part.index)
            && completed != self.digest.hex()
        {
            return Err(CorpusError::OtherInput { part: part.index });
        }
        Ok(part.keeps_documents.then_some(part.documents))
    }

    /// Counts the records of a part that is wanted.
    fn account(&mut self, before: Option<String>, documents: u64, rejected: u64) {
        if self.summary.read == 0 {
            self.summary.before = before;
        }
        self.summary.read += documents + rejected;
        self.summary.rejected += rejected;
    }

    /// Accounts for the rejected records after the last document.
    fn end_input(&mut self, rest: OpenPart) -> Result<(), CorpusError> {
        let parts = rest.index;
        if parts == 0 && self.options.on_error == OnError::Stop {
            return Err(CorpusError::NoDocuments {
                wanted: self.reader.options().kind.plural(),
                read: self.records,
            });
        }
        self.summary.end = Some((parts, self.digest.hex()));
        if !self.options.selection.contains(parts.saturating_sub(1)) {
            return self.rewind_rejected(rest.rejected_before);
        }
        self.summary.read += rest.rejected;
        self.summary.rejected += rest.rejected;
        match rest.last_error {
            Some(last) if self.exceeds_limit(0) => Err(self.too_many(last)),
            _ => Ok(()),
        }
    }

    fn limit(&self) -> u64 {
        match self.options.on_error {
            OnError::Skip {
                max_errors: Some(limit),
            } => limit,
            _ => u64::MAX,
        }
    }

    fn exceeds_limit(&self, more: u64) -> bool {
        self.summary.rejected + more > self.limit()
    }

    fn too_many(&self, last: RecordError) -> CorpusError {
        CorpusError::TooManyErrors {
            limit: self.limit(),
            last: Box::new(last),
        }
    }

    fn rewind_rejected(&mut self, mark: Option<Mark>) -> Result<(), CorpusError> {
        match (&mut self.rejected, mark) {
            (Some(file), Some(mark)) => file.rewind(mark).map_err(CorpusError::RejectedFile),
            _ => Ok(()),
        }
    }
}
