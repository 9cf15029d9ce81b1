//! The folder of an output that has a manifest: what lies there, and how its place is taken.

use std::path::{Path, PathBuf};

use fs_err as fs;

use super::traits::{OutputState, OutputSummary};
use crate::collection::{MANIFEST, Manifest, REJECTED, UNFINISHED};
use crate::durable::{create_folder, fault};
use crate::error::Result;
use crate::run::RunError;

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

    /// Creates `inner`, a folder somewhere below this one, and remembers which folders down to this one were missing.
    pub fn take(&mut self, inner: &Path) -> std::io::Result<()> {
        let missing = self.path.ancestors().take_while(|path| !path.exists());
        let missing = missing.filter(|path| !path.as_os_str().is_empty());
        self.created = missing.map(Path::to_owned).collect();
        self.created.reverse();
        create_folder(inner)
    }

    /// Returns what is in the finished output. `unit` is what its files are called.
    pub fn summary(&self, format: &str, manifest: &Manifest, unit: &'static str) -> OutputSummary {
        OutputSummary {
            format: format.to_owned(),
            path: self.path.clone(),
            pieces: manifest.parts.len(),
            unit,
            bytes: manifest.parts.iter().map(|part| part.file.bytes).sum(),
        }
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
