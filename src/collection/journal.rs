//! What a run has done so far, so that a later one can go on.
//!
//! ```text
//! OUTPUT/.unfinished/lock               locked by the process that writes
//! OUTPUT/.unfinished/run.json           what the run is
//! OUTPUT/.unfinished/commit.json        the index of the same pass is about to be committed
//! OUTPUT/.unfinished/part-00007.json    a whole part: its PartInfo, written after its file
//! OUTPUT/.unfinished/weights-00007.*    weights that wait for the largest of the corpus, and their PartInfo
//! ```
//!
//! Each file appears by an atomic rename. A part without its record is made again; so it does not
//! matter at which moment a run was killed.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use fs_err as fs;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::{AtomicFile, DOCUMENTS, OutputError, PartInfo, RunSettings};
use crate::durable::fault;
use crate::durable::{FileLock, LockFailure, TEMPORARY_PREFIX, create_folder, sync_folder};

const LOCK: &str = "lock";
const RUN: &str = "run.json";
const COMMIT: &str = "commit.json";

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

/// What a run is: two runs that are equal here, of the same input, write the same bytes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Run {
    /// What bears on the collection.
    #[serde(flatten)]
    pub settings: RunSettings,
    /// Settings of the index that is made in the same pass.
    pub index: Option<serde_json::Value>,
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
    _lock: FileLock,
}

impl Journal {
    /// Makes the folder if need be, and locks it. `output` is the folder that it is about.
    pub fn open(folder: PathBuf, output: &Path) -> Result<Self, OutputError> {
        create_folder(&folder)?;
        let lock = match FileLock::acquire(&folder.join(LOCK)) {
            Ok(lock) => lock,
            Err(LockFailure::Held) => {
                return Err(OutputError::Locked {
                    path: output.to_owned(),
                });
            }
            Err(LockFailure::Io(error)) => return Err(error.into()),
        };
        Ok(Self {
            output: output.to_owned(),
            folder,
            _lock: lock,
        })
    }

    /// True if a live process has the lock.
    pub fn is_locked(folder: &Path) -> bool {
        FileLock::is_held(&folder.join(LOCK))
    }

    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Notes what the run is.
    pub fn begin(&self, run: &Run) -> Result<(), OutputError> {
        self.write(&self.folder.join(RUN), run)?;
        sync_folder(&self.output)?;
        Ok(())
    }

    /// Notes that all parts are whole and the index is about to be committed.
    pub fn note_commit(&self) -> io::Result<()> {
        self.write(&self.folder.join(COMMIT), &())
    }

    /// True if the index was about to be committed.
    pub fn commits(&self) -> bool {
        self.folder.join(COMMIT).exists()
    }

    /// What the run is; `None` if it was killed before that was noted.
    pub fn run(folder: &Path, output: &Path) -> Result<Option<Run>, OutputError> {
        let path = folder.join(RUN);
        let text = match fs::read(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            text => text?,
        };
        let run = serde_json::from_slice(&text).map_err(|error| OutputError::Journal {
            path,
            output: output.to_owned(),
            reason: error.to_string(),
        })?;
        Ok(Some(run))
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

    /// Takes back [`Journal::note`].
    pub fn forget(&self, stage: Stage, index: usize) -> io::Result<()> {
        fs::remove_file(self.folder.join(stage.record_name(index)))
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
        // Without a collection there is only the index's part, which has checksums of its own.
        if info.name.is_empty() {
            return Ok(info);
        }
        match info.check(&self.path_of(stage, &info)) {
            None => Ok(info),
            Some(damaged) => Err(damaged),
        }
    }

    /// Removes what a killed run left and no record names.
    pub fn clean(
        &self,
        documents: Option<&Path>,
        parts: &BTreeMap<usize, PartInfo>,
    ) -> Result<(), OutputError> {
        let mut left = Vec::new();
        for entry in documents
            .map(fs::read_dir)
            .transpose()?
            .into_iter()
            .flatten()
        {
            let entry = entry?;
            let name = entry.file_name();
            let name = name.to_string_lossy();
            let is_part = name.starts_with("part-") && name.contains(".jsonl");
            if !is_part || !entry.path().is_file() {
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
                .starts_with(TEMPORARY_PREFIX)
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
    pub fn end(&self) -> io::Result<()> {
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
