//! Writes one part of an index: its segments, and at the end the counts of what is in it.

use std::path::{Path, PathBuf};

use crate::durable::{sync_folder, write_whole};
use crate::lucene::error::{LuceneError, Result};
use crate::lucene::statistics::Totals;
use crate::lucene::store::input::read_small;
use crate::lucene::writer::segment_builder::SegmentBuilder;
use crate::lucene::writer::term_dictionary::TermDictionary;

/// Counts of what is in a finished part.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct PartSummary {
    /// Sums over the documents of the part.
    #[serde(flatten)]
    pub totals: Totals,
    /// Number of segments.
    pub segments: u64,
}

impl PartSummary {
    pub(crate) fn path(dir: &Path) -> PathBuf {
        dir.join("part.json")
    }

    pub(crate) fn read(dir: &Path) -> Result<Self> {
        let path = Self::path(dir);
        let bytes = read_small(&path)?;
        serde_json::from_slice(&bytes)
            .map_err(|error| LuceneError::corrupt(&path, error.to_string()))
    }

    fn write(&self, dir: &Path) -> Result<()> {
        let path = Self::path(dir);
        let bytes = serde_json::to_vec(self)
            .map_err(|error| LuceneError::corrupt(&path, error.to_string()))?;
        // The names of the segments' files must be on disk before the file that says that the part is whole.
        sync_folder(dir)?;
        Ok(write_whole(dir, &path, &bytes)?)
    }
}

/// A part that is being written, by one thread. The caller keeps the dictionary that gives terms their numbers.
#[derive(Debug)]
pub struct PartWriter {
    dir: PathBuf,
    segment_memory: usize,
    builder: Option<SegmentBuilder>,
    summary: PartSummary,
}

impl PartWriter {
    pub(crate) fn new(dir: PathBuf, segment_memory: usize) -> Self {
        Self {
            dir,
            segment_memory,
            builder: None,
            summary: PartSummary::default(),
        }
    }

    /// Returns true while a segment is open, whose postings hold numbers of the dictionary: it must not be cleared.
    #[must_use]
    pub fn has_open_segment(&self) -> bool {
        self.builder.is_some()
    }

    /// Adds a document with its terms and their impacts, and writes the segment if it has the size. While
    /// [`has_open_segment`](Self::has_open_segment), `terms` must be the same dictionary, which may have grown.
    ///
    /// # Errors
    ///
    /// [`LuceneError::Impact`], [`LuceneError::DuplicateTerm`], [`LuceneError::UnknownTerm`], [`LuceneError::ImpactSum`],
    /// [`LuceneError::Docid`], [`LuceneError::DocidTooLong`] or [`LuceneError::TooMany`] for the document, after which the
    /// segment cannot be finished; and the errors of [`finish`](Self::finish).
    pub fn add(
        &mut self,
        terms: &TermDictionary,
        docid: &str,
        raw: Option<&str>,
        postings: &[(u32, u32)],
    ) -> Result<()> {
        let builder = match &mut self.builder {
            Some(builder) => builder,
            None => self
                .builder
                .insert(SegmentBuilder::create(&self.dir, self.summary.segments)?),
        };
        builder.add(terms, docid, raw, postings)?;
        if builder.memory_bytes() + terms.segment_bytes() >= self.segment_memory
            && builder.totals().documents > 0
        {
            self.end_segment(terms)?;
        }
        Ok(())
    }

    fn end_segment(&mut self, terms: &TermDictionary) -> Result<()> {
        if let Some(builder) = self.builder.take() {
            self.summary.totals += *builder.totals();
            if builder.finish(terms)? {
                self.summary.segments += 1;
            }
        }
        Ok(())
    }

    /// Ends the last segment and marks the part as whole.
    ///
    /// # Errors
    ///
    /// [`LuceneError::DuplicateDocid`] if two documents of the segment have the same docid, [`LuceneError::Refused`] after
    /// a refused document, or [`LuceneError::Io`].
    pub fn finish(mut self, terms: &TermDictionary) -> Result<PartSummary> {
        self.end_segment(terms)?;
        self.summary.write(&self.dir)?;
        Ok(self.summary)
    }
}
