//! Keeps what is not committed yet in a folder inside the folder of the index:
//!
//! ```text
//! unfinished/lock                   locked by the process that writes
//! unfinished/run                    what the index is made of, so that another run does not go on with it
//! unfinished/records/               notes of the caller
//! unfinished/part-00007/_0.*        segments of a part
//! unfinished/part-00007/part.json   written last, when the part is whole
//! ```
//!
//! The folder of the index holds nothing else until the commit, which removes this folder at its end.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use crate::durable::{FileLock, LockFailure, fault, write_whole};
use crate::lucene::error::{LuceneError, Result};
use crate::lucene::store::input::read_small;
use crate::lucene::writer::part_writer::PartSummary;

const UNFINISHED: &str = "unfinished";
const LOCK: &str = "lock";
const RUN: &str = "run";
const RECORDS: &str = "records";
const PART_PREFIX: &str = "part-";

/// The folder `unfinished`, locked by this process.
#[derive(Debug)]
pub(crate) struct Unfinished {
    path: PathBuf,
    /// True if the folder of the index did not exist before.
    created_dir: bool,
    _lock: FileLock,
}

impl Unfinished {
    /// Takes the folder of an index, which must hold nothing but an unfinished index, and clears what a killed commit
    /// left.
    pub(crate) fn claim(dir: &Path) -> Result<Self> {
        let created_dir = !dir.exists();
        if dir.is_file() {
            return Err(LuceneError::NoFolder {
                path: dir.to_owned(),
            });
        }
        fs_err::create_dir_all(dir)?;
        let path = dir.join(UNFINISHED);
        if path.is_symlink() {
            return Err(LuceneError::NotEmpty {
                path: dir.to_owned(),
            });
        }
        let leftovers = leftovers_of_commit(dir, &path)?;
        fs_err::create_dir_all(&path)?;
        let lock = match FileLock::acquire(&path.join(LOCK)) {
            Ok(lock) => lock,
            Err(LockFailure::Held) => {
                return Err(LuceneError::Locked {
                    path: dir.to_owned(),
                });
            }
            Err(LockFailure::Io(error)) => return Err(error.into()),
        };
        for path in leftovers {
            fs_err::remove_file(path)?;
        }
        Ok(Self {
            path,
            created_dir,
            _lock: lock,
        })
    }

    /// Returns the path of the folder for an index folder.
    pub(crate) fn path_in(dir: &Path) -> PathBuf {
        dir.join(UNFINISHED)
    }

    /// Returns the folder for the caller's notes for an index folder.
    pub(crate) fn records_in(dir: &Path) -> PathBuf {
        Self::path_in(dir).join(RECORDS)
    }

    /// Returns what the unfinished index in a folder is made of, if a run that can be resumed has begun one.
    pub(crate) fn run_in(dir: &Path) -> Result<Option<String>> {
        let path = run_file(dir);
        match read_small(&path) {
            Ok(run) => match String::from_utf8(run) {
                Ok(run) => Ok(Some(run)),
                Err(_) => Err(LuceneError::corrupt(&path, "it is not UTF-8")),
            },
            Err(LuceneError::Io(error)) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Returns true if a run that can be resumed has begun an index in a folder.
    pub(crate) fn has_run(dir: &Path) -> bool {
        run_file(dir).exists()
    }

    /// Records what the index is made of.
    pub(crate) fn record_run(&self, run: &str) -> Result<()> {
        Ok(write_whole(
            &self.path,
            &self.path.join(RUN),
            run.as_bytes(),
        )?)
    }

    /// Returns the path of the folder.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Returns true if the folder of the index did not exist before [`claim`](Self::claim).
    pub(crate) const fn created_dir(&self) -> bool {
        self.created_dir
    }

    /// Returns the folder of a part.
    pub(crate) fn part_dir(&self, number: u64) -> PathBuf {
        self.path.join(format!("{PART_PREFIX}{number:05}"))
    }

    /// Creates an empty folder for a part; what was there before is removed.
    pub(crate) fn create_part(&self, number: u64) -> Result<PathBuf> {
        let dir = self.part_dir(number);
        if dir.exists() {
            fs_err::remove_dir_all(&dir)?;
        }
        fault::point("a new folder")?;
        fs_err::create_dir(&dir)?;
        Ok(dir)
    }

    /// Returns the folders of the whole parts, by number.
    pub(crate) fn whole_parts(&self) -> Result<Vec<PathBuf>> {
        let mut parts = Vec::new();
        for entry in fs_err::read_dir(&self.path)? {
            let path = entry?.path();
            let name = path.file_name().and_then(|name| name.to_str());
            let number = name
                .and_then(|name| name.strip_prefix(PART_PREFIX))
                .and_then(|number| number.parse::<u64>().ok());
            if let Some(number) = number
                && PartSummary::path(&path).exists()
            {
                parts.push((number, path));
            }
        }
        parts.sort();
        Ok(parts.into_iter().map(|part| part.1).collect())
    }

    /// Removes parts that are not whole.
    pub(crate) fn remove_incomplete_parts(&self) -> Result<()> {
        for entry in fs_err::read_dir(&self.path)? {
            let entry = entry?;
            let part = entry.path();
            let is_part = entry.file_name().to_string_lossy().starts_with(PART_PREFIX);
            if is_part && !PartSummary::path(&part).exists() {
                fs_err::remove_dir_all(part)?;
            }
        }
        Ok(())
    }

    /// Removes everything but the lock.
    pub(crate) fn clear(&self) -> Result<()> {
        for entry in fs_err::read_dir(&self.path)? {
            let entry = entry?;
            if entry.file_name() == LOCK {
                continue;
            }
            if entry.file_type()?.is_dir() {
                fs_err::remove_dir_all(entry.path())?;
            } else {
                fs_err::remove_file(entry.path())?;
            }
        }
        Ok(())
    }

    /// Removes the folder.
    pub(crate) fn remove(&self) -> Result<()> {
        fault::point("the end of an unfinished index")?;
        Ok(fs_err::remove_dir_all(&self.path)?)
    }
}

/// Returns the files that a killed commit left in the folder of an index. Any other file but these and those of an
/// unfinished index is refused.
fn leftovers_of_commit(dir: &Path, unfinished: &Path) -> Result<Vec<PathBuf>> {
    let ours = unfinished.join(LOCK).exists();
    let mut leftovers = Vec::new();
    for entry in fs_err::read_dir(dir)? {
        let entry = entry?;
        let name = entry.file_name();
        let name = name.to_string_lossy();
        if ours && name.starts_with('_') {
            leftovers.push(entry.path());
        } else if name != UNFINISHED || !(ours || is_empty(unfinished)?) {
            return Err(LuceneError::NotEmpty {
                path: dir.to_owned(),
            });
        }
    }
    Ok(leftovers)
}

fn run_file(dir: &Path) -> PathBuf {
    Unfinished::path_in(dir).join(RUN)
}

/// Returns true if a folder has nothing in it, or does not exist.
fn is_empty(dir: &Path) -> Result<bool> {
    Ok(!dir.exists() || fs_err::read_dir(dir)?.next().is_none())
}
