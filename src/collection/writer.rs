//! A collection's folder while it is being written.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use fs_err as fs;
use thiserror::Error;

use super::part::{Compression, PartWriter, TermKeys};
use super::{AtomicFile, Counts, PartInfo};

pub(super) const DOCUMENTS: &str = "documents";
const UNFINISHED: &str = ".unfinished";

/// An output folder that is there already.
#[derive(Debug, Error)]
#[error("{path}: the output exists already and is never overwritten; choose another --output or remove it", path = path.display())]
pub struct OutputExists {
    path: PathBuf,
}

/// The folder of a collection. Parts can be written from several threads, in any order.
pub struct CollectionWriter {
    folder: PathBuf,
    compression: Compression,
    parts: Mutex<BTreeMap<usize, PartInfo>>,
}

impl CollectionWriter {
    /// Makes the folder, which must not exist or be empty.
    ///
    /// # Errors
    /// [`OutputExists`], or those of the file system.
    pub fn create(folder: &Path, compression: Compression) -> anyhow::Result<Self> {
        if folder.exists() && (!folder.is_dir() || fs::read_dir(folder)?.next().is_some()) {
            return Err(OutputExists {
                path: folder.to_owned(),
            }
            .into());
        }
        fs::create_dir_all(folder.join(DOCUMENTS))?;
        fs::create_dir_all(folder.join(UNFINISHED))?;
        Ok(Self {
            folder: folder.to_owned(),
            compression,
            parts: Mutex::default(),
        })
    }

    /// Writes the part of this index: `write` adds its documents and returns its counts.
    ///
    /// # Errors
    /// Those of `write` and of the file system.
    pub fn part(
        &self,
        index: usize,
        keys: &TermKeys,
        write: impl FnOnce(&mut PartWriter<'_>) -> anyhow::Result<Counts>,
    ) -> anyhow::Result<()> {
        let mut info = PartInfo {
            name: self.compression.part_name(index),
            ..PartInfo::default()
        };
        let path = self.folder.join(DOCUMENTS).join(&info.name);
        let file = AtomicFile::create(&self.folder.join(UNFINISHED), &path)?;
        let mut writer = PartWriter::new(file, self.compression, keys);
        info.counts = write(&mut writer)?;
        writer.finish(&mut info)?;
        self.lock().insert(index, info);
        Ok(())
    }

    /// A folder for intermediate files, gone when the collection is finished.
    #[must_use]
    pub fn scratch(&self) -> PathBuf {
        self.folder.join(UNFINISHED)
    }

    /// The parts written, in order.
    ///
    /// # Errors
    /// Those of the file system.
    pub fn finish(&self) -> io::Result<Vec<PartInfo>> {
        fs::remove_dir_all(self.scratch())?;
        Ok(self.lock().values().cloned().collect())
    }

    /// After a failure: leaves whole parts where they are, and nothing at all where there are none.
    /// Returns the number of parts kept.
    pub fn abandon(&self) -> usize {
        // Nothing can be done about a failure to clean up after a failure.
        let _ = fs::remove_dir_all(self.scratch());
        let kept = self.lock().len();
        if kept == 0 {
            let _ = fs::remove_dir(self.folder.join(DOCUMENTS));
            let _ = fs::remove_dir(&self.folder);
        }
        kept
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, BTreeMap<usize, PartInfo>> {
        self.parts
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}
