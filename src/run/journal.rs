//! What a run has done so far, so that a later one can go on.
//!
//! ```text
//! FOLDER/lock               locked by the process that writes
//! FOLDER/run.json           what the run is
//! FOLDER/commit.json        all parts are whole, the outputs are being committed
//! FOLDER/part-00007.json    a part that is whole in every output, written after the outputs' files
//! FOLDER/batches-00007      encoded batches of a part that is not whole yet
//! FOLDER/weights-00007.*    weights that wait for the largest one of the corpus, and their record
//! ```
//!
//! Each file appears by an atomic rename. A part without its record is encoded again, so it does not matter at which
//! moment a run was killed.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use fs_err as fs;
use serde::Serialize;

use super::error::RunError;
use super::identity::RunIdentity;
use super::part::{Damaged, PartRecord};
use crate::durable::{
    AtomicFile, FileLock, LockFailure, TEMPORARY_PREFIX, create_folder, fault, parent_of,
    sync_folder,
};

const LOCK: &str = "lock";
const IDENTITY: &str = "run.json";
const COMMIT: &str = "commit.json";

/// What a part's vectors hold while the run goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PartKind {
    /// Float weights beside the journal, to be quantized at the end.
    Weights,
    /// What the outputs hold.
    Final,
}

impl PartKind {
    fn record_name(self, number: usize) -> String {
        match self {
            Self::Weights => format!("weights-{number:05}.json"),
            Self::Final => format!("part-{number:05}.json"),
        }
    }

    fn number_of(self, record: &str) -> Option<usize> {
        let digits: String = record.chars().filter(char::is_ascii_digit).collect();
        let number = digits.parse().ok()?;
        (self.record_name(number) == record).then_some(number)
    }
}

/// The journal of a run. It is this process's alone while the value lives.
#[derive(Debug)]
pub struct Journal {
    folder: PathBuf,
    _lock: FileLock,
}

impl Journal {
    /// Creates the folder if it is missing, and locks it. `output` is the place that messages name.
    ///
    /// # Errors
    /// [`RunError::Locked`], or those of the file system.
    pub fn open(folder: PathBuf, output: &Path) -> Result<Self, RunError> {
        create_folder(&folder)?;
        let lock = match FileLock::acquire(&folder.join(LOCK)) {
            Ok(lock) => lock,
            Err(LockFailure::Held) => {
                return Err(RunError::Locked {
                    path: output.to_owned(),
                });
            }
            Err(LockFailure::Io(error)) => return Err(error.into()),
        };
        Ok(Self {
            folder,
            _lock: lock,
        })
    }

    /// Returns true if a live process has locked the journal in `folder`.
    #[must_use]
    pub fn is_locked(folder: &Path) -> bool {
        FileLock::is_held(&folder.join(LOCK))
    }

    /// Returns true if a folder holds a journal, or one that is about to begin.
    pub(crate) fn is_in(folder: &Path) -> bool {
        folder.join(LOCK).exists() || Self::is_begun(folder)
    }

    /// Returns true if there is a journal that says what its run is.
    #[must_use]
    pub fn is_begun(folder: &Path) -> bool {
        folder.join(IDENTITY).exists()
    }

    /// Reads what the run of a journal is; `None` if it was killed before that was recorded.
    ///
    /// # Errors
    /// [`RunError::Journal`] if it cannot be read back.
    pub fn identity(folder: &Path, output: &Path) -> Result<Option<RunIdentity>, RunError> {
        let path = folder.join(IDENTITY);
        let text = match fs::read(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            text => text?,
        };
        let identity = serde_json::from_slice(&text).map_err(|error| RunError::Journal {
            path,
            output: output.to_owned(),
            reason: error.to_string(),
        })?;
        Ok(Some(identity))
    }

    /// Returns its folder.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Records what the run is.
    ///
    /// # Errors
    /// Those of the file system.
    pub fn begin(&self, identity: &RunIdentity) -> io::Result<()> {
        self.write(&self.folder.join(IDENTITY), identity)?;
        sync_folder(parent_of(&self.folder))
    }

    /// Records that all parts are whole and the outputs are being committed.
    ///
    /// # Errors
    /// Those of the file system.
    pub fn record_commit(&self) -> io::Result<()> {
        self.write(&self.folder.join(COMMIT), &())
    }

    /// Returns true if an earlier run had begun to commit the outputs.
    #[must_use]
    pub fn is_committing(&self) -> bool {
        self.folder.join(COMMIT).exists()
    }

    /// Records a part whose files are whole.
    ///
    /// # Errors
    /// Those of the file system.
    pub fn record(&self, kind: PartKind, number: usize, part: &PartRecord) -> io::Result<()> {
        self.write(&self.folder.join(kind.record_name(number)), part)
    }

    /// Removes the record of a part, so that it is encoded again.
    ///
    /// # Errors
    /// Those of the file system.
    pub fn forget(&self, kind: PartKind, number: usize) -> io::Result<()> {
        fs::remove_file(self.folder.join(kind.record_name(number)))
    }

    /// Reads the records of whole parts. Those that cannot be read are removed and given to `damaged`.
    ///
    /// # Errors
    /// Those of the file system.
    pub fn records(
        &self,
        kind: PartKind,
        damaged: &mut dyn FnMut(Damaged),
    ) -> io::Result<BTreeMap<usize, PartRecord>> {
        let mut records = BTreeMap::new();
        for entry in fs::read_dir(&self.folder)? {
            let entry = entry?;
            let name = entry.file_name();
            let Some(number) = name.to_str().and_then(|name| kind.number_of(name)) else {
                continue;
            };
            let path = entry.path();
            let text = fs::read(&path)?;
            match serde_json::from_slice(&text) {
                Ok(record) => {
                    records.insert(number, record);
                }
                Err(error) => {
                    fs::remove_file(&path)?;
                    damaged(Damaged {
                        path,
                        reason: error.to_string(),
                    });
                }
            }
        }
        Ok(records)
    }

    /// Removes temporary files that a killed run left.
    ///
    /// # Errors
    /// Those of the file system.
    pub fn clean(&self) -> io::Result<()> {
        for entry in fs::read_dir(&self.folder)? {
            let entry = entry?;
            let name = entry.file_name();
            if name.to_string_lossy().starts_with(TEMPORARY_PREFIX) {
                fs::remove_file(entry.path())?;
            }
        }
        Ok(())
    }

    /// Ends the run: its outputs are whole. The folder may have gone with the output that lent it.
    ///
    /// # Errors
    /// Those of the file system.
    pub fn end(&self) -> io::Result<()> {
        fault::point("the end of the journal")?;
        match fs::remove_dir_all(&self.folder) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            result => result,
        }
    }

    fn write(&self, path: &Path, value: &impl Serialize) -> io::Result<()> {
        let mut file = AtomicFile::create(&self.folder, path)?;
        serde_json::to_writer_pretty(&mut file, value)?;
        file.write_all(b"\n")?;
        file.finish()
    }
}
