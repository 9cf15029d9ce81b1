//! `splade-export index`: collections, or indexes of ours, -> one Lucene index.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::Context;
use rayon::iter::{IntoParallelIterator, ParallelIterator};
use serde::Serialize;

use super::{Event, EventHandler};
use crate::collection::{CollectionFiles, Contents, Kind, Lines, parse, pretty};
use crate::corpus::{Place, ReadProgress, Source};
use crate::lucene::{CommitOptions, IndexSummary, IndexWriter, LuceneError, PartWriter, Totals};
use crate::pipeline::EncodeProgress;

/// Bytes of JSON that make a part: small files are read together, so that they do not become small segments.
const PART_BYTES: u64 = 64 << 20;
/// How much larger a file is without gzip, about.
const GZIP_FACTOR: u64 = 4;
/// Bytes of memory for all segments that are built at the same time: fewer threads are used, if need be.
const MEMORY: usize = 256 << 20;
/// More segments than this are merged, neighbours with neighbours: a search visits each.
const MOST_SEGMENTS: usize = 16;

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

impl IndexSettings {
    pub(super) fn commit(self) -> CommitOptions {
        CommitOptions {
            max_segments: Some(if self.force_merge { 1 } else { MOST_SEGMENTS }),
        }
    }
}

/// What `index` reads and writes.
#[derive(Debug, Clone)]
pub struct IndexOptions {
    /// Collections: folders of JSON Lines, files, or output folders of ours.
    pub inputs: Vec<PathBuf>,
    /// The folder to make.
    pub output: PathBuf,
    /// Parts that are read at the same time. The index does not depend on it.
    pub threads: usize,
    /// What the index is like.
    pub settings: IndexSettings,
}

/// Indexes collections. Files are read in the order of their names, which is the order of the documents. Documents
/// without terms are left out and counted.
///
/// # Errors
/// The first line that cannot be used, with its place; docids that are used twice; a folder that is not empty; fewer or
/// more documents, postings or impacts than a manifest says. Nothing is left in the output folder then.
pub fn index(options: &IndexOptions, watch: &mut EventHandler<'_>) -> anyhow::Result<IndexSummary> {
    let mut sources = Vec::new();
    let mut expected = Some(Totals::default());
    for path in &options.inputs {
        let files = CollectionFiles::find(path)?;
        let counts = files.manifest.as_ref().map(|manifest| manifest.counts);
        if files
            .manifest
            .is_some_and(|m| m.settings.kind == Kind::Weights)
        {
            anyhow::bail!(
                "{}: this collection holds weights, and an index takes impacts; export it without --step none",
                path.display()
            );
        }
        sources.extend(files.sources);
        expected = expected.zip(counts).map(|(mut sum, counts)| {
            sum += Totals {
                documents: counts.documents - counts.empty.min(counts.documents),
                empty: counts.empty,
                postings: counts.postings,
                impact_sum: counts.impact_sum,
            };
            sum
        });
    }
    let job = Job {
        options,
        read: ReadProgress::new(&sources),
        progress: Arc::default(),
        stop: AtomicBool::new(false),
    };
    watch(Event::Started(job.read.clone(), Arc::clone(&job.progress)));
    let writer = IndexWriter::create(&options.output)?;
    let written = job.write_parts(&sources, &writer).and_then(|totals| {
        compare(expected, totals)?;
        Ok(writer.commit(options.settings.commit())?)
    });
    written.map_err(|error| {
        // The first error is the one to tell.
        let _ = writer.discard();
        match error.downcast_ref() {
            Some(LuceneError::DuplicateDocid { docid, .. }) => {
                with_places(&sources, docid).unwrap_or(error)
            }
            _ => error,
        }
    })
}

/// The manifest is compared with what was read, as Anserini's index is by `build_index.sh`.
fn compare(expected: Option<Totals>, found: Totals) -> anyhow::Result<()> {
    match expected {
        Some(expected) if expected != found => anyhow::bail!(
            "the collection has {} documents with {} postings and impacts of {} in all, its manifest says {}, {} and {}; \
             files are missing or changed: export it again",
            found.documents + found.empty,
            found.postings,
            found.impact_sum,
            expected.documents + expected.empty,
            expected.postings,
            expected.impact_sum,
        ),
        _ => Ok(()),
    }
}

/// One run of `index`.
struct Job<'a> {
    options: &'a IndexOptions,
    read: ReadProgress,
    progress: Arc<EncodeProgress>,
    stop: AtomicBool,
}

impl Job<'_> {
    fn write_parts(&self, sources: &[Source], writer: &IndexWriter) -> anyhow::Result<Totals> {
        let most = MEMORY / self.options.settings.segment_memory.max(1);
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(self.options.threads.min(most).max(1))
            .build()
            .context("cannot start threads")?;
        let numbered: Vec<_> = (0..).zip(parts(sources)).collect();
        let totals = pool.install(|| {
            numbered
                .into_par_iter()
                .map(|(number, part)| {
                    let written = self.write_part(number, part, writer);
                    if written.is_err() {
                        self.stop.store(true, Ordering::Relaxed);
                    }
                    written
                })
                .collect::<Result<Vec<_>, _>>()
        });
        Ok(totals?
            .into_iter()
            .fold(Totals::default(), |mut sum, part| {
                sum += part;
                sum
            }))
    }

    fn write_part(
        &self,
        number: u64,
        sources: &[Source],
        writer: &IndexWriter,
    ) -> anyhow::Result<Totals> {
        let mut part = writer.part(number, None, self.options.settings.segment_memory)?;
        let mut postings = Vec::new();
        for source in sources {
            let mut lines = Lines::open(source, self.read.bytes())?;
            while let Some(line) = lines.next_line()? {
                if self.stop.load(Ordering::Relaxed) {
                    // Another part has failed: its error is the one that is told, and all parts are discarded.
                    return Ok(Totals::default());
                }
                let added = self.add_line(line, &mut part, &mut postings);
                added.with_context(|| lines.place().to_string())?;
                self.progress.read.fetch_add(1, Ordering::Relaxed);
                self.progress.documents.fetch_add(1, Ordering::Relaxed);
            }
        }
        Ok(part.finish()?.totals)
    }

    fn add_line(
        &self,
        line: &str,
        part: &mut PartWriter<'_>,
        postings: &mut Vec<(u32, u32)>,
    ) -> anyhow::Result<()> {
        postings.clear();
        let document = parse(line, Contents::Skip, |term, weight| {
            let impact = weight.impact(term)?;
            postings.push((part.intern(term)?, impact));
            Ok::<_, anyhow::Error>(())
        })?;
        let raw = if self.options.settings.store_raw && !postings.is_empty() {
            Some(pretty(line)?)
        } else {
            None
        };
        part.add(&document.docid, raw.as_deref(), postings)?;
        Ok(())
    }
}

/// Cuts the files into parts of a size, at their borders.
fn parts(sources: &[Source]) -> Vec<&[Source]> {
    let mut parts = Vec::new();
    let mut begin = 0;
    let mut bytes = 0;
    for (i, source) in sources.iter().enumerate() {
        let factor = if source.name.ends_with(".gz") {
            GZIP_FACTOR
        } else {
            1
        };
        let more = source.size().unwrap_or(0) * factor;
        if i > begin && bytes + more > PART_BYTES {
            parts.push(&sources[begin..i]);
            begin = i;
            bytes = 0;
        }
        bytes += more;
    }
    parts.push(&sources[begin..]);
    parts
}

/// The error for a docid that is used twice, with the lines that use it: the files are read again to find them.
fn with_places(sources: &[Source], docid: &str) -> Option<anyhow::Error> {
    let mut first: Option<Place> = None;
    for source in sources {
        let mut lines = Lines::open(source, &Arc::default()).ok()?;
        while let Some(line) = lines.next_line().ok()? {
            let mut empty = true;
            let found = parse(line, Contents::Skip, |_, _| {
                empty = false;
                Ok::<_, anyhow::Error>(())
            });
            if empty || !found.is_ok_and(|found| found.docid == docid) {
                continue;
            }
            match first {
                None => first = Some(lines.place()),
                Some(first) => {
                    return Some(anyhow::anyhow!(
                        "the docid {docid:?} is used twice, at {first} and at {}; give each document a docid of its own",
                        lines.place()
                    ));
                }
            }
        }
    }
    None
}
