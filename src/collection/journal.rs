//! What a run has done so far, so that a later one can go on.
//!
//! ```text
//! OUTPUT/.unfinished/lock               locked by the process that writes
//! OUTPUT/.unfinished/run.json           settings of the run
//! OUTPUT/.unfinished/part-00007.json    a whole part: its PartInfo, written after its file
//! OUTPUT/.unfinished/weights-00007.*    weights that wait for the largest of the corpus, and their PartInfo
//! ```
//!
//! Each file appears by an atomic rename. A part without its record is made again; so it does not
//! matter at which moment a run was killed.

use std::collections::BTreeMap;
use std::fs::TryLockError;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use fs_err as fs;
use rayon::prelude::*;
use serde::Serialize;

use super::atomic::sync_folder;
use super::{AtomicFile, DOCUMENTS, OutputError, PartInfo, RunSettings, UNFINISHED};
use crate::fault;

const LOCK: &str = "lock";
const RUN: &str = "run.json";

/// Which files of a part.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// Float weights in `.unfinished`, to be quantized at the end.
    Weights,
    /// The part itself, in `documents`.
    Part,
}

impl Stage {
    fn record_name(self, index: usize) -> String {
        match self {
            Self::Weights => format!("weights-{index:05}.json"),
            Self::Part => format!("part-{index:05}.json"),
        }
    }

    fn index_of(self, record: &str) -> Option<usize> {
        let digits: String = record.chars().filter(char::is_ascii_digit).collect();
        let index = digits.parse().ok()?;
        (self.record_name(index) == record).then_some(index)
    }
}

/// A part that is there but cannot be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Damaged {
    /// The file.
    pub path: PathBuf,
    /// What is wrong with it.
    pub reason: String,
}

/// The journal of an output folder. It is this process's alone while the value lives.
#[derive(Debug)]
pub(super) struct Journal {
    output: PathBuf,
    folder: PathBuf,
    _lock: fs::File,
}

impl Journal {
    /// Makes the folder if need be, and locks it.
    pub fn open(output: &Path) -> Result<Self, OutputError> {
        let folder = output.join(UNFINISHED);
        fault::point("a new folder")?;
        fs::create_dir_all(&folder)?;
        let lock = fs::OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .open(folder.join(LOCK))?;
        match lock.file().try_lock() {
            Ok(()) => {}
            // Some network file systems have no locks.
            Err(TryLockError::Error(error)) if error.kind() == io::ErrorKind::Unsupported => {}
            Err(TryLockError::WouldBlock) => {
                return Err(OutputError::Locked {
                    path: output.to_owned(),
                });
            }
            Err(TryLockError::Error(error)) => return Err(error.into()),
        }
        Ok(Self {
            output: output.to_owned(),
            folder,
            _lock: lock,
        })
    }

    /// True if a live process has the lock.
    pub fn is_locked(output: &Path) -> bool {
        let lock = std::fs::File::open(output.join(UNFINISHED).join(LOCK));
        lock.is_ok_and(|lock| matches!(lock.try_lock_shared(), Err(TryLockError::WouldBlock)))
    }

    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Notes what the run is made of, and makes the folder of the parts.
    pub fn begin(&self, settings: &RunSettings) -> Result<(), OutputError> {
        self.write(&self.folder.join(RUN), settings)?;
        fault::point("a new folder")?;
        fs::create_dir_all(self.output.join(DOCUMENTS))?;
        sync_folder(Some(&self.output))?;
        Ok(())
    }

    /// What the run is made of; `None` if it was killed before that was noted.
    pub fn settings(&self) -> Result<Option<RunSettings>, OutputError> {
        let path = self.folder.join(RUN);
        let text = match fs::read(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            text => text?,
        };
        let settings = serde_json::from_slice(&text).map_err(|error| OutputError::Journal {
            path,
            output: self.output.clone(),
            reason: error.to_string(),
        })?;
        Ok(Some(settings))
    }

    /// Notes a part whose file is whole.
    pub fn note(&self, stage: Stage, index: usize, info: &PartInfo) -> io::Result<()> {
        self.write(&self.folder.join(stage.record_name(index)), info)
    }

    fn write(&self, path: &Path, value: &impl Serialize) -> io::Result<()> {
        let mut file = AtomicFile::create(&self.folder, path)?;
        serde_json::to_writer_pretty(&mut file, value)?;
        file.write_all(b"\n")?;
        file.finish()
    }

    /// Where the file of a part lies.
    pub fn path_of(&self, stage: Stage, info: &PartInfo) -> PathBuf {
        match stage {
            Stage::Weights => self.folder.join(&info.name),
            Stage::Part => self.output.join(DOCUMENTS).join(&info.name),
        }
    }

    /// The whole parts. Those whose file is not what the record says are given to `damaged`; their
    /// records are removed.
    pub fn recall(
        &self,
        stage: Stage,
        damaged: &mut dyn FnMut(Damaged),
    ) -> Result<BTreeMap<usize, PartInfo>, OutputError> {
        let mut records = Vec::new();
        for entry in fs::read_dir(&self.folder)? {
            let entry = entry?;
            let name = entry.file_name();
            if let Some(index) = name.to_str().and_then(|name| stage.index_of(name)) {
                records.push((index, entry.path()));
            }
        }
        records.sort();
        let checked: Vec<_> = records
            .into_par_iter()
            .map(|(index, record)| (index, self.check(stage, &record), record))
            .collect();
        let mut parts = BTreeMap::new();
        for (index, result, record) in checked {
            match result {
                Ok(info) => {
                    parts.insert(index, info);
                }
                Err(problem) => {
                    damaged(problem);
                    fs::remove_file(record)?;
                }
            }
        }
        Ok(parts)
    }

    fn check(&self, stage: Stage, record: &Path) -> Result<PartInfo, Damaged> {
        let unusable = |reason: String| Damaged {
            path: record.to_owned(),
            reason,
        };
        let text = fs::read(record).map_err(|e| unusable(e.to_string()))?;
        let info: PartInfo = serde_json::from_slice(&text).map_err(|e| unusable(e.to_string()))?;
        if info.name.contains(['/', '\\']) {
            return Err(unusable(format!("the part's name is {:?}", info.name)));
        }
        match info.check(&self.path_of(stage, &info)) {
            None => Ok(info),
            Some(damaged) => Err(damaged),
        }
    }

    /// Removes what a killed run left and no record names.
    pub fn clean(&self, parts: &BTreeMap<usize, PartInfo>) -> Result<(), OutputError> {
        let documents = self.output.join(DOCUMENTS);
        let mut left = Vec::new();
        for entry in fs::read_dir(&documents)? {
            let entry = entry?;
            let name = entry.file_name();
            let name = name.to_string_lossy();
            if !(name.starts_with("part-") && name.contains(".jsonl")) || !entry.path().is_file() {
                return Err(OutputError::Stranger { path: entry.path() });
            }
            if !parts.values().any(|part| part.name == name) {
                left.push(entry.path());
            }
        }
        for entry in fs::read_dir(&self.folder)? {
            let entry = entry?;
            if entry
                .file_name()
                .to_string_lossy()
                .starts_with(super::atomic::PREFIX)
            {
                left.push(entry.path());
            }
        }
        for path in left {
            fs::remove_file(path)?;
        }
        Ok(())
    }

    /// Ends the run: its result is whole.
    pub fn end(self) -> io::Result<()> {
        fault::point("the end of the journal")?;
        fs::remove_dir_all(&self.folder)
    }
}

impl PartInfo {
    /// What is wrong with the part's file.
    pub(crate) fn check(&self, path: &Path) -> Option<Damaged> {
        let damaged = |reason: String| {
            Some(Damaged {
                path: path.to_owned(),
                reason,
            })
        };
        let bytes = match std::fs::metadata(path) {
            Ok(meta) => meta.len(),
            Err(error) => return damaged(error.to_string()),
        };
        if bytes != self.bytes {
            return damaged(format!(
                "it has {bytes} bytes, where {} were written",
                self.bytes
            ));
        }
        match crate::sha256_of(path) {
            Ok(sha256) if sha256 == self.sha256 => None,
            Ok(_) => damaged("its SHA-256 is not that of what was written".to_owned()),
            Err(error) => damaged(error.to_string()),
        }
    }
}
