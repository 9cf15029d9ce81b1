//! Writes one part of an index: its segments, and at the end the counts of what is in it.

use std::path::{Path, PathBuf};

use crate::durable::{sync_folder, write_whole};
use crate::lucene::error::{LuceneError, Result, abbreviate};
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

/// Numbers of the terms of a part: given by the caller, or assigned as terms come.
#[derive(Debug)]
enum Terms<'a> {
    Given(&'a TermDictionary),
    Growing(TermDictionary),
}

impl Terms<'_> {
    const fn get(&self) -> &TermDictionary {
        match self {
            Self::Given(terms) => terms,
            Self::Growing(terms) => terms,
        }
    }
}

/// Writes a part, in one thread.
#[derive(Debug)]
pub struct PartWriter<'a> {
    dir: PathBuf,
    terms: Terms<'a>,
    segment_memory: usize,
    builder: Option<SegmentBuilder>,
    summary: PartSummary,
}

impl<'a> PartWriter<'a> {
    pub(crate) fn new(
        dir: PathBuf,
        vocabulary: Option<&'a TermDictionary>,
        segment_memory: usize,
    ) -> Self {
        let terms = vocabulary.map_or_else(|| Terms::Growing(TermDictionary::new()), Terms::Given);
        Self {
            dir,
            terms,
            segment_memory,
            builder: None,
            summary: PartSummary::default(),
        }
    }

    /// Returns the number of a term, for the postings of the next [`add`](Self::add). Without a given vocabulary the
    /// number may be another one after that.
    ///
    /// # Errors
    ///
    /// [`LuceneError::NotInVocabulary`] with a given vocabulary; otherwise those of [`TermDictionary::intern`].
    #[inline]
    pub fn intern(&mut self, term: &str) -> Result<u32> {
        match &mut self.terms {
            Terms::Growing(terms) => terms.intern(term),
            Terms::Given(terms) => terms.get(term).ok_or_else(|| LuceneError::NotInVocabulary {
                term: abbreviate(term),
            }),
        }
    }

    /// Adds a document, as [`SegmentBuilder::add`] does, and ends the segment if it is large enough.
    ///
    /// # Errors
    ///
    /// Those of [`SegmentBuilder::add`] and [`SegmentBuilder::finish`].
    pub fn add(&mut self, docid: &str, raw: Option<&str>, postings: &[(u32, u32)]) -> Result<()> {
        let builder = match &mut self.builder {
            Some(builder) => builder,
            None => self
                .builder
                .insert(SegmentBuilder::create(&self.dir, self.summary.segments)?),
        };
        builder.add(self.terms.get(), docid, raw, postings)?;
        let dictionary = if let Terms::Growing(terms) = &self.terms {
            terms.memory_bytes()
        } else {
            0
        };
        if builder.memory_bytes() + dictionary >= self.segment_memory
            && builder.totals().documents > 0
        {
            self.end_segment()?;
        }
        Ok(())
    }

    fn end_segment(&mut self) -> Result<()> {
        if let Some(builder) = self.builder.take() {
            self.summary.totals += *builder.totals();
            if builder.finish(self.terms.get())? {
                self.summary.segments += 1;
            }
        }
        if let Terms::Growing(terms) = &mut self.terms {
            terms.clear();
        }
        Ok(())
    }

    /// Ends the last segment and marks the part as whole.
    ///
    /// # Errors
    ///
    /// Those of [`SegmentBuilder::finish`].
    pub fn finish(mut self) -> Result<PartSummary> {
        self.end_segment()?;
        self.summary.write(&self.dir)?;
        Ok(self.summary)
    }
}
