//! The seam between a run and the formats it writes.

use std::path::{Path, PathBuf};

use serde_json::Value;

use super::record::EncodedRecord;
use crate::error::Result;
use crate::run::{Damaged, FinishedRun, PartFile, PartRecord, RunSettings, VectorKind};

/// One place that a run writes to, in one format. Parts are written from several threads, in any order.
///
/// The life of an output: [`state`](Self::state) tells what lies at its path, [`begin`](Self::begin) takes the place,
/// [`prepare`](Self::prepare) removes what no record names, [`part`](Self::part) writes parts, and
/// [`commit`](Self::commit) makes the whole appear. Until then nothing at the path may look finished.
pub trait Output: Send + Sync {
    /// Returns the name of the format, which is unique among the outputs of a run.
    fn format(&self) -> &str;

    /// Returns the file or folder that appears.
    fn path(&self) -> &Path;

    /// Returns the settings that bear on the bytes: the output's part of the run's identity.
    fn settings(&self) -> Value;

    /// Returns whether vectors of this kind can be written.
    fn accepts(&self, kind: VectorKind) -> bool;

    /// Returns true if terms are written as numbers, so that every run has to have a vocabulary.
    fn needs_vocabulary(&self) -> bool {
        false
    }

    /// Returns the command that makes the output anew of a collection.
    fn remake_command(&self) -> String {
        "convert".to_owned()
    }

    /// Returns a folder that can hold the run's journal and goes when the output is committed or discarded.
    fn journal_folder(&self) -> PathBuf;

    /// Tells what lies at the path.
    ///
    /// # Errors
    /// Those of the file system.
    fn state(&self) -> Result<OutputState>;

    /// Takes the place: creates the folder, or goes on with an unfinished one of the same run.
    ///
    /// # Errors
    /// If something else lies there, which is never overwritten.
    fn begin(&mut self, run: &RunContext<'_>) -> Result<()>;

    /// Keeps the parts in `kept` and removes what a killed run left of others.
    ///
    /// # Errors
    /// If there are files that no run of this program wrote.
    fn prepare(&self, kept: &std::collections::BTreeMap<usize, PartRecord>) -> Result<()>;

    /// Tells whether a part is whole and as it was written: `Ok(false)` if it is not there.
    ///
    /// # Errors
    /// [`Damaged`] if it is there and cannot be used.
    fn holds(&self, number: usize, files: &[PartFile]) -> std::result::Result<bool, Damaged>;

    /// Opens a writer for a part; what is there of a part of this number is replaced.
    ///
    /// # Errors
    /// Those of the file system.
    fn part(&self, number: usize) -> Result<Box<dyn PartWriter + '_>>;

    /// Checks that the shards' outputs of this format belong to their shards, before anything is written.
    ///
    /// # Errors
    /// If one of them was made in another run or of other parts.
    fn check_shards(&self, _shards: &[ShardOutput<'_>]) -> Result<()> {
        Ok(())
    }

    /// Takes a part over from a shard's output of the same format.
    ///
    /// # Errors
    /// If the shard's part is damaged, or the format cannot be joined.
    fn adopt(&self, number: usize, shard: &ShardPart<'_>) -> Result<Vec<PartFile>>;

    /// Makes the whole parts the finished output.
    ///
    /// # Errors
    /// Those of the format; the parts stay, and committing can be tried again.
    fn commit(&self, run: &FinishedRun) -> Result<OutputSummary>;

    /// Verifies an output that an earlier run finished.
    ///
    /// # Errors
    /// If it cannot be read.
    fn inspect(&self) -> Result<FinishedOutput>;

    /// Checks that a finished output is of a run with these settings, as far as it keeps what its run was and
    /// [`inspect`](Self::inspect) does not give it.
    ///
    /// # Errors
    /// If it is of another run.
    fn check_run(&self, _settings: &RunSettings) -> Result<()> {
        Ok(())
    }

    /// Makes a finished output an unfinished one again, to replace damaged parts.
    ///
    /// # Errors
    /// Those of the file system, or if the format cannot do that.
    fn reopen(&self) -> Result<()>;

    /// Removes what was begun, and the folder if it was created by [`begin`](Self::begin). A finished output stays.
    fn discard(&self);

    /// Returns where the run may put `rejected.jsonl`, if the output has a place for it.
    fn rejected_path(&self) -> Option<PathBuf> {
        None
    }
}

/// Writes one part of an output.
pub trait PartWriter {
    /// Adds a document.
    ///
    /// # Errors
    /// If it cannot be written in the format.
    fn add(&mut self, record: &EncodedRecord<'_>) -> Result<()>;

    /// Returns true while the writer holds term ids of a dictionary, which must not be cleared then.
    fn holds_terms(&self) -> bool {
        false
    }

    /// Makes the part whole and returns its files. `terms` are those of the last record.
    ///
    /// # Errors
    /// Those of the format.
    fn finish(self: Box<Self>, terms: super::record::Terms<'_>) -> Result<Vec<PartFile>>;
}

/// What lies at the path of an output.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OutputState {
    /// Nothing, or an empty folder.
    Absent,
    /// What an unfinished run left.
    Begun,
    /// A finished output.
    Finished,
    /// Something else.
    Foreign,
}

/// What an output is told of the run it belongs to.
#[derive(Debug, Clone, Copy)]
pub struct RunContext<'a> {
    /// SHA-256 over the run's identity.
    pub digest: &'a str,
    /// The model's terms by token id, or those of the collection that is read, by their bytes; `None` where terms are met
    /// as a collection is read.
    pub vocabulary: Option<&'a [String]>,
}

/// An output of a shard.
#[derive(Debug, Clone, Copy)]
pub struct ShardOutput<'a> {
    /// The output.
    pub folder: &'a Path,
    /// The shard's first output, which holds the record of its run.
    pub home: &'a Path,
    /// The settings of its run.
    pub settings: &'a RunSettings,
    /// What its run recorded of the parts, by their numbers.
    pub parts: &'a std::collections::BTreeMap<usize, PartRecord>,
}

/// A part of a shard.
#[derive(Debug, Clone, Copy)]
pub struct ShardPart<'a> {
    /// The shard's output of the same format.
    pub folder: &'a Path,
    /// The shard's first output, which holds the record of its run.
    pub home: &'a Path,
    /// What the shard's run recorded of the part.
    pub record: &'a PartRecord,
}

/// A finished output, verified.
#[derive(Debug)]
pub struct FinishedOutput {
    /// What is in it.
    pub summary: OutputSummary,
    /// The run that wrote it, if the output keeps that; damaged parts are left out.
    pub run: Option<FinishedRun>,
    /// What is not as it was written.
    pub damaged: Vec<Damaged>,
}

impl FinishedOutput {
    /// Returns the settings of the run that wrote it, if the output keeps them.
    #[must_use]
    pub fn settings(&self) -> Option<&RunSettings> {
        self.run.as_ref().map(|run| &run.settings)
    }
}

/// What is in a finished output.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutputSummary {
    /// The format.
    pub format: String,
    /// Its file or folder.
    pub path: PathBuf,
    /// Number of its parts or segments.
    pub pieces: usize,
    /// What a piece is called, in the plural.
    pub unit: &'static str,
    /// Size in bytes.
    pub bytes: u64,
}
