//! A Lucene impact index, written by this program.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use serde::Serialize;
use serde_json::Value;

use super::index_origin::{difference as index_difference, index_origin};
use super::json_vectors::JsonVectors;
use super::line_format::LineFormat;
use super::pseudo_terms::PseudoTerms;
use super::record::{EncodedRecord, Terms, VectorRef};
use super::traits::{
    FinishedOutput, Output, OutputState, OutputSummary, PartWriter, RunContext, ShardOutput,
    ShardPart,
};
use crate::collection::pretty;
use crate::corpus::PartSelection;
use crate::error::{Error, Result};
use crate::lucene::{
    self, CommitOptions, IndexOrigin, IndexSummary, IndexWriter, LuceneError, ShardIndex,
    TermDictionary, is_index,
};
use crate::quote;
use crate::run::{Damaged, FinishedRun, PartFile, PartRecord, RunError, RunSettings, VectorKind};
use crate::stop::Stop;

/// More segments than this are merged, neighbors with neighbors: a search visits each.
const MAX_SEGMENTS: usize = 16;

/// What an index is like.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct IndexSettings {
    /// Bytes of memory at which a segment is written.
    pub segment_memory: usize,
    /// Whether the JSON of each document is stored, as Anserini does with `-storeRaw`.
    pub store_raw: bool,
    /// Whether all segments are merged into one.
    pub force_merge: bool,
}

impl Default for IndexSettings {
    fn default() -> Self {
        Self {
            segment_memory: 64 << 20,
            store_raw: false,
            force_merge: false,
        }
    }
}

/// Writes the parts of a run as segments of one index.
pub struct LuceneOutput {
    path: PathBuf,
    settings: IndexSettings,
    writer: Option<IndexWriter>,
    /// The model's terms as they are written; a term's number is its token id.
    terms: Option<TermDictionary>,
    /// The line that is stored for each document, where lines are stored.
    json: JsonVectors,
    /// Whether the parts stay with the shards until the commit, which takes their segments.
    of_shards: bool,
    /// What is taken of each shard's index, by the home of the shard.
    adopted: Mutex<BTreeMap<PathBuf, AdoptedShard>>,
    summary: Mutex<Option<IndexSummary>>,
}

impl LuceneOutput {
    /// Writes into the folder `path`, which must not exist or be empty, or hold what an unfinished run left.
    #[must_use]
    pub fn new(path: PathBuf, settings: IndexSettings) -> Self {
        Self {
            path,
            settings,
            writer: None,
            terms: None,
            json: JsonVectors::default(),
            of_shards: false,
            adopted: Mutex::default(),
            summary: Mutex::default(),
        }
    }

    /// Returns what is in the index, once it is committed or was found finished.
    #[must_use]
    pub fn index_summary(&self) -> Option<IndexSummary> {
        *self.summary.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Writes an index of the segments that the indexes of shards have.
    #[must_use]
    pub fn of_shards(path: PathBuf, settings: IndexSettings) -> Self {
        Self {
            of_shards: true,
            ..Self::new(path, settings)
        }
    }

    /// Takes the place for an index that cannot be resumed: what an earlier one left is cleared.
    /// A stop that is asked for ends the commit.
    pub(crate) fn begin_without_run(&mut self, stop: &Stop) -> Result<()> {
        self.writer = Some(IndexWriter::create(&self.path)?.until(stop));
        Ok(())
    }

    /// Makes the whole parts the finished index, which says what it was made of, if that is known.
    pub(crate) fn commit_without_run(&self, origin: Option<&IndexOrigin>) -> Result<IndexSummary> {
        let writer = self.writer()?;
        Ok(match origin {
            Some(origin) => writer.commit_with_origin(self.merged(), origin)?,
            None => writer.commit(self.merged())?,
        })
    }

    fn merged(&self) -> CommitOptions {
        let force_merge = self.settings.force_merge;
        CommitOptions {
            max_segments: Some(if force_merge { 1 } else { MAX_SEGMENTS }),
        }
    }

    fn writer(&self) -> Result<&IndexWriter> {
        let path = || quote::path(&self.path);
        self.writer
            .as_ref()
            .ok_or_else(|| Error::output(format!("{}: the index was not begun", path())))
    }

    fn options(&self, run: &FinishedRun) -> CommitOptions {
        match run.settings.selection {
            PartSelection::All => self.merged(),
            // Merged when the shards are joined, in the order of all parts.
            _ => CommitOptions { max_segments: None },
        }
    }

    fn summarize(&self, summary: IndexSummary) -> OutputSummary {
        *self.summary.lock().unwrap_or_else(PoisonError::into_inner) = Some(summary);
        OutputSummary {
            format: self.format().to_owned(),
            path: self.path.clone(),
            pieces: summary.segments,
            unit: "segments",
            bytes: summary.bytes,
        }
    }
}

impl Output for LuceneOutput {
    fn format(&self) -> &'static str {
        "lucene"
    }

    fn path(&self) -> &Path {
        &self.path
    }

    fn settings(&self) -> Value {
        serde_json::to_value(self.settings).unwrap_or_default()
    }

    fn accepts(&self, kind: VectorKind) -> bool {
        kind == VectorKind::Impacts
    }

    fn remake_command(&self) -> String {
        let IndexSettings {
            segment_memory,
            store_raw,
            force_merge,
        } = self.settings;
        let mut command = "index".to_owned();
        if segment_memory != IndexSettings::default().segment_memory {
            command.push_str(&format!(" --segment-memory {segment_memory}B"));
        }
        for (flag, given) in [("--store-raw", store_raw), ("--force-merge", force_merge)] {
            if given {
                command.push(' ');
                command.push_str(flag);
            }
        }
        command
    }

    fn journal_folder(&self) -> PathBuf {
        IndexWriter::records(&self.path)
    }

    fn state(&self) -> Result<OutputState> {
        Ok(if is_index(&self.path) {
            OutputState::Finished
        } else if IndexWriter::is_begun(&self.path) {
            OutputState::Begun
        } else {
            // Whether something else lies there, the writer finds out when it takes the place.
            OutputState::Absent
        })
    }

    fn begin(&mut self, run: &RunContext<'_>) -> Result<()> {
        if let Some(vocabulary) = run.vocabulary {
            let written = PseudoTerms::new(vocabulary)?;
            self.terms = Some(TermDictionary::from_terms(written.terms())?);
            self.json.set_vocabulary(vocabulary)?;
        }
        self.writer = Some(IndexWriter::resume(&self.path, run.digest)?);
        Ok(())
    }

    fn prepare(&self, _: &BTreeMap<usize, PartRecord>) -> Result<()> {
        Ok(())
    }

    fn holds(&self, number: usize, _: &[PartFile]) -> std::result::Result<bool, Damaged> {
        let Some(writer) = self.writer.as_ref().filter(|_| !self.of_shards) else {
            return Ok(self.of_shards);
        };
        match writer.finished_part(number as u64) {
            Ok(part) => Ok(part.is_some()),
            Err(error) => Err(Damaged {
                path: writer.part_dir(number as u64),
                reason: error.to_string(),
            }),
        }
    }

    fn part(&self, number: usize) -> Result<Box<dyn PartWriter + '_>> {
        let writer = self.writer()?;
        let memory = self.settings.segment_memory;
        Ok(Box::new(SegmentPart {
            writer: writer.part(number as u64, memory)?,
            terms: self.terms.as_ref(),
            json: self.settings.store_raw.then_some(&self.json),
            postings: Vec::new(),
            line: Vec::new(),
        }))
    }

    fn check_shards(&self, shards: &[ShardOutput<'_>]) -> Result<()> {
        let shards = shards
            .iter()
            .map(|shard| shard_index(shard.folder, shard.home, shard.settings, shard.parts))
            .collect::<Result<Vec<_>>>()?;
        Ok(ShardIndex::check_origins(&shards)?)
    }

    fn adopt(&self, number: usize, shard: &ShardPart<'_>) -> Result<Vec<PartFile>> {
        self.adopted
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .entry(shard.home.to_owned())
            .or_insert_with(|| AdoptedShard {
                folder: shard.folder.to_owned(),
                parts: BTreeMap::new(),
            })
            .parts
            .insert(number, shard.record.clone());
        Ok(Vec::new())
    }

    fn commit(&self, run: &FinishedRun) -> Result<OutputSummary> {
        let writer = self.writer()?;
        let options = self.options(run);
        let origin = index_origin(
            &run.settings,
            &self.settings(),
            run.parts.iter().map(by_number),
        )?;
        let adopted = self.adopted.lock().unwrap_or_else(PoisonError::into_inner);
        let summary = if self.of_shards {
            let shards = adopted
                .iter()
                .map(|(home, shard)| shard_index(&shard.folder, home, &run.settings, &shard.parts))
                .collect::<Result<Vec<_>>>()?;
            writer.commit_joined(&shards, options, &origin)?
        } else {
            writer.commit_with_origin(options, &origin)?
        };
        Ok(self.summarize(summary))
    }

    fn inspect(&self) -> Result<FinishedOutput> {
        let summary = lucene::verify(&self.path, &Stop::default())?;
        IndexWriter::clear_committed(&self.path)?;
        Ok(FinishedOutput {
            summary: self.summarize(summary),
            run: None,
            damaged: Vec::new(),
        })
    }

    fn check_run(&self, settings: &RunSettings) -> Result<()> {
        let wanted = index_origin(settings, &self.settings(), [])?;
        let Some(found) = IndexOrigin::read(&self.path)? else {
            return Ok(());
        };
        let path = self.path.clone();
        RunError::refuse(&path, index_difference(&found, &wanted))?;
        if found.run != wanted.run {
            return Err(RunError::OtherIndex { path }.into());
        }
        Ok(())
    }

    fn reopen(&self) -> Result<()> {
        Err(Error::output(format!(
            "{}: an index cannot be repaired; build it again in another folder",
            quote::path(&self.path)
        )))
    }

    fn discard(&self) {
        if let Some(writer) = &self.writer {
            // Nothing can be done about a failure to clean up after a failure.
            let _ = writer.discard();
        }
    }
}

/// What is taken of a shard's index.
struct AdoptedShard {
    folder: PathBuf,
    parts: BTreeMap<usize, PartRecord>,
}

/// Describes the index that a shard's run wrote beside `home`.
fn shard_index(
    folder: &Path,
    home: &Path,
    settings: &RunSettings,
    parts: &BTreeMap<usize, PartRecord>,
) -> Result<ShardIndex> {
    let with_terms = |(number, part): (&usize, &PartRecord)| {
        let counts = &part.counts;
        (
            *number,
            counts.documents - counts.empty.min(counts.documents),
        )
    };
    Ok(ShardIndex {
        folder: folder.to_owned(),
        parts: parts.iter().map(with_terms).collect(),
        collection: home.to_owned(),
        origin: index_origin(settings, &Value::Null, parts.iter().map(by_number))?,
    })
}

fn by_number<'p>((number, part): (&usize, &'p PartRecord)) -> (usize, &'p PartRecord) {
    (*number, part)
}

/// The part that is being written.
struct SegmentPart<'o> {
    writer: lucene::PartWriter,
    terms: Option<&'o TermDictionary>,
    /// Set if the JSON of each document is stored.
    json: Option<&'o JsonVectors>,
    postings: Vec<(u32, u32)>,
    line: Vec<u8>,
}

impl SegmentPart<'_> {
    /// Returns the JSON that is stored with a document, as Anserini stores it.
    fn raw(&mut self, record: &EncodedRecord<'_>) -> Result<Option<String>> {
        let Some(json) = self.json.filter(|_| !record.vector.is_empty()) else {
            return Ok(None);
        };
        if let Some(line) = record.line {
            return Ok(Some(pretty(line)?));
        }
        self.line.clear();
        json.write(record, &mut self.line)?;
        let line = std::str::from_utf8(&self.line).unwrap_or_default();
        Ok(Some(pretty(line)?))
    }
}

impl PartWriter for SegmentPart<'_> {
    fn add(&mut self, record: &EncodedRecord<'_>) -> Result<()> {
        let VectorRef::Impacts(impacts) = record.vector else {
            return Err(LuceneError::NotImpacts.into());
        };
        let raw = self.raw(record)?;
        self.postings.clear();
        self.postings
            .extend(impacts.iter().map(|entry| (entry.term, entry.impact)));
        let terms = written_terms(record.terms, self.terms)?;
        Ok(self
            .writer
            .add(terms, record.docid, raw.as_deref(), &self.postings)?)
    }

    fn holds_terms(&self) -> bool {
        self.writer.has_open_segment()
    }

    fn finish(self: Box<Self>, terms: Terms<'_>) -> Result<Vec<PartFile>> {
        self.writer.finish(written_terms(terms, self.terms)?)?;
        Ok(Vec::new())
    }
}

/// Returns the dictionary behind the ids of a record: that of the collection it is read from, or the vocabulary's.
fn written_terms<'a>(
    terms: Terms<'a>,
    vocabulary: Option<&'a TermDictionary>,
) -> Result<&'a TermDictionary> {
    match (terms, vocabulary) {
        (Terms::Dictionary(terms), _) | (Terms::Vocabulary(_), Some(terms)) => Ok(terms),
        (Terms::Vocabulary(_), None) => Err(LuceneError::NoVocabulary.into()),
    }
}
