//! Outputs that are put together of all parts when the run is finished.
//!
//! ```text
//! OUTPUT/<files of the format>   the whole output
//! OUTPUT/manifest.json           what it was made of, counts, a SHA-256 of each file; written last
//! OUTPUT/rejected.jsonl          records that could not be used, if there are some
//! OUTPUT/.unfinished/parts/      what the format keeps of each part until then
//! ```

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use fs_err as fs;
use serde_json::Value;

use super::traits::{
    FinishedOutput, Output, OutputState, OutputSummary, PartWriter, RunContext, ShardPart,
};
use crate::collection::{MANIFEST, Manifest, PartInfo, REJECTED, UNFINISHED};
use crate::durable::{create_folder, fault};
use crate::error::{Error, Result};
use crate::run::{Damaged, FinishedRun, PartFile, PartRecord, RunError, VectorKind};

/// Folder of the parts in the folder of an unfinished run.
const PARTS: &str = "parts";

/// A format whose files are put together of all parts.
pub(super) trait Assembly: Send + Sync {
    /// Returns the name of the format.
    fn name(&self) -> &'static str;

    /// Returns the settings that bear on the bytes.
    fn settings(&self) -> Value;

    /// Returns whether vectors of this kind can be written.
    fn accepts(&self, kind: VectorKind) -> bool;

    /// Receives the model's vocabulary before the first record, where there is one.
    ///
    /// # Errors
    /// If the format cannot write it.
    fn set_vocabulary(&mut self, terms: &[String]) -> Result<()>;

    /// Opens a writer that keeps a part in `folder`.
    ///
    /// # Errors
    /// Those of the file system.
    fn part(&self, number: usize, folder: &Path) -> Result<Box<dyn PartWriter + '_>>;

    /// Puts the files of the output together.
    ///
    /// # Errors
    /// Those of the format and of the file system.
    fn assemble(&self, run: &FinishedRun, places: &Places<'_>) -> Result<Vec<PartFile>>;
}

/// Where an assembly reads and writes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Places<'a> {
    /// The folder of the parts.
    pub parts: &'a Path,
    /// A folder for temporary files.
    pub temporary: &'a Path,
    /// The folder of the output.
    pub output: &'a Path,
}

/// Writes a run in a format that is put together of all parts.
pub struct AssembledOutput {
    assembly: Box<dyn Assembly>,
    path: PathBuf,
    created: bool,
}

impl AssembledOutput {
    /// Writes into the folder `path`, which must not exist or be empty, or hold what an unfinished run left.
    pub(super) fn of(path: PathBuf, assembly: impl Assembly + 'static) -> Self {
        Self {
            assembly: Box::new(assembly),
            path,
            created: false,
        }
    }

    fn unfinished(&self) -> PathBuf {
        self.path.join(UNFINISHED)
    }

    fn parts(&self) -> PathBuf {
        self.unfinished().join(PARTS)
    }

    fn manifest(&self, run: &FinishedRun, files: Vec<PartFile>) -> Manifest {
        let last = run.parts.values().next_back();
        Manifest {
            settings: run.settings.clone(),
            format: self.assembly.name().to_owned(),
            shard: run.shard.clone(),
            accounting: run.accounting.clone(),
            counts: run.counts(),
            parts: files
                .into_iter()
                .map(|file| PartInfo {
                    file,
                    input_sha256: last.map_or(String::new(), |part| part.input_sha256.clone()),
                    counts: run.counts(),
                })
                .collect(),
        }
    }

    fn summary(&self, manifest: &Manifest) -> OutputSummary {
        OutputSummary {
            format: self.assembly.name().to_owned(),
            path: self.path.clone(),
            pieces: manifest.parts.len(),
            unit: "files",
            bytes: manifest.parts.iter().map(|part| part.file.bytes).sum(),
        }
    }
}

impl Output for AssembledOutput {
    fn format(&self) -> &str {
        self.assembly.name()
    }

    fn path(&self) -> &Path {
        &self.path
    }

    fn settings(&self) -> Value {
        self.assembly.settings()
    }

    fn accepts(&self, kind: VectorKind) -> bool {
        self.assembly.accepts(kind)
    }

    fn journal_folder(&self) -> PathBuf {
        self.unfinished()
    }

    fn state(&self) -> Result<OutputState> {
        if !self.path.exists() {
            return Ok(OutputState::Absent);
        }
        if !self.path.is_dir() {
            return Ok(OutputState::Foreign);
        }
        if self.path.join(MANIFEST).exists() {
            return Ok(OutputState::Finished);
        }
        if self.unfinished().is_dir() {
            return Ok(OutputState::Begun);
        }
        Ok(match fs::read_dir(&self.path)?.next() {
            None => OutputState::Absent,
            Some(_) => OutputState::Foreign,
        })
    }

    fn begin(&mut self, run: &RunContext<'_>) -> Result<()> {
        let path = self.path.clone();
        if let OutputState::Finished | OutputState::Foreign = self.state()? {
            return Err(RunError::Exists { path }.into());
        }
        if let Some(vocabulary) = run.vocabulary {
            self.assembly.set_vocabulary(vocabulary)?;
        }
        self.created = !path.exists();
        Ok(create_folder(&self.parts())?)
    }

    fn prepare(&self, kept: &BTreeMap<usize, PartRecord>) -> Result<()> {
        let format = self.assembly.name();
        create_folder(&self.parts())?;
        for entry in fs::read_dir(self.parts())? {
            let path = entry?.path();
            let name = path.file_name().map(|name| name.to_string_lossy());
            let mut files = kept.values().flat_map(|part| part.files_of(format));
            if !files.any(|file| Some(file.name.as_str()) == name.as_deref()) {
                fs::remove_file(path)?;
            }
        }
        Ok(())
    }

    fn holds(&self, _: usize, files: &[PartFile]) -> std::result::Result<bool, Damaged> {
        let folder = self.parts();
        for file in files {
            file.check(&folder)?;
        }
        Ok(!files.is_empty())
    }

    fn part(&self, number: usize) -> Result<Box<dyn PartWriter + '_>> {
        self.assembly.part(number, &self.parts())
    }

    fn adopt(&self, _: usize, shard: &ShardPart<'_>) -> Result<Vec<PartFile>> {
        Err(Error::output(format!(
            "{}: shards in the format {} cannot be joined; join collections and convert the result",
            shard.folder.display(),
            self.assembly.name()
        )))
    }

    fn commit(&self, run: &FinishedRun) -> Result<OutputSummary> {
        let (parts, temporary) = (self.parts(), self.unfinished());
        let files = self.assembly.assemble(
            run,
            &Places {
                parts: &parts,
                temporary: &temporary,
                output: &self.path,
            },
        )?;
        let manifest = self.manifest(run, files);
        manifest.write(&self.path)?;
        fault::point("the removal of parts")?;
        fs::remove_dir_all(parts)?;
        // The run's journal may be in there: then the folder goes with that.
        let _ = fs::remove_dir(temporary);
        Ok(self.summary(&manifest))
    }

    fn inspect(&self) -> Result<FinishedOutput> {
        let manifest = Manifest::require(&self.path)?;
        let damaged = manifest
            .parts
            .iter()
            .filter_map(|part| check(&self.path, &part.file).err())
            .collect();
        Ok(FinishedOutput {
            summary: self.summary(&manifest),
            damaged,
            run: Some(FinishedRun {
                settings: manifest.settings,
                shard: manifest.shard,
                accounting: manifest.accounting,
                // Nothing is kept of single parts: damage means that all are written again.
                parts: BTreeMap::new(),
            }),
        })
    }

    fn reopen(&self) -> Result<()> {
        fault::point("the removal of a manifest")?;
        Ok(fs::remove_file(self.path.join(MANIFEST))?)
    }

    fn discard(&self) {
        if self.path.join(MANIFEST).exists() {
            return;
        }
        // Nothing can be done about a failure to clean up after a failure.
        let _ = fs::remove_file(self.path.join(REJECTED));
        let _ = fs::remove_dir_all(self.unfinished());
        if self.created {
            let _ = fs::remove_dir(&self.path);
        }
    }

    fn rejected_path(&self) -> Option<PathBuf> {
        Some(self.path.join(REJECTED))
    }
}

/// Compares a file, which may be in a folder of the output, with what was written.
fn check(output: &Path, file: &PartFile) -> std::result::Result<(), Damaged> {
    match file.name.rsplit_once('/') {
        Some((folder, name))
            if !folder
                .split('/')
                .any(|step| matches!(step, "" | "." | "..")) =>
        {
            let name = name.to_owned();
            PartFile {
                name,
                ..file.clone()
            }
            .check(&output.join(folder))
        }
        _ => file.check(output),
    }
}
