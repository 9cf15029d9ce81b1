//! A collection's folder while it is being written.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use fs_err as fs;
use rayon::prelude::*;

use super::journal::{Damaged, Journal, Stage};
use super::part::{Compression, PartWriter, TermKeys};
use super::{
    AtomicFile, Counts, DOCUMENTS, MANIFEST, Manifest, OutputError, PartInfo, REJECTED,
    RunSettings, SettingDifference, UNFINISHED,
};
use crate::corpus::RejectedFile;
use crate::fault;

/// The folder of a collection. Parts can be written from several threads, in any order.
#[derive(Debug)]
pub struct CollectionWriter {
    output: PathBuf,
    compression: Compression,
    /// True if the folder was made by this run, so that it may be removed again.
    made: bool,
    journal: Journal,
    parts: Mutex<BTreeMap<usize, PartInfo>>,
    weights: Mutex<BTreeMap<usize, PartInfo>>,
}

/// What [`CollectionWriter::resume`] found.
#[derive(Debug)]
pub enum Opened {
    /// There is something to do.
    Writing(Box<CollectionWriter>),
    /// All was done before.
    Finished(Box<Manifest>),
}

impl CollectionWriter {
    /// Makes the folder, which must not exist or be empty.
    ///
    /// # Errors
    /// [`OutputError`].
    pub fn create(output: &Path, settings: &RunSettings) -> Result<Self, OutputError> {
        let path = || output.to_owned();
        if is_taken(output)? {
            return Err(if Journal::is_locked(output) {
                OutputError::Locked { path: path() }
            } else if output.join(UNFINISHED).is_dir() {
                OutputError::Unfinished { path: path() }
            } else {
                OutputError::Exists { path: path() }
            });
        }
        let made = !output.exists();
        let journal = Journal::open(output)?;
        let writer = Self::with(output, settings, made, journal);
        match writer.journal.begin(settings) {
            Ok(()) => Ok(writer),
            Err(error) => {
                let _ = writer.abandon();
                Err(error)
            }
        }
    }

    /// Goes on with a run of the same settings, or begins one.
    ///
    /// Whole parts are kept; those that are not what was written are given to `damaged` and made again.
    ///
    /// # Errors
    /// [`OutputError`].
    pub fn resume(
        output: &Path,
        settings: &RunSettings,
        damaged: &mut dyn FnMut(Damaged),
    ) -> Result<Opened, OutputError> {
        if !is_taken(output)? {
            return Ok(Opened::Writing(Box::new(Self::create(output, settings)?)));
        }
        let has_manifest = output.join(MANIFEST).exists();
        if !output.join(UNFINISHED).is_dir() && !has_manifest {
            return Err(OutputError::NotOurs {
                path: output.to_owned(),
            });
        }
        if has_manifest {
            let manifest = Manifest::read(output)?;
            SettingDifference::refuse(output, &manifest.settings, settings)?;
            let (good, whole) = check(output, &manifest, damaged);
            if !whole || output.join(UNFINISHED).is_dir() {
                let journal = Journal::open(output)?;
                if whole {
                    journal.end()?;
                } else {
                    reopen(output, &manifest, &good, &journal)?;
                    drop(journal);
                    return Self::resume(output, settings, damaged);
                }
            }
            return Ok(Opened::Finished(Box::new(manifest)));
        }
        let journal = Journal::open(output)?;
        if let Some(first) = journal.settings()? {
            SettingDifference::refuse(output, &first, settings)?;
        } else if output.join(DOCUMENTS).exists() {
            // The settings are noted before the folder of the parts is made.
            return Err(OutputError::NotOurs {
                path: output.to_owned(),
            });
        }
        journal.begin(settings)?;
        let parts = journal.recall(Stage::Part, damaged)?;
        let weights = journal.recall(Stage::Weights, damaged)?;
        journal.clean(&parts)?;
        let mut writer = Self::with(output, settings, false, journal);
        (writer.parts, writer.weights) = (Mutex::new(parts), Mutex::new(weights));
        Ok(Opened::Writing(Box::new(writer)))
    }

    fn with(output: &Path, settings: &RunSettings, made: bool, journal: Journal) -> Self {
        Self {
            output: output.to_owned(),
            compression: settings.collection.compression,
            made,
            journal,
            parts: Mutex::default(),
            weights: Mutex::default(),
        }
    }

    /// Writes the part of this index: `write` adds its documents and returns its counts.
    ///
    /// # Errors
    /// Those of `write` and of the file system.
    pub fn part(
        &self,
        stage: Stage,
        index: usize,
        input_sha256: &str,
        keys: &TermKeys,
        write: impl FnOnce(&mut PartWriter<'_>) -> anyhow::Result<Counts>,
    ) -> anyhow::Result<()> {
        let (name, compression) = match stage {
            Stage::Weights => (format!("weights-{index:05}.jsonl"), Compression::None),
            Stage::Part => (self.compression.part_name(index), self.compression),
        };
        let mut info = PartInfo {
            name,
            input_sha256: input_sha256.to_owned(),
            ..PartInfo::default()
        };
        let path = self.journal.path_of(stage, &info);
        let file = AtomicFile::create(self.journal.folder(), &path)?;
        let mut writer = PartWriter::new(file, compression, keys);
        info.counts = write(&mut writer)?;
        writer.finish(&mut info)?;
        self.journal.note(stage, index, &info)?;
        self.lock(stage).insert(index, info);
        Ok(())
    }

    /// The whole parts, by their numbers.
    #[must_use]
    pub fn parts(&self, stage: Stage) -> BTreeMap<usize, PartInfo> {
        self.lock(stage).clone()
    }

    /// Where a part's file lies.
    #[must_use]
    pub fn path_of(&self, stage: Stage, info: &PartInfo) -> PathBuf {
        self.journal.path_of(stage, info)
    }

    /// A new file for rejected records.
    ///
    /// # Errors
    /// Those of the file system.
    pub fn rejected(&self) -> io::Result<RejectedFile> {
        let path = self.journal.folder().join(REJECTED);
        fs::File::create(path).map(RejectedFile::new)
    }

    /// Puts the file of rejected records in its place and returns its SHA-256.
    ///
    /// # Errors
    /// Those of the file system.
    pub fn keep_rejected(&self, file: RejectedFile) -> io::Result<String> {
        file.finish()?;
        let path = self.journal.folder().join(REJECTED);
        let sha256 = crate::sha256_of(&path)?;
        fault::point("a rename")?;
        fs::rename(path, self.output.join(REJECTED))?;
        Ok(sha256)
    }

    /// Writes the manifest, with which the collection is finished.
    ///
    /// # Errors
    /// Those of the file system.
    pub fn finish(self, manifest: &Manifest) -> io::Result<()> {
        manifest.write(&self.output)?;
        self.journal.end()
    }

    /// After a failure: leaves whole parts for a later run to go on with, and nothing at all where there
    /// are none. Returns the number of parts kept.
    #[must_use]
    pub fn abandon(self) -> usize {
        let kept = self.lock(Stage::Part).len() + self.lock(Stage::Weights).len();
        if kept == 0 {
            // Nothing can be done about a failure to clean up after a failure.
            let _ = fs::remove_dir(self.output.join(DOCUMENTS));
            let _ = fs::remove_file(self.output.join(REJECTED));
            let _ = self.journal.end();
            if self.made {
                let _ = fs::remove_dir(&self.output);
            }
        }
        kept
    }

    fn lock(&self, stage: Stage) -> MutexGuard<'_, BTreeMap<usize, PartInfo>> {
        let parts = match stage {
            Stage::Weights => &self.weights,
            Stage::Part => &self.parts,
        };
        parts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// True if there is something at the place of the output.
fn is_taken(output: &Path) -> io::Result<bool> {
    Ok(output.exists() && (!output.is_dir() || fs::read_dir(output)?.next().is_some()))
}

/// The good parts of a finished collection, and whether all of it is as it was written.
fn check<'m>(
    output: &Path,
    manifest: &'m Manifest,
    damaged: &mut dyn FnMut(Damaged),
) -> (Vec<&'m PartInfo>, bool) {
    let documents = output.join(DOCUMENTS);
    let checked: Vec<_> = manifest
        .parts
        .par_iter()
        .map(|part| (part, part.check(&documents.join(&part.name))))
        .collect();
    let mut good = Vec::new();
    for (part, problem) in checked {
        match problem {
            None => good.push(part),
            Some(problem) => damaged(problem),
        }
    }
    let mut whole = good.len() == manifest.parts.len();
    if let Some(expected) = &manifest.accounting.rejected_sha256 {
        let path = output.join(REJECTED);
        let reason = match crate::sha256_of(&path) {
            Ok(sha256) if sha256 == *expected => None,
            Ok(_) => Some("its SHA-256 is not that of what was written".to_owned()),
            Err(error) => Some(error.to_string()),
        };
        if let Some(reason) = reason {
            damaged(Damaged { path, reason });
            whole = false;
        }
    }
    (good, whole)
}

/// Makes a finished collection an unfinished one of its good parts.
fn reopen(
    output: &Path,
    manifest: &Manifest,
    good: &[&PartInfo],
    journal: &Journal,
) -> Result<(), OutputError> {
    journal.begin(&manifest.settings)?;
    for part in good {
        if let Some(index) = part.index() {
            journal.note(Stage::Part, index, part)?;
        }
    }
    fault::point("the removal of a manifest")?;
    Ok(fs::remove_file(output.join(MANIFEST))?)
}
