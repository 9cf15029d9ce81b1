//! Writes the parts of a run to all its outputs, and knows which of them are whole.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use fs_err as fs;
use rayon::prelude::*;

use super::spool::Spool;
use crate::collection::REJECTED;
use crate::corpus::RejectedFile;
use crate::digest::sha256_of;
use crate::durable::fault;
use crate::error::{Error, Result};
use crate::lucene::TermDictionary;
use crate::output::{
    EncodedRecord, Output, OutputState, OutputSummary, PartWriter, RunContext, ShardPart, Terms,
};
use crate::run::{
    BatchLogs, Counts, Damaged, FinishedRun, Journal, PartKind, PartRecord, RunError, RunIdentity,
};

/// The outputs of a run, its journal, and the parts that are whole. Parts can be written from several threads, in any
/// order.
pub(super) struct RunWriter {
    outputs: Vec<Slot>,
    journal: Journal,
    spool: Spool,
    batches: BatchLogs,
    weights: Mutex<BTreeMap<usize, PartRecord>>,
    parts: Mutex<BTreeMap<usize, PartRecord>>,
}

/// What is left for a later run after a failure.
pub(super) struct Kept {
    /// Whole parts.
    pub(super) parts: usize,
    /// Whether there are batches of other parts.
    pub(super) batches: bool,
}

/// An output of the run.
struct Slot {
    output: Box<dyn Output>,
    /// Whether nothing was there before, so that a failure may leave nothing.
    fresh: bool,
    /// Whether an earlier run has committed it, so that its parts are not written again.
    committed: bool,
}

impl Slot {
    /// Takes the output's place, and opens the journal there if it is the first of its run.
    fn take(&mut self, context: &RunContext<'_>, journal: &mut Option<Journal>) -> Result<()> {
        let committing = journal.as_ref().is_some_and(Journal::is_committing);
        self.committed = committing && self.output.state()? == OutputState::Finished;
        if !self.committed {
            self.output.begin(context)?;
        }
        if journal.is_none() {
            let folder = self.output.journal_folder();
            *journal = Some(Journal::open(folder, self.output.path())?);
        }
        Ok(())
    }
}

fn is_locked(error: &Error) -> bool {
    let error = error.downcast_ref::<RunError>();
    matches!(error, Some(RunError::Locked { .. }))
}

impl RunWriter {
    /// Takes the places of the outputs, none of them if one cannot be taken; the first lends its folder to the journal.
    pub(super) fn begin(
        outputs: Vec<Box<dyn Output>>,
        identity: &RunIdentity,
        vocabulary: Option<&[String]>,
        on_damage: &mut dyn FnMut(Damaged),
    ) -> Result<Self> {
        let digest = identity.digest()?;
        let context = RunContext {
            digest: &digest,
            vocabulary,
        };
        let mut begun: Vec<Slot> = Vec::new();
        let mut journal = None;
        for output in outputs {
            let mut slot = Slot {
                fresh: output.state()? == OutputState::Absent,
                committed: false,
                output,
            };
            if let Err(error) = slot.take(&context, &mut journal) {
                // Whoever has locked the journal is writing: nothing of that may be removed.
                if !is_locked(&error) {
                    begun.push(slot);
                    discard(begun.iter().filter(|slot| slot.fresh));
                }
                return Err(error);
            }
            begun.push(slot);
        }
        let journal =
            journal.ok_or_else(|| Error::setting("a run needs an output: there is none"))?;
        let spool = Spool::new(journal.folder(), vocabulary.unwrap_or_default())?;
        let writer = Self {
            outputs: begun,
            batches: BatchLogs::new(journal.folder()),
            journal,
            spool,
            weights: Mutex::default(),
            parts: Mutex::default(),
        };
        if let Err(error) = writer.recall(identity, on_damage) {
            discard(writer.outputs.iter().filter(|slot| slot.fresh));
            return Err(error);
        }
        Ok(writer)
    }

    /// Records what the run is, and finds the parts that are whole in every output.
    fn recall(&self, identity: &RunIdentity, on_damage: &mut dyn FnMut(Damaged)) -> Result<()> {
        self.journal.begin(identity)?;
        self.journal.clean()?;
        *self.lock(PartKind::Weights) = self.recall_kind(PartKind::Weights, on_damage)?;
        let parts = self.recall_kind(PartKind::Final, on_damage)?;
        for slot in self.open_slots() {
            slot.output.prepare(&parts)?;
        }
        *self.lock(PartKind::Final) = parts;
        Ok(())
    }

    fn recall_kind(
        &self,
        kind: PartKind,
        on_damage: &mut dyn FnMut(Damaged),
    ) -> Result<BTreeMap<usize, PartRecord>> {
        let records = self.journal.records(kind, on_damage)?;
        let checked: Vec<_> = records
            .into_par_iter()
            .map(|(number, record)| (number, self.check(kind, number, &record), record))
            .collect();
        let mut parts = BTreeMap::new();
        for (number, whole, record) in checked {
            match whole {
                Ok(true) => {
                    parts.insert(number, record);
                    continue;
                }
                Ok(false) => {}
                Err(damaged) => on_damage(damaged),
            }
            self.journal.forget(kind, number)?;
        }
        Ok(parts)
    }

    fn check(
        &self,
        kind: PartKind,
        number: usize,
        record: &PartRecord,
    ) -> std::result::Result<bool, Damaged> {
        if kind == PartKind::Weights {
            return self.spool.holds(record);
        }
        for slot in self.open_slots() {
            let files = record.files_of(slot.output.format());
            if !slot.output.holds(number, files)? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn open_slots(&self) -> impl Iterator<Item = &Slot> {
        self.outputs.iter().filter(|slot| !slot.committed)
    }

    /// Returns the parts that need not be encoded.
    pub(super) fn completed(&self) -> BTreeMap<usize, PartRecord> {
        let mut completed = self.lock(PartKind::Weights).clone();
        completed.extend(self.lock(PartKind::Final).clone());
        completed
    }

    /// Returns the whole parts of a kind, by their numbers.
    pub(super) fn parts(&self, kind: PartKind) -> BTreeMap<usize, PartRecord> {
        self.lock(kind).clone()
    }

    /// Returns what keeps the encoded batches of parts that are not whole.
    pub(super) fn batches(&self) -> &BatchLogs {
        &self.batches
    }

    /// Returns what keeps weights until the largest one of the corpus is known.
    pub(super) fn spool(&self) -> &Spool {
        &self.spool
    }

    /// Writes the part of this number: `write` adds its records and returns its counts, and what the ids
    /// of its terms stand for.
    pub(super) fn write_part<'t>(
        &self,
        kind: PartKind,
        number: usize,
        input_sha256: &str,
        write: impl FnOnce(&mut PartWriters<'_>) -> anyhow::Result<(Counts, PartTerms<'t>)>,
    ) -> anyhow::Result<()> {
        let mut writers = PartWriters(Vec::new());
        match kind {
            PartKind::Weights => {
                let format = self.spool.format();
                writers.0.push((format, self.spool.part(number)?));
            }
            PartKind::Final => {
                for slot in self.open_slots() {
                    let format = slot.output.format();
                    writers.0.push((format, slot.output.part(number)?));
                }
            }
        }
        let (counts, terms) = write(&mut writers)?;
        let mut record = PartRecord {
            input_sha256: input_sha256.to_owned(),
            counts,
            files: BTreeMap::new(),
        };
        for (format, writer) in writers.0 {
            let files = writer.finish(terms.terms())?;
            if !files.is_empty() {
                record.files.insert(format.to_owned(), files);
            }
        }
        self.complete(kind, number, record)
    }

    /// Takes a part over from a shard, into the outputs that do not hold it yet. `folders` are the shard's outputs, in the
    /// order of this run's.
    pub(super) fn adopt_part(
        &self,
        number: usize,
        folders: &[&Path],
        record: &PartRecord,
    ) -> anyhow::Result<()> {
        let mut adopted = PartRecord {
            files: BTreeMap::new(),
            ..record.clone()
        };
        let known = self.lock(PartKind::Final).get(&number).cloned();
        for (slot, folder) in self.outputs.iter().zip(folders) {
            if slot.committed {
                continue;
            }
            let format = slot.output.format();
            let before = known.as_ref().map_or(&[][..], |part| part.files_of(format));
            let files = if before == record.files_of(format) && !before.is_empty() {
                before.to_vec()
            } else {
                let home = folders.first().copied().unwrap_or(folder);
                let part = ShardPart {
                    folder,
                    home,
                    record,
                };
                slot.output.adopt(number, &part)?
            };
            if !files.is_empty() {
                adopted.files.insert(format.to_owned(), files);
            }
        }
        if known.as_ref() == Some(&adopted) {
            return Ok(());
        }
        self.complete(PartKind::Final, number, adopted)
    }

    fn complete(&self, kind: PartKind, number: usize, record: PartRecord) -> anyhow::Result<()> {
        self.journal.record(kind, number, &record)?;
        self.lock(kind).insert(number, record);
        self.batches.remove(number)?;
        Ok(())
    }

    /// Opens a new file for rejected records.
    pub(super) fn rejected(&self) -> std::io::Result<RejectedFile> {
        fs::File::create(self.journal.folder().join(REJECTED)).map(RejectedFile::new)
    }

    /// Puts the file of rejected records into the output that has a place for it, and returns its SHA-256.
    pub(super) fn keep_rejected(&self, file: RejectedFile) -> Result<String> {
        file.finish()?;
        let path = self.journal.folder().join(REJECTED);
        let sha256 = sha256_of(&path)?;
        fault::point("a rename")?;
        fs::rename(path, self.rejected_path()?)?;
        Ok(sha256)
    }

    /// Returns true if an output has a place for rejected records.
    pub(super) fn has_place_for_rejected(&self) -> bool {
        let mut outputs = self.outputs.iter().map(|slot| &slot.output);
        outputs.any(|output| output.rejected_path().is_some())
    }

    fn rejected_path(&self) -> Result<PathBuf> {
        let mut paths = self.outputs.iter().filter_map(|s| s.output.rejected_path());
        paths.next().ok_or_else(|| {
            Error::setting(
                "`on_error` skip writes rejected.jsonl beside a collection, so it needs `output`",
            )
        })
    }

    /// Commits the outputs, the one with the journal last.
    pub(super) fn commit(&self, run: &FinishedRun) -> Result<Vec<OutputSummary>> {
        let [home, others @ ..] = self.outputs.as_slice() else {
            return Ok(Vec::new());
        };
        if !others.is_empty() {
            self.journal.record_commit()?;
        }
        let others = others
            .iter()
            .map(|slot| {
                if slot.committed {
                    Ok(slot.output.inspect()?.summary)
                } else {
                    slot.output.commit(run)
                }
            })
            .collect::<Result<Vec<_>>>()?;
        let mut summaries = vec![home.output.commit(run)?];
        summaries.extend(others);
        self.journal.end()?;
        Ok(summaries)
    }

    /// After a failure: leaves whole parts, and encoded batches where `keep_batches`, for a later run to go on with, and
    /// nothing at all where there are none.
    pub(super) fn abandon(self, keep_batches: bool) -> Kept {
        let kept = Kept {
            parts: self.completed().len(),
            batches: keep_batches && self.batches.any(),
        };
        if kept.parts == 0 && !kept.batches {
            discard(self.outputs.iter());
        }
        kept
    }

    fn lock(&self, kind: PartKind) -> MutexGuard<'_, BTreeMap<usize, PartRecord>> {
        let parts = match kind {
            PartKind::Weights => &self.weights,
            PartKind::Final => &self.parts,
        };
        parts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What the ids of a part's terms stand for.
pub(super) enum PartTerms<'t> {
    /// The same as in other parts.
    Given(Terms<'t>),
    /// Terms that were met as the part was read.
    Met(TermDictionary),
}

impl PartTerms<'_> {
    fn terms(&self) -> Terms<'_> {
        match self {
            Self::Given(terms) => *terms,
            Self::Met(terms) => Terms::Dictionary(terms),
        }
    }
}

/// Removes what was begun.
fn discard<'s>(slots: impl DoubleEndedIterator<Item = &'s Slot>) {
    for slot in slots.rev().filter(|slot| !slot.committed) {
        slot.output.discard();
    }
}

/// The part that is being written, in all outputs.
pub(super) struct PartWriters<'o>(Vec<(&'o str, Box<dyn PartWriter + 'o>)>);

impl PartWriters<'_> {
    /// Returns true while an output holds term ids of a dictionary.
    pub(super) fn holds_terms(&self) -> bool {
        self.0.iter().any(|(_, writer)| writer.holds_terms())
    }

    /// Gives a record to every output.
    pub(super) fn add(&mut self, record: &EncodedRecord<'_>) -> Result<()> {
        for (_, writer) in &mut self.0 {
            writer.add(record)?;
        }
        Ok(())
    }
}
