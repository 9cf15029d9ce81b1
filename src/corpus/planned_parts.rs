//! Which parts of a plan are read next.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::digest_chain::DigestChain;
use super::error::CorpusError;
use super::plan::{Plan, PlannedPart};
use super::progress::ReadProgress;
use super::reader::CorpusReader;
use super::selection::PartSelection;

/// What is read next.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Next {
    /// A part, from its first record.
    Part(usize),
    /// What is behind the last part, which was read just now: only records that cannot be used may be there.
    Rest,
    /// Nothing.
    End,
}

/// A part that is wanted and complete, and in which no record was rejected: it need not be read again.
pub(super) struct SkippedPart {
    pub index: usize,
    pub digest_before: Option<String>,
    pub documents: u64,
}

/// Goes through the parts of a plan that are wanted.
pub(super) struct PlannedParts {
    plan: Arc<Plan>,
    selection: PartSelection,
    skipped: Vec<SkippedPart>,
    /// The part that was read last.
    last_read: Option<usize>,
    /// Counts documents, of which a plan knows the number.
    progress: ReadProgress,
}

impl PlannedParts {
    /// Begins before the first part.
    pub fn new(plan: Arc<Plan>, selection: PartSelection) -> Self {
        let parts = plan.parts.iter().enumerate();
        let wanted = parts.filter(|(index, _)| selection.contains(*index));
        let documents = wanted.map(|(_, part)| part.documents).sum();
        Self {
            plan,
            selection,
            skipped: Vec::new(),
            last_read: None,
            progress: ReadProgress::of(documents),
        }
    }

    /// Returns a handle on how far the reading has come.
    pub fn progress(&self) -> ReadProgress {
        self.progress.clone()
    }

    /// Finds what is to be read from part `from` on; parts that are complete are skipped.
    pub fn next(
        &mut self,
        from: usize,
        completed: &BTreeMap<usize, String>,
    ) -> Result<Next, CorpusError> {
        let parts = self.plan.parts.len();
        for index in (from..parts).filter(|&index| self.selection.contains(index)) {
            let part = &self.plan.parts[index];
            match completed.get(&index) {
                Some(digest) if *digest != part.input_sha256 => {
                    return Err(CorpusError::OtherInput { part: index });
                }
                Some(_) if part.rejected == 0 => {
                    self.progress.add(part.documents);
                    self.skipped.push(SkippedPart {
                        index,
                        digest_before: self.plan.digest_before(index).map(str::to_owned),
                        documents: part.documents,
                    });
                }
                _ => {
                    self.last_read = Some(index);
                    return Ok(Next::Part(index));
                }
            }
        }
        let is_behind_last = self.last_read.is_some_and(|last| last + 1 == parts);
        Ok(if is_behind_last && from == parts {
            Next::Rest
        } else {
            Next::End
        })
    }

    /// Returns the parts that were skipped since the last call.
    pub fn take_skipped(&mut self) -> Vec<SkippedPart> {
        std::mem::take(&mut self.skipped)
    }

    /// Goes to the first record of a part.
    pub fn seek(&self, reader: &mut CorpusReader, index: usize) -> Result<(), CorpusError> {
        let part = self.part(index)?;
        let end = self.plan.parts.get(index + 1).map(PlannedPart::begin);
        let input = self.plan.inputs.get(part.input);
        let input = input.ok_or(CorpusError::PlanDiffers {
            what: "the number of files",
        })?;
        reader.seek(part.begin(), end, input.format)
    }

    /// Returns the digest before a part.
    pub fn digest_before(&self, index: usize) -> Result<DigestChain, CorpusError> {
        let Some(digest) = self.plan.digest_before(index) else {
            return Ok(DigestChain::default());
        };
        DigestChain::after(digest).ok_or(CorpusError::PlanDiffers { what: "a digest" })
    }

    /// Returns the number of records before a part.
    pub fn records_before(&self, index: usize) -> Result<u64, CorpusError> {
        self.part(index).map(|part| part.records)
    }

    /// Compares a part that was read with the plan.
    pub fn check(&self, index: usize, documents: usize, digest: &str) -> Result<(), CorpusError> {
        if self.part(index)?.input_sha256 != digest {
            return Err(CorpusError::PlanDiffers { what: "a document" });
        }
        self.progress.add(documents as u64);
        Ok(())
    }

    /// Returns the number of documents of the whole corpus.
    pub fn documents(&self) -> u64 {
        self.plan.documents
    }

    /// Returns the number of parts and the last digest, if a reading without a plan would have come to the end.
    pub fn end(&self) -> Option<(usize, String)> {
        let last = self.plan.parts.last()?;
        let parts = self.plan.parts.len();
        let is_reached = !self.selection.is_past(parts - 1);
        is_reached.then(|| (parts, last.input_sha256.clone()))
    }

    fn part(&self, index: usize) -> Result<&PlannedPart, CorpusError> {
        self.plan.parts.get(index).ok_or(CorpusError::PlanDiffers {
            what: "the number of documents",
        })
    }
}
