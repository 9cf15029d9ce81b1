//! Where the documents of a part go: into a collection, an index, or both.

use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

use super::{DocumentsOptions, IndexSettings};
use crate::collection::{
    CollectionWriter, Counts, Entry, PartInfo, PartWriter, TermKeys, pretty, put_line,
};
use crate::lucene::{self, IndexSummary, IndexWriter, TermDictionary};

/// What a run writes. Parts can be written from several threads, in any order.
pub(super) struct Outputs {
    keys: TermKeys,
    collection: Option<CollectionWriter>,
    index: Option<Index>,
    counts: Mutex<Counts>,
}

struct Index {
    writer: IndexWriter,
    /// The model's vocabulary: a term's number is its token id.
    terms: TermDictionary,
    settings: IndexSettings,
}

/// What was written.
pub(super) struct Finished {
    pub(super) counts: Counts,
    /// Of the collection, in order; empty if there is none.
    pub(super) parts: Vec<PartInfo>,
    pub(super) index: Option<IndexSummary>,
}

impl Outputs {
    /// Makes the folders; none of them if one cannot be made.
    pub(super) fn create(options: &DocumentsOptions, terms: &[String]) -> anyhow::Result<Self> {
        let index = match &options.index {
            None => None,
            Some((folder, settings)) => Some(Index {
                terms: TermDictionary::from_terms(terms)?,
                writer: IndexWriter::create(folder)?,
                settings: *settings,
            }),
        };
        let collection = options
            .output
            .as_ref()
            .map(|folder| CollectionWriter::create(folder, options.compression))
            .transpose();
        let mut outputs = Self {
            keys: TermKeys::new(terms),
            collection: None,
            index,
            counts: Mutex::default(),
        };
        match collection {
            Ok(collection) => outputs.collection = collection,
            Err(error) => {
                outputs.abandon();
                return Err(error);
            }
        }
        Ok(outputs)
    }

    /// A folder for intermediate files, gone when the run is finished.
    pub(super) fn scratch(&self) -> PathBuf {
        match (&self.collection, &self.index) {
            (Some(collection), _) => collection.scratch(),
            (None, Some(index)) => index.writer.scratch(),
            (None, None) => std::env::temp_dir(),
        }
    }

    pub(super) fn keys(&self) -> &TermKeys {
        &self.keys
    }

    /// Writes the part of this number: `write` adds its documents and returns its counts.
    pub(super) fn part(
        &self,
        number: usize,
        write: impl FnOnce(&mut PartOutputs<'_, '_>) -> anyhow::Result<Counts>,
    ) -> anyhow::Result<()> {
        let index = match &self.index {
            None => None,
            Some(index) => Some(IndexPart {
                writer: index.writer.part(
                    number as u64,
                    Some(&index.terms),
                    index.settings.segment_memory,
                )?,
                raw: index.settings.store_raw.then_some(&self.keys),
                postings: Vec::new(),
            }),
        };
        let write = |lines: Option<&mut PartWriter<'_>>| {
            let mut part = PartOutputs { lines, index };
            let counts = write(&mut part)?;
            // The index's first: a file in `documents` says that its part is whole, in both.
            if let Some(index) = part.index {
                index.writer.finish()?;
            }
            let all = self.counts.lock();
            all.unwrap_or_else(PoisonError::into_inner).add(&counts);
            Ok(counts)
        };
        match &self.collection {
            Some(collection) => collection.part(number, &self.keys, |lines| write(Some(lines))),
            None => write(None).map(|_| ()),
        }
    }

    /// Commits the index and completes the collection, all but its manifest.
    pub(super) fn finish(&self) -> anyhow::Result<Finished> {
        let index = match &self.index {
            None => None,
            Some(index) => Some(index.writer.commit(index.settings.commit())?),
        };
        let parts = match &self.collection {
            None => Vec::new(),
            Some(collection) => collection.finish()?,
        };
        let counts = self.counts.lock();
        Ok(Finished {
            counts: *counts.unwrap_or_else(PoisonError::into_inner),
            parts,
            index,
        })
    }

    /// After a failure: leaves the whole parts of the collection where they are, and no index. Returns the number of
    /// parts kept.
    pub(super) fn abandon(self) -> usize {
        if let Some(index) = self.index {
            // Nothing can be done about a failure to clean up after a failure.
            let _ = index.writer.discard();
        }
        self.collection.map_or(0, |collection| collection.abandon())
    }
}

/// The part that is being written.
pub(super) struct PartOutputs<'a, 'k> {
    lines: Option<&'a mut PartWriter<'k>>,
    index: Option<IndexPart<'a>>,
}

struct IndexPart<'a> {
    writer: lucene::PartWriter<'a>,
    /// Set if the JSON of each document is stored.
    raw: Option<&'a TermKeys>,
    postings: Vec<(u32, u32)>,
}

impl<'a, 'k> PartOutputs<'a, 'k> {
    /// JSON Lines alone.
    pub(super) fn lines(lines: &'a mut PartWriter<'k>) -> Self {
        Self {
            lines: Some(lines),
            index: None,
        }
    }

    /// Adds a document.
    pub(super) fn document(
        &mut self,
        docid: &str,
        contents: &str,
        entry: Entry<'_>,
    ) -> anyhow::Result<()> {
        if let Some(lines) = &mut self.lines {
            lines.document(docid, contents, entry)?;
        }
        if let (Some(index), Entry::Impacts(impacts)) = (&mut self.index, entry) {
            index.postings.clear();
            let postings = impacts.iter().map(|entry| (entry.term, entry.impact));
            index.postings.extend(postings);
            let raw = match index.raw {
                Some(keys) if !impacts.is_empty() => {
                    let mut line = Vec::new();
                    put_line(&mut line, keys, docid, contents, entry)?;
                    Some(pretty(&String::from_utf8(line)?)?)
                }
                _ => None,
            };
            index.writer.add(docid, raw.as_deref(), &index.postings)?;
        }
        Ok(())
    }
}
