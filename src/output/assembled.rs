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

use super::output_folder::OutputFolder;
use super::traits::{
    FinishedOutput, Output, OutputState, OutputSummary, PartWriter, RunContext, ShardPart,
};
use crate::collection::{Manifest, PartInfo};
use crate::durable::create_folder;
use crate::error::{Error, Result};
use crate::quote;
use crate::run::{Damaged, FinishedRun, PartFile, PartRecord, VectorKind};

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

    /// Returns true if terms are written as numbers, so that every run has to have a vocabulary.
    fn needs_vocabulary(&self) -> bool {
        false
    }

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
    folder: OutputFolder,
}

impl AssembledOutput {
    /// Writes into the folder `path`, which must not exist or be empty, or hold what an unfinished run left.
    pub(super) fn of(path: PathBuf, assembly: impl Assembly + 'static) -> Self {
        Self {
            assembly: Box::new(assembly),
            folder: OutputFolder::new(path),
        }
    }

    fn parts(&self) -> PathBuf {
        self.folder.unfinished().join(PARTS)
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
                    more_files: Vec::new(),
                    input_sha256: last.map_or(String::new(), |part| part.input_sha256.clone()),
                    counts: run.counts(),
                })
                .collect(),
        }
    }

    fn summary(&self, manifest: &Manifest) -> OutputSummary {
        let format = self.assembly.name();
        self.folder.summary(format, manifest, "files")
    }
}

impl Output for AssembledOutput {
    fn format(&self) -> &str {
        self.assembly.name()
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }

    fn settings(&self) -> Value {
        self.assembly.settings()
    }

    fn accepts(&self, kind: VectorKind) -> bool {
        self.assembly.accepts(kind)
    }

    fn needs_vocabulary(&self) -> bool {
        self.assembly.needs_vocabulary()
    }

    fn journal_folder(&self) -> PathBuf {
        self.folder.unfinished()
    }

    fn state(&self) -> Result<OutputState> {
        self.folder.state(|_| true)
    }

    fn begin(&mut self, run: &RunContext<'_>) -> Result<()> {
        self.folder.refuse_taken(self.state()?)?;
        if let Some(vocabulary) = run.vocabulary {
            self.assembly.set_vocabulary(vocabulary)?;
        }
        self.folder.take(run.digest)
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
            quote::path(shard.folder),
            self.assembly.name()
        )))
    }

    fn commit(&self, run: &FinishedRun) -> Result<OutputSummary> {
        let (parts, temporary) = (self.parts(), self.folder.unfinished());
        let files = self.assembly.assemble(
            run,
            &Places {
                parts: &parts,
                temporary: &temporary,
                output: self.folder.path(),
            },
        )?;
        let manifest = self.manifest(run, files);
        manifest.write(self.folder.path())?;
        self.folder.clear_finished()?;
        Ok(self.summary(&manifest))
    }

    fn inspect(&self) -> Result<FinishedOutput> {
        let manifest = Manifest::require(self.folder.path())?;
        self.folder.clear_finished()?;
        let damaged = manifest
            .parts
            .iter()
            .filter_map(|part| check(self.folder.path(), &part.file).err())
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
        Ok(self.folder.reopen()?)
    }

    fn discard(&self) {
        if !self.folder.is_finished() {
            self.folder.discard();
        }
    }

    fn rejected_path(&self) -> Option<PathBuf> {
        Some(self.folder.rejected())
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
