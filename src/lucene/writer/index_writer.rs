//! Writes an index: parts, of which several may be written at the same time, then one commit.
//!
//! While it is being written, the folder of the index holds only the folder [`unfinished`](Unfinished). The commit puts
//! the segments of all parts into the folder of the index, writes the commit point, and removes `unfinished`.
//!
//! A run that was killed leaves `unfinished`: [`IndexWriter::create`] clears it, [`IndexWriter::resume`] keeps the
//! whole parts.

use std::path::{Path, PathBuf};

use crate::durable::{parent_of, sync_folder};
use crate::lucene::error::{LuceneError, Result};
use crate::lucene::formats::commit_point::{self, CommitEntry};
use crate::lucene::formats::segment_info;
use crate::lucene::formats::segment_name::SegmentName;
use crate::lucene::origin::IndexOrigin;
use crate::lucene::reader::segment_reader::SegmentReader;
use crate::lucene::statistics::{IndexSummary, Totals};
use crate::lucene::writer::commit::{self, CommitOptions};
use crate::lucene::writer::part_writer::{PartSummary, PartWriter};
use crate::lucene::writer::unfinished::Unfinished;
use crate::stop::Stop;

/// Writes the parts of an index and commits it.
#[derive(Debug)]
pub struct IndexWriter {
    dir: PathBuf,
    unfinished: Unfinished,
    pub(super) stop: Stop,
}

impl IndexWriter {
    /// Begins an index in a folder that does not exist, or is empty, or holds what a killed run left: that is cleared,
    /// unless [`resume`](Self::resume) could go on with it.
    ///
    /// # Errors
    ///
    /// [`LuceneError::NotEmpty`], [`LuceneError::OtherRun`], [`LuceneError::Locked`] or [`LuceneError::Io`].
    pub fn create(dir: &Path) -> Result<Self> {
        if Self::is_begun(dir) {
            return Err(LuceneError::OtherRun {
                path: dir.to_owned(),
            });
        }
        let writer = Self::open(dir)?;
        writer.unfinished.clear()?;
        Ok(writer)
    }

    /// Begins an index, or goes on with one that a killed run left. `run` says what the index is made of, such as a hash
    /// of input and settings; whole parts of the same run are kept.
    ///
    /// # Errors
    ///
    /// [`LuceneError::OtherRun`] if the unfinished index is of another run, and those of [`create`](Self::create).
    pub fn resume(dir: &Path, run: &str) -> Result<Self> {
        match Unfinished::run_in(dir)? {
            Some(known) if known == run => {
                let writer = Self::open(dir)?;
                writer.unfinished.remove_incomplete_parts()?;
                Ok(writer)
            }
            Some(_) => Err(LuceneError::OtherRun {
                path: dir.to_owned(),
            }),
            None => {
                let writer = Self::create(dir)?;
                writer.unfinished.record_run(run)?;
                Ok(writer)
            }
        }
    }

    fn open(dir: &Path) -> Result<Self> {
        Ok(Self {
            unfinished: Unfinished::claim(dir)?,
            dir: dir.to_owned(),
            stop: Stop::default(),
        })
    }

    /// Makes the commit end with [`LuceneError::Interrupted`] where this stop is asked for before there is an index.
    #[must_use]
    pub fn until(self, stop: &Stop) -> Self {
        Self {
            stop: stop.clone(),
            ..self
        }
    }

    /// Returns the folder for the caller's notes on its run, gone when the index is committed or discarded.
    #[must_use]
    pub fn records(dir: &Path) -> PathBuf {
        Unfinished::records_in(dir)
    }

    /// Returns true if there is an unfinished index that [`resume`](Self::resume) may go on with.
    #[must_use]
    pub fn is_begun(dir: &Path) -> bool {
        Unfinished::has_run(dir)
    }

    /// Removes what is left by a run that was killed just after its commit.
    ///
    /// # Errors
    ///
    /// [`LuceneError::Io`].
    pub fn clear_committed(dir: &Path) -> Result<()> {
        let unfinished = Unfinished::path_in(dir);
        if commit_point::is_index(dir) && unfinished.is_dir() {
            fs_err::remove_dir_all(unfinished)?;
        }
        Ok(())
    }

    /// Returns the folder of a part.
    #[must_use]
    pub fn part_dir(&self, number: u64) -> PathBuf {
        self.unfinished.part_dir(number)
    }

    /// Returns what is in a part, if it is whole: every byte of it is read and compared with the checksums.
    ///
    /// # Errors
    ///
    /// [`LuceneError::Io`]; [`LuceneError::Corrupt`], after which the part can be [written again](Self::part).
    pub fn finished_part(&self, number: u64) -> Result<Option<PartSummary>> {
        let dir = self.part_dir(number);
        if !PartSummary::path(&dir).exists() {
            return Ok(None);
        }
        let summary = PartSummary::read(&dir)?;
        for reader in open_part(&dir, &summary)? {
            reader.verify_all(&self.stop)?;
        }
        Ok(Some(summary))
    }

    /// Begins a part, whose documents come after those of parts with smaller numbers. Parts may be written by several
    /// threads at a time. A segment ends when it takes `segment_memory` bytes. The bytes of a part depend on its
    /// documents alone. What is there of a part of this number is removed.
    ///
    /// # Errors
    ///
    /// [`LuceneError::Io`].
    pub fn part(&self, number: u64, segment_memory: usize) -> Result<PartWriter> {
        let dir = self.unfinished.create_part(number)?;
        Ok(PartWriter::new(dir, segment_memory))
    }

    /// Makes an index of the whole parts.
    ///
    /// # Errors
    ///
    /// [`LuceneError::DuplicateDocid`] if documents of different segments have the same docid, or [`LuceneError::Io`].
    /// The unfinished index stays then; [`discard`](Self::discard) removes it.
    pub fn commit(&self, options: CommitOptions) -> Result<IndexSummary> {
        self.commit_parts(options, None)
    }

    /// Makes an index of the whole parts, as [`commit`](Self::commit) does, which says what it was made of.
    ///
    /// # Errors
    ///
    /// Those of [`commit`](Self::commit).
    pub fn commit_with_origin(
        &self,
        options: CommitOptions,
        origin: &IndexOrigin,
    ) -> Result<IndexSummary> {
        self.commit_parts(options, Some(origin))
    }

    fn commit_parts(
        &self,
        options: CommitOptions,
        origin: Option<&IndexOrigin>,
    ) -> Result<IndexSummary> {
        let mut totals = Totals::default();
        let mut readers = Vec::new();
        for dir in self.unfinished.whole_parts()? {
            let summary = PartSummary::read(&dir)?;
            totals += summary.totals;
            readers.extend(open_part(&dir, &summary)?);
        }
        self.commit_segments(&readers, totals, options, origin)
    }

    /// Makes an index of segments, which may lie in other folders.
    pub(crate) fn commit_segments(
        &self,
        readers: &[SegmentReader],
        totals: Totals,
        options: CommitOptions,
        origin: Option<&IndexOrigin>,
    ) -> Result<IndexSummary> {
        let unfinished = self.unfinished.path();
        let summary = commit::commit(
            &self.dir, unfinished, readers, totals, options, origin, &self.stop,
        )?;
        self.unfinished.remove()?;
        sync_folder(&self.dir)?;
        sync_folder(parent_of(&self.dir))?;
        Ok(summary)
    }

    /// Removes the unfinished index, and the folder if this writer created it. An index that was committed stays.
    ///
    /// # Errors
    ///
    /// [`LuceneError::Io`].
    pub fn discard(&self) -> Result<()> {
        if commit_point::is_index(&self.dir) {
            return Ok(());
        }
        self.unfinished.remove()?;
        for entry in fs_err::read_dir(&self.dir)? {
            let entry = entry?;
            if entry.file_name().to_string_lossy().starts_with('_') {
                fs_err::remove_file(entry.path())?;
            }
        }
        if self.unfinished.created_dir() {
            fs_err::remove_dir(&self.dir)?;
        }
        Ok(())
    }
}

/// Opens the segments of a part.
fn open_part(dir: &Path, summary: &PartSummary) -> Result<Vec<SegmentReader>> {
    (0..summary.segments)
        .map(|number| {
            let segment = SegmentName::new(dir, number);
            let id = segment_info::read_id(&segment)?;
            SegmentReader::open(CommitEntry { segment, id })
        })
        .collect()
}

#[cfg(test)]
mod tests;
