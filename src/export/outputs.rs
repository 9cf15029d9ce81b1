//! Where the documents of a part go: into a collection, an index, or both.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::Context;
use rayon::prelude::*;
use sha2::{Digest, Sha256};

use super::{DocumentsOptions, Event, EventHandler, IndexSettings};
use crate::collection::{
    CollectionWriter, Counts, Damaged, Entry, Home, Manifest, Opened, OutputError, PartInfo,
    PartWriter, Run, Stage, TermKeys, pretty, put_line,
};
use crate::corpus::{PartSelection, RejectedFile};
use crate::lucene::{self, CommitOptions, IndexSummary, IndexWriter, TermDictionary};

/// What a run writes. Parts can be written from several threads, in any order.
pub(super) struct Outputs {
    keys: TermKeys,
    collection: CollectionWriter,
    index: Option<Index>,
    /// The folder of an index that an earlier run has committed.
    committed: Option<PathBuf>,
    commit: CommitOptions,
}

struct Index {
    writer: IndexWriter,
    /// The model's vocabulary: a term's number is its token id.
    terms: TermDictionary,
    settings: IndexSettings,
}

/// What was found at the places of the outputs.
pub(super) enum OpenedOutputs {
    /// There is something to do.
    Writing(Outputs),
    /// All was done before. Without a collection there is no manifest.
    Finished(Option<Manifest>, Option<IndexSummary>),
}

impl Outputs {
    /// Makes the folders, none of them if one cannot be made; or goes on with what is there.
    pub(super) fn open(
        options: &DocumentsOptions,
        run: &Run,
        terms: &[String],
        watch: &mut EventHandler<'_>,
    ) -> anyhow::Result<OpenedOutputs> {
        let index = options.index.as_ref().map(|(folder, _)| folder.as_path());
        if !options.resume
            && let Some(path) = index.filter(|folder| IndexWriter::is_begun(folder))
        {
            let path = path.to_owned();
            return Err(OutputError::Unfinished { path }.into());
        }
        match (&options.output, index) {
            (Some(output), index) => {
                Self::open_collection(output, index, options, run, terms, watch)
            }
            (None, Some(index)) => Self::open_index_only(index, options, run, terms, watch),
            (None, None) => anyhow::bail!("nothing to write: name a collection, an index, or both"),
        }
    }

    fn open_collection(
        output: &Path,
        index: Option<&Path>,
        options: &DocumentsOptions,
        run: &Run,
        terms: &[String],
        watch: &mut EventHandler<'_>,
    ) -> anyhow::Result<OpenedOutputs> {
        let home = Home::Collection(output);
        let collection = if options.resume {
            let damaged = &mut |damaged| watch(Event::Damaged(damaged));
            match CollectionWriter::resume(home, run, damaged)? {
                Opened::Writing(collection) => *collection,
                Opened::Finished(manifest) => {
                    let summary = index.map(committed).transpose().with_context(|| {
                        format!(
                            "the collection {0} is finished, but its index is not whole; make it anew: \
                             splade-export index {0} --output",
                            output.display()
                        )
                    })?;
                    return Ok(OpenedOutputs::Finished(Some(*manifest), summary));
                }
            }
        } else {
            CollectionWriter::create(home, run)?
        };
        let opened = match index {
            Some(folder) if collection.commits() && IndexWriter::is_committed(folder) => {
                Ok((None, Some(folder.to_owned())))
            }
            _ => Index::open(options, run, terms).map(|index| (index, None)),
        };
        match opened {
            Ok((index, committed)) => Ok(OpenedOutputs::Writing(Self::new(
                options, collection, index, committed, terms, watch,
            )?)),
            Err(error) => {
                let _ = collection.abandon();
                Err(error)
            }
        }
    }

    fn open_index_only(
        folder: &Path,
        options: &DocumentsOptions,
        run: &Run,
        terms: &[String],
        watch: &mut EventHandler<'_>,
    ) -> anyhow::Result<OpenedOutputs> {
        if options.resume && IndexWriter::is_committed(folder) {
            return Ok(OpenedOutputs::Finished(None, Some(committed(folder)?)));
        }
        let records = IndexWriter::records(folder);
        let home = Home::Scratch(&records);
        CollectionWriter::refuse_other(home, run)?;
        let index = Index::open(options, run, terms)?;
        let damaged = &mut |damaged| watch(Event::Damaged(damaged));
        let Opened::Writing(collection) = CollectionWriter::resume(home, run, damaged)? else {
            anyhow::bail!("{}: there is a manifest in it", records.display());
        };
        Ok(OpenedOutputs::Writing(Self::new(
            options,
            *collection,
            index,
            None,
            terms,
            watch,
        )?))
    }

    fn new(
        options: &DocumentsOptions,
        collection: CollectionWriter,
        index: Option<Index>,
        committed: Option<PathBuf>,
        terms: &[String],
        watch: &mut EventHandler<'_>,
    ) -> anyhow::Result<Self> {
        let settings = options.index.as_ref().map(|(_, settings)| *settings);
        let outputs = Self {
            keys: TermKeys::new(terms),
            collection,
            index,
            committed,
            commit: match options.selection {
                PartSelection::All => settings.unwrap_or_default().commit(),
                // Merged when the shares are joined, in the order of all parts.
                _ => CommitOptions::default(),
            },
        };
        outputs.compare(watch)?;
        Ok(outputs)
    }

    /// Takes back the parts that the index has not, or not as they were written.
    fn compare(&self, watch: &mut EventHandler<'_>) -> anyhow::Result<()> {
        let Some(index) = &self.index else {
            return Ok(());
        };
        let numbers: Vec<usize> = self.collection.parts(Stage::Part).into_keys().collect();
        let found: Vec<_> = numbers
            .into_par_iter()
            .map(|number| (number, index.writer.finished_part(number as u64)))
            .collect();
        for (number, part) in found {
            match part {
                Ok(Some(_)) => continue,
                Ok(None) => {}
                Err(error) => watch(Event::Damaged(Damaged {
                    path: index.writer.part_dir(number as u64),
                    reason: error.to_string(),
                })),
            }
            self.collection.forget(Stage::Part, number)?;
        }
        Ok(())
    }

    /// The parts that need not be encoded.
    pub(super) fn made(&self) -> BTreeMap<usize, PartInfo> {
        let mut made = self.collection.parts(Stage::Weights);
        made.extend(self.collection.parts(Stage::Part));
        made
    }

    /// The whole parts, by their numbers.
    pub(super) fn parts(&self, stage: Stage) -> BTreeMap<usize, PartInfo> {
        self.collection.parts(stage)
    }

    /// Where a part's file lies.
    pub(super) fn path_of(&self, stage: Stage, info: &PartInfo) -> PathBuf {
        self.collection.path_of(stage, info)
    }

    pub(super) fn rejected(&self) -> std::io::Result<RejectedFile> {
        self.collection.rejected()
    }

    pub(super) fn keep_rejected(&self, file: RejectedFile) -> std::io::Result<String> {
        self.collection.keep_rejected(file)
    }

    /// Writes the part of this number: `write` adds its documents and returns its counts.
    pub(super) fn part(
        &self,
        stage: Stage,
        number: usize,
        input_sha256: &str,
        write: impl FnOnce(&mut PartOutputs<'_, '_>) -> anyhow::Result<Counts>,
    ) -> anyhow::Result<()> {
        let index = match (&self.index, stage) {
            (Some(index), Stage::Part) => Some(IndexPart {
                writer: index.writer.part(
                    number as u64,
                    Some(&index.terms),
                    index.settings.segment_memory,
                )?,
                raw: index.settings.store_raw.then_some(&self.keys),
                postings: Vec::new(),
            }),
            _ => None,
        };
        self.collection
            .part(stage, number, input_sha256, &self.keys, |lines| {
                let mut part = PartOutputs { lines, index };
                let counts = write(&mut part)?;
                // Before the record of the part, which says that it is whole in both.
                if let Some(index) = part.index {
                    index.writer.finish()?;
                }
                Ok(counts)
            })
    }

    /// Commits the index and completes the collection.
    pub(super) fn finish(&self, manifest: &Manifest) -> anyhow::Result<Option<IndexSummary>> {
        let summary = match (&self.index, &self.committed) {
            (Some(index), _) => {
                self.collection.note_commit()?;
                Some(index.writer.commit(self.commit)?)
            }
            (None, Some(folder)) => Some(committed(folder)?),
            (None, None) => None,
        };
        self.collection.finish(manifest)?;
        Ok(summary)
    }

    /// After a failure: leaves whole parts for a later run to go on with, and nothing at all where there are none.
    /// Returns the number of parts kept.
    pub(super) fn abandon(self) -> usize {
        let kept = self.collection.abandon();
        if let Some(index) = self.index.filter(|_| kept == 0) {
            // Nothing can be done about a failure to clean up after a failure.
            let _ = index.writer.discard();
        }
        kept
    }
}

impl Index {
    fn open(
        options: &DocumentsOptions,
        run: &Run,
        terms: &[String],
    ) -> anyhow::Result<Option<Self>> {
        let Some((folder, settings)) = &options.index else {
            return Ok(None);
        };
        let id = crate::hex(&Sha256::digest(serde_json::to_vec(run)?));
        Ok(Some(Self {
            terms: TermDictionary::from_terms(terms)?,
            writer: IndexWriter::resume(folder, &id)?,
            settings: *settings,
        }))
    }
}

/// What is in an index that an earlier run committed.
fn committed(folder: &Path) -> lucene::Result<IndexSummary> {
    let summary = lucene::verify(folder)?;
    IndexWriter::clear_committed(folder)?;
    Ok(summary)
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

impl PartOutputs<'_, '_> {
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
