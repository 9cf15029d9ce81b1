//! A collection's folder while it is being written.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use fs_err as fs;
use rayon::prelude::*;

use super::journal::{Damaged, Journal, Run, Stage};
use super::part::{Compression, PartWriter, TermKeys};
use super::{
    AtomicFile, Counts, DOCUMENTS, MANIFEST, Manifest, OutputError, PartInfo, REJECTED,
    SettingDifference, UNFINISHED,
};
use crate::corpus::RejectedFile;
use crate::durable::fault;
use crate::durable::sync_folder;

/// Where a run keeps what it has done.
#[derive(Debug, Clone, Copy)]
pub enum Home<'a> {
    /// In the folder of the collection.
    Collection(&'a Path),
    /// There is no collection: in a folder that goes when the run is finished.
    Scratch(&'a Path),
}

impl Home<'_> {
    fn output(&self) -> &Path {
        match self {
            Self::Collection(path) | Self::Scratch(path) => path,
        }
    }

    fn journal(&self) -> PathBuf {
        self.output().join(UNFINISHED)
    }

    fn documents(&self) -> Option<PathBuf> {
        match self {
            Self::Collection(output) => Some(output.join(DOCUMENTS)),
            Self::Scratch(_) => None,
        }
    }
}

/// The folder of a collection, or of a run without one. Parts can be written from several threads, in any order.
#[derive(Debug)]
pub struct CollectionWriter {
    output: PathBuf,
    documents: Option<PathBuf>,
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
    pub fn create(home: Home<'_>, run: &Run) -> Result<Self, OutputError> {
        let output = home.output();
        let path = || output.to_owned();
        if is_taken(output)? {
            return Err(if Journal::is_locked(&home.journal()) {
                OutputError::Locked { path: path() }
            } else if home.journal().is_dir() {
                OutputError::Unfinished { path: path() }
            } else {
                OutputError::Exists { path: path() }
            });
        }
        let made = !output.exists();
        let writer = Self::with(home, run, made)?;
        match writer.begin(run) {
            Ok(()) => Ok(writer),
            Err(error) => {
                let _ = writer.abandon();
                Err(error)
            }
        }
    }

    /// Goes on with an equal run, or begins one.
    ///
    /// Whole parts are kept; those that are not what was written are given to `damaged` and made again.
    ///
    /// # Errors
    /// [`OutputError`].
    pub fn resume(
        home: Home<'_>,
        run: &Run,
        damaged: &mut dyn FnMut(Damaged),
    ) -> Result<Opened, OutputError> {
        let output = home.output();
        if !is_taken(output)? {
            return Ok(Opened::Writing(Box::new(Self::create(home, run)?)));
        }
        let is_begun = home.journal().is_dir();
        if let Home::Collection(_) = home
            && let Some(manifest) = Manifest::read(output)?
        {
            let first = Run {
                settings: manifest.settings.clone(),
                index: run.index.clone(),
            };
            SettingDifference::refuse(output, &first, run)?;
            let (good, whole) = check(output, &manifest, damaged);
            if !whole || is_begun {
                let journal = Journal::open(home.journal(), output)?;
                if whole {
                    journal.end()?;
                } else {
                    reopen(output, run, &good, &journal)?;
                    drop(journal);
                    return Self::resume(home, run, damaged);
                }
            }
            return Ok(Opened::Finished(Box::new(manifest)));
        }
        let documents = home.documents();
        if !is_begun {
            return Err(OutputError::NotOurs {
                path: output.to_owned(),
            });
        }
        if let Some(first) = Journal::run(&home.journal(), output)? {
            SettingDifference::refuse(output, &first, run)?;
        } else if documents
            .as_ref()
            .is_some_and(|documents| documents.exists())
        {
            // What the run is gets noted before the folder of the parts is made.
            return Err(OutputError::NotOurs {
                path: output.to_owned(),
            });
        }
        let writer = Self::with(home, run, false)?;
        writer.begin(run)?;
        let parts = writer.journal.recall(Stage::Part, damaged)?;
        let weights = writer.journal.recall(Stage::Weights, damaged)?;
        writer.journal.clean(documents.as_deref(), &parts)?;
        (*writer.lock(Stage::Part), *writer.lock(Stage::Weights)) = (parts, weights);
        Ok(Opened::Writing(Box::new(writer)))
    }

    /// Refuses what is there of a run that is not equal.
    ///
    /// # Errors
    /// [`OutputError::OtherRun`], or those of reading.
    pub fn refuse_other(home: Home<'_>, run: &Run) -> Result<(), OutputError> {
        let output = home.output();
        match Journal::run(&home.journal(), output)? {
            Some(first) => SettingDifference::refuse(output, &first, run),
            None => Ok(()),
        }
    }

    fn with(home: Home<'_>, run: &Run, made: bool) -> Result<Self, OutputError> {
        Ok(Self {
            output: home.output().to_owned(),
            documents: home.documents(),
            compression: run.settings.collection.compression,
            made,
            journal: Journal::open(home.journal(), home.output())?,
            parts: Mutex::default(),
            weights: Mutex::default(),
        })
    }

    fn begin(&self, run: &Run) -> Result<(), OutputError> {
        self.journal.begin(run)?;
        if let Some(documents) = &self.documents {
            fault::point("a new folder")?;
            fs::create_dir_all(documents)?;
            sync_folder(&self.output)?;
        }
        Ok(())
    }

    /// Writes the part of this number: `write` adds its documents, if there is a file for them, and returns its counts.
    ///
    /// # Errors
    /// Those of `write` and of the file system.
    pub fn part(
        &self,
        stage: Stage,
        number: usize,
        input_sha256: &str,
        keys: &TermKeys,
        write: impl FnOnce(Option<&mut PartWriter<'_>>) -> anyhow::Result<Counts>,
    ) -> anyhow::Result<()> {
        let mut info = PartInfo {
            input_sha256: input_sha256.to_owned(),
            ..PartInfo::default()
        };
        let compression = match stage {
            Stage::Weights => {
                info.name = format!("weights-{number:05}.jsonl");
                Some(Compression::None)
            }
            Stage::Part if self.documents.is_some() => {
                info.name = self.compression.part_name(number);
                Some(self.compression)
            }
            Stage::Part => None,
        };
        if let Some(compression) = compression {
            let path = self.journal.path_of(stage, &info);
            let file = AtomicFile::create(self.journal.folder(), &path)?;
            let mut writer = PartWriter::new(file, compression, keys);
            info.counts = write(Some(&mut writer))?;
            writer.finish(&mut info)?;
        } else {
            info.counts = write(None)?;
        }
        self.journal.note(stage, number, &info)?;
        self.lock(stage).insert(number, info);
        Ok(())
    }

    /// Copies a part of another collection, comparing it with what its manifest says.
    ///
    /// # Errors
    /// An error of the file system, also if the file is not what it should be.
    pub fn copy_part(&self, number: usize, from: &Path, info: &PartInfo) -> io::Result<()> {
        let path = self.journal.path_of(Stage::Part, info);
        let mut to = AtomicFile::create(self.journal.folder(), &path)?;
        let sha256 = crate::copy_hashed(&mut fs::File::open(from)?, &mut to)?;
        if sha256 != info.sha256 {
            return Err(io::Error::other(format!(
                "{}: it is damaged: its SHA-256 is not that of what was written; make its share again",
                from.display()
            )));
        }
        to.finish()?;
        self.journal.note(Stage::Part, number, info)?;
        self.lock(Stage::Part).insert(number, info.clone());
        Ok(())
    }

    /// Takes a part back, to be made again.
    ///
    /// # Errors
    /// Those of the file system.
    pub fn forget(&self, stage: Stage, number: usize) -> io::Result<()> {
        self.lock(stage).remove(&number);
        self.journal.forget(stage, number)
    }

    /// Notes that the index of the same pass is about to be committed, all parts being whole.
    ///
    /// # Errors
    /// Those of the file system.
    pub fn note_commit(&self) -> io::Result<()> {
        self.journal.note_commit()
    }

    /// True if an earlier run was about to commit the index.
    #[must_use]
    pub fn commits(&self) -> bool {
        self.journal.commits()
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
    pub fn finish(&self, manifest: &Manifest) -> io::Result<()> {
        // Without a collection, the folder has gone with the unfinished index.
        if self.documents.is_some() {
            manifest.write(&self.output)?;
            self.journal.end()?;
        }
        Ok(())
    }

    /// After a failure: leaves whole parts for a later run to go on with, and nothing at all where there
    /// are none. Returns the number of parts kept.
    #[must_use]
    pub fn abandon(self) -> usize {
        let kept = self.lock(Stage::Part).len() + self.lock(Stage::Weights).len();
        if kept == 0 {
            // Nothing can be done about a failure to clean up after a failure.
            if let Some(documents) = &self.documents {
                let _ = self.journal.clean(Some(documents), &BTreeMap::new());
                let _ = fs::remove_dir(documents);
                let _ = fs::remove_file(self.output.join(REJECTED));
            }
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
    run: &Run,
    good: &[&PartInfo],
    journal: &Journal,
) -> Result<(), OutputError> {
    journal.begin(run)?;
    if run.index.is_some() {
        // It was committed before the manifest was written.
        journal.note_commit()?;
    }
    for part in good {
        if let Some(index) = part.index() {
            journal.note(Stage::Part, index, part)?;
        }
    }
    fault::point("the removal of a manifest")?;
    Ok(fs::remove_file(output.join(MANIFEST))?)
}
