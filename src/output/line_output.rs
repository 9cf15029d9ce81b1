//! A folder of files of lines, one per part, with a manifest beside them.
//!
//! ```text
//! OUTPUT/documents/part-00000.jsonl.gz   whole parts and nothing else: Anserini reads every file in there
//! OUTPUT/manifest.json                   what it was made of, counts, a SHA-256 of each part; written last
//! OUTPUT/rejected.jsonl                  records that could not be used, if there are some
//! OUTPUT/.unfinished/                    the journal and temporary files of an unfinished run
//! ```

use std::collections::BTreeMap;
use std::io::Write;
use std::path::{Path, PathBuf};

use fs_err as fs;
use rayon::prelude::*;
use serde_json::Value;

use super::line_format::LineFormat;
use super::line_part::LinePart;
use super::output_folder::OutputFolder;
use super::traits::{
    FinishedOutput, Output, OutputState, OutputSummary, PartWriter, RunContext, ShardPart,
};
use crate::collection::{DOCUMENTS, Manifest, PartInfo};
use crate::digest::{copy_hashed, sha256_of};
use crate::durable::{AtomicFile, create_folder, sync_folder};
use crate::error::{Error, Result};
use crate::quote;
use crate::run::{
    Compression, Damaged, FinishedRun, Journal, PartFile, PartRecord, RunError, VectorKind,
};

/// Writes the parts of a run as files of lines.
pub struct LineOutput {
    format: Box<dyn LineFormat>,
    folder: OutputFolder,
    compression: Compression,
}

impl LineOutput {
    /// Writes into the folder `path`, which must not exist or be empty, or hold what an unfinished run left.
    #[must_use]
    pub fn new(path: PathBuf, format: impl LineFormat + 'static, compression: Compression) -> Self {
        Self {
            format: Box::new(format),
            folder: OutputFolder::new(path),
            compression,
        }
    }

    fn documents(&self) -> PathBuf {
        self.folder.path().join(DOCUMENTS)
    }

    fn unfinished(&self) -> PathBuf {
        self.folder.unfinished()
    }

    fn part_name(&self, number: usize) -> String {
        let (extension, suffix) = (self.format.extension(), self.compression.suffix());
        format!("part-{number:05}.{extension}{suffix}")
    }

    fn is_part(&self, name: &str) -> bool {
        name.starts_with("part-") && name.contains(&format!(".{}", self.format.extension()))
    }

    /// Makes the manifest of a finished run.
    fn manifest(&self, run: &FinishedRun) -> Manifest {
        Manifest {
            settings: run.settings.clone(),
            format: self.format.name().to_owned(),
            shard: run.shard.clone(),
            accounting: run.accounting.clone(),
            counts: run.counts(),
            parts: run
                .parts
                .values()
                .map(|part| (part, part.files_of(self.format.name())))
                .map(|(part, files)| PartInfo {
                    file: files.first().cloned().unwrap_or_default(),
                    more_files: files.iter().skip(1).cloned().collect(),
                    input_sha256: part.input_sha256.clone(),
                    counts: part.counts,
                })
                .collect(),
        }
    }

    fn summary(&self, manifest: &Manifest) -> OutputSummary {
        self.folder.summary(self.format.name(), manifest, "parts")
    }

    /// Checks `rejected.jsonl` against what was written.
    fn check_rejected(&self, expected: Option<&str>) -> Option<Damaged> {
        let expected = expected?;
        let path = self.folder.rejected();
        let reason = match sha256_of(&path) {
            Ok(sha256) if sha256 == expected => return None,
            Ok(_) => "its SHA-256 is not that of what was written".to_owned(),
            Err(error) => error.to_string(),
        };
        Some(Damaged { path, reason })
    }
}

impl Output for LineOutput {
    fn format(&self) -> &str {
        self.format.name()
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }

    fn settings(&self) -> Value {
        self.format.settings()
    }

    fn accepts(&self, kind: VectorKind) -> bool {
        self.format.accepts(kind)
    }

    fn needs_vocabulary(&self) -> bool {
        self.format.needs_vocabulary()
    }

    fn journal_folder(&self) -> PathBuf {
        self.unfinished()
    }

    fn state(&self) -> Result<OutputState> {
        // The place is taken before the folder of the parts is created.
        let is_taken = || self.folder.is_taken() || !self.documents().exists();
        self.folder
            .state(|unfinished| Journal::is_begun(unfinished) || is_taken())
    }

    fn begin(&mut self, run: &RunContext<'_>) -> Result<()> {
        self.folder.refuse_taken(self.state()?)?;
        if let Some(vocabulary) = run.vocabulary {
            self.format.set_vocabulary(vocabulary)?;
        }
        self.folder.take(run.digest)
    }

    fn prepare(&self, kept: &BTreeMap<usize, PartRecord>) -> Result<()> {
        create_folder(&self.documents())?;
        sync_folder(self.folder.path())?;
        let format = self.format.name();
        for entry in fs::read_dir(self.documents())? {
            let path = entry?.path();
            let name = path.file_name().map(|name| name.to_string_lossy());
            let name = name.unwrap_or_default();
            if !self.is_part(&name) || !path.is_file() {
                return Err(RunError::Stranger { path }.into());
            }
            let mut files = kept.values().flat_map(|part| part.files_of(format));
            if !files.any(|file| file.name == name) {
                fs::remove_file(path)?;
            }
        }
        Ok(())
    }

    fn holds(&self, _: usize, files: &[PartFile]) -> std::result::Result<bool, Damaged> {
        let folder = self.documents();
        for file in files {
            file.check(&folder)?;
        }
        Ok(!files.is_empty())
    }

    fn part(&self, number: usize) -> Result<Box<dyn PartWriter + '_>> {
        let path = self.documents().join(self.part_name(number));
        let part = LinePart::create(&*self.format, &self.unfinished(), &path, self.compression)?;
        Ok(Box::new(part))
    }

    fn adopt(&self, _: usize, shard: &ShardPart<'_>) -> Result<Vec<PartFile>> {
        let files = shard.record.files_of(self.format.name());
        for file in files {
            let unusable = |damaged: Damaged| {
                Error::output(format!(
                    "{}: {}; the command that made this shard, with `resume`, makes the part again",
                    quote::path(&damaged.path),
                    damaged.reason
                ))
            };
            let from = file
                .place(&shard.folder.join(DOCUMENTS))
                .map_err(unusable)?;
            let path = self.documents().join(&file.name);
            let mut to = AtomicFile::create(&self.unfinished(), &path)?;
            if copy_hashed(&mut fs::File::open(&from)?, &mut to)? != file.sha256 {
                return Err(unusable(Damaged {
                    path: from,
                    reason: "it is damaged: its SHA-256 is not that of what was written".to_owned(),
                }));
            }
            to.finish()?;
        }
        Ok(files.to_vec())
    }

    fn commit(&self, run: &FinishedRun) -> Result<OutputSummary> {
        for (name, content) in self.format.companions() {
            let mut file = AtomicFile::create(&self.unfinished(), &self.folder.path().join(name))?;
            file.write_all(content.as_bytes())?;
            file.finish()?;
        }
        let manifest = self.manifest(run);
        manifest.write(self.folder.path())?;
        self.folder.clear_finished()?;
        Ok(self.summary(&manifest))
    }

    fn inspect(&self) -> Result<FinishedOutput> {
        let manifest = Manifest::require(self.folder.path())?;
        self.folder.clear_finished()?;
        let folder = self.documents();
        let checked: Vec<_> = manifest
            .parts
            .par_iter()
            .map(|part| {
                let mut files = part.files();
                files
                    .try_for_each(|file| file.check(&folder))
                    .map(|()| part)
            })
            .collect();
        let mut parts = BTreeMap::new();
        let mut damaged = Vec::new();
        for part in checked {
            match part {
                Ok(part) => {
                    if let Some(number) = part.number() {
                        parts.insert(number, part.record(self.format.name()));
                    }
                }
                Err(problem) => damaged.push(problem),
            }
        }
        damaged.extend(self.check_rejected(manifest.accounting.rejected_sha256.as_deref()));
        Ok(FinishedOutput {
            summary: self.summary(&manifest),
            run: Some(FinishedRun {
                settings: manifest.settings,
                shard: manifest.shard,
                accounting: manifest.accounting,
                parts,
            }),
            damaged,
        })
    }

    fn reopen(&self) -> Result<()> {
        Ok(self.folder.reopen()?)
    }

    fn discard(&self) {
        if self.folder.is_finished() {
            return;
        }
        // Nothing can be done about a failure to clean up after a failure.
        if self.prepare(&BTreeMap::new()).is_ok() {
            let _ = fs::remove_dir(self.documents());
        }
        self.folder.discard();
    }

    fn rejected_path(&self) -> Option<PathBuf> {
        Some(self.folder.rejected())
    }
}
