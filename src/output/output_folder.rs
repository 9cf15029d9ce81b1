//! The folder of an output that has a manifest: what lies there, and how its place is taken.

use std::io::Write;
use std::path::{Path, PathBuf};

use fs_err as fs;

use super::traits::{OutputState, OutputSummary};
use crate::collection::{MANIFEST, Manifest, PartInfo, REJECTED, UNFINISHED};
use crate::durable::{AtomicFile, create_folder, fault};
use crate::error::Result;
use crate::run::{Journal, RunError};

/// File with the digest of the run that took the place, in the folder of what is unfinished. Only the first output of a run
/// has its journal.
const RUN: &str = "run.sha256";

/// The folder of an output with a manifest, and a folder in it for what is unfinished.
#[derive(Debug)]
pub(super) struct OutputFolder {
    path: PathBuf,
    /// The folders that [`take`](Self::take) created, which may be removed again, outermost first.
    created: Vec<PathBuf>,
}

impl OutputFolder {
    /// Names the folder `path`, which must not exist or be empty, or hold what an unfinished run left.
    pub fn new(path: PathBuf) -> Self {
        Self {
            path,
            created: Vec::new(),
        }
    }

    /// Returns the folder.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Returns the folder of what is unfinished.
    pub fn unfinished(&self) -> PathBuf {
        self.path.join(UNFINISHED)
    }

    /// Returns where rejected records go.
    pub fn rejected(&self) -> PathBuf {
        self.path.join(REJECTED)
    }

    /// Returns true if there is a manifest, which is written last.
    pub fn is_finished(&self) -> bool {
        self.path.join(MANIFEST).exists()
    }

    /// Tells what lies there. `is_begun` says whether a folder of what is unfinished is that of an output like this.
    pub fn state(&self, is_begun: impl FnOnce(&Path) -> bool) -> Result<OutputState> {
        if !self.path.exists() {
            return Ok(OutputState::Absent);
        }
        if !self.path.is_dir() {
            return Ok(OutputState::Foreign);
        }
        if self.is_finished() {
            return Ok(OutputState::Finished);
        }
        let unfinished = self.unfinished();
        if unfinished.is_dir() && is_begun(&unfinished) {
            return Ok(OutputState::Begun);
        }
        Ok(match fs::read_dir(&self.path)?.next() {
            None => OutputState::Absent,
            Some(_) => OutputState::Foreign,
        })
    }

    /// Refuses what is neither absent nor begun.
    pub fn refuse_taken(&self, state: OutputState) -> Result<(), RunError> {
        match state {
            OutputState::Absent | OutputState::Begun => Ok(()),
            OutputState::Finished | OutputState::Foreign => Err(RunError::Exists {
                path: self.path.clone(),
            }),
        }
    }

    /// Takes the place for the run of this digest, and remembers which folders down to this one were missing.
    pub fn take(&mut self, run: &str) -> Result<()> {
        let missing = self.path.ancestors().take_while(|path| !path.exists());
        let missing = missing.filter(|path| !path.as_os_str().is_empty());
        self.created = missing.map(Path::to_owned).collect();
        self.created.reverse();
        let unfinished = self.unfinished();
        create_folder(&unfinished)?;
        let path = unfinished.join(RUN);
        match fs::read_to_string(&path) {
            Ok(known) if known == run => return Ok(()),
            Ok(_) => {
                return Err(RunError::OtherOutputs {
                    path: self.path.clone(),
                }
                .into());
            }
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            Err(error) => return Err(error.into()),
        }
        let mut file = AtomicFile::create(&unfinished, &path)?;
        file.write_all(run.as_bytes())?;
        Ok(file.finish()?)
    }

    /// Returns true if a run has taken the place, and not only created the folder of what is unfinished.
    pub fn is_taken(&self) -> bool {
        self.unfinished().join(RUN).exists()
    }

    /// Returns what is in the finished output. `unit` is what its files are called.
    pub fn summary(&self, format: &str, manifest: &Manifest, unit: &'static str) -> OutputSummary {
        let files = manifest.parts.iter().flat_map(PartInfo::files);
        OutputSummary {
            format: format.to_owned(),
            path: self.path.clone(),
            pieces: manifest.parts.len(),
            unit,
            bytes: files.map(|file| file.bytes).sum(),
        }
    }

    /// Removes what is unfinished beside a finished output. With the run's journal in there, it goes with that.
    pub fn clear_finished(&self) -> std::io::Result<()> {
        let unfinished = self.unfinished();
        if !unfinished.is_dir() || Journal::is_in(&unfinished) {
            return Ok(());
        }
        fault::point("the removal of what is unfinished")?;
        fs::remove_dir_all(unfinished)
    }

    /// Makes a finished output an unfinished one again.
    pub fn reopen(&self) -> std::io::Result<()> {
        fault::point("the removal of a manifest")?;
        fs::remove_file(self.path.join(MANIFEST))
    }

    /// Removes what every unfinished output has, and the folders that were created for it where they are empty.
    pub fn discard(&self) {
        // Nothing can be done about a failure to clean up after a failure.
        let _ = fs::remove_file(self.rejected());
        let _ = fs::remove_dir_all(self.unfinished());
        for folder in self.created.iter().rev() {
            let _ = fs::remove_dir(folder);
        }
    }
}
