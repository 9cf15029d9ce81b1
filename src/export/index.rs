//! Builds an index of collections.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::Context;
use rayon::iter::{IntoParallelIterator, ParallelIterator};

use super::event::{Event, EventHandler};
use crate::collection::{CollectionFiles, Contents, Lines, Manifest, parse};
use crate::corpus::{Place, ReadProgress, Source};
use crate::error::{Error, Result};
use crate::impact::Impact;
use crate::lucene::{
    CommitOptions, IndexOrigin, IndexSummary, LuceneError, TermDictionary, Totals, merge_indexes,
};
use crate::output::{
    EncodedRecord, IndexSettings, LuceneOutput, Output, Terms, VectorRef, index_origin,
};
use crate::pipeline::EncodeProgress;
use crate::run::{PartRecord, VectorKind};
use crate::stop::Stop;

/// Bytes of JSON that make a part: small files are read together, so that they do not become small segments.
const PART_BYTES: u64 = 64 << 20;
/// How much larger a file is without gzip, about.
const GZIP_FACTOR: u64 = 4;
/// Bytes of memory for all segments that are built at the same time: fewer threads are used, if need be.
const MEMORY: usize = 256 << 20;

/// What [`build_index`] reads and writes.
#[derive(Debug, Clone)]
pub struct IndexOptions {
    /// Collections: folders of JSON Lines, files, or output folders of this program.
    pub inputs: Vec<PathBuf>,
    /// The folder to create.
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
/// more documents, postings or impacts than a manifest says; a stop that was asked for. Nothing is left in the output
/// folder then.
pub fn build_index(
    options: &IndexOptions,
    stop: &Stop,
    events: &mut EventHandler<'_>,
) -> Result<IndexSummary> {
    let Inputs {
        sources,
        expected,
        origin,
    } = find_inputs(options)?;
    let job = Job {
        options,
        read: ReadProgress::new(&sources),
        progress: Arc::default(),
        stop,
        failed: AtomicBool::new(false),
    };
    events(Event::Started(job.read.clone(), Arc::clone(&job.progress)));
    let mut output = LuceneOutput::new(options.output.clone(), options.settings);
    output.begin_without_run(stop)?;
    let written = job.write_parts(&sources, &output).and_then(|totals| {
        compare(expected, totals)?;
        stop.check()?;
        Ok(output.commit_without_run(origin.as_ref())?)
    });
    written.map_err(|error| {
        output.discard();
        duplicate_places(&sources, &error).unwrap_or(error).into()
    })
}

/// Joins indexes of this program into one, taking their segments as they are.
///
/// # Errors
/// Returns an error for what is no index of this program, for indexes that were made with other settings or are given in
/// another order than they were made, for what cannot be written, and for a stop that was asked for; nothing is left in the
/// output folder then.
pub fn join_indexes(options: &IndexOptions, stop: &Stop) -> Result<IndexSummary> {
    let commit = CommitOptions {
        max_segments: options.settings.force_merge.then_some(1),
    };
    let (inputs, output) = (&options.inputs, &options.output);
    Ok(merge_indexes(inputs, output, commit, stop)?)
}

/// What an index is built of.
struct Inputs {
    sources: Vec<Source>,
    /// What the manifests say that is in the files, if all have one.
    expected: Option<Totals>,
    /// What the manifest says that the collection was made of, if there is one collection and it has a manifest.
    origin: Option<IndexOrigin>,
}

fn find_inputs(options: &IndexOptions) -> anyhow::Result<Inputs> {
    let mut sources = Vec::new();
    let mut expected = Some(Totals::default());
    let mut origin = None;
    for path in &options.inputs {
        let files = CollectionFiles::find(path)?;
        let counts = files.manifest.as_ref().map(|manifest| manifest.counts);
        if let (Some(manifest), 1) = (&files.manifest, options.inputs.len()) {
            origin = manifest_origin(manifest, &options.settings)?;
        }
        let kind = files.manifest.map(|manifest| manifest.settings.kind);
        anyhow::ensure!(
            kind != Some(VectorKind::Weights),
            "{}: this collection holds weights, and an index takes impacts; export it without `step` none",
            crate::quote::path(path)
        );
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
    Ok(Inputs {
        sources,
        expected,
        origin,
    })
}

/// Returns what an index of a whole collection is made of, if all parts have numbers.
fn manifest_origin(
    manifest: &Manifest,
    index: &IndexSettings,
) -> anyhow::Result<Option<IndexOrigin>> {
    let parts: Option<BTreeMap<usize, PartRecord>> = manifest
        .parts
        .iter()
        .map(|part| Some((part.number()?, part.record(&manifest.format))))
        .collect();
    Ok(match parts {
        Some(parts) => Some(index_origin(
            &manifest.settings,
            &serde_json::to_value(index)?,
            parts.iter().map(|(number, part)| (*number, part)),
        )?),
        None => None,
    })
}

/// Compares the manifest with what was read, as `build_index.sh` does with Anserini's index.
fn compare(expected: Option<Totals>, found: Totals) -> anyhow::Result<()> {
    match expected {
        Some(expected) if expected != found => anyhow::bail!(
            "the collection has {} documents with {} postings and impacts of {} in all, its manifest says {}, {} and {}; \
             files are missing or changed: make it again, in another folder",
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

/// One run of [`build_index`].
struct Job<'a> {
    options: &'a IndexOptions,
    read: ReadProgress,
    progress: Arc<EncodeProgress>,
    /// Asks the run to stop.
    stop: &'a Stop,
    /// Set when a part has failed.
    failed: AtomicBool,
}

impl Job<'_> {
    fn write_parts(&self, sources: &[Source], output: &LuceneOutput) -> anyhow::Result<Totals> {
        let most = MEMORY / self.options.settings.segment_memory.max(1);
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(self.options.threads.min(most).max(1))
            .build()
            .context("cannot start threads")?;
        let numbered: Vec<_> = parts(sources).into_iter().enumerate().collect();
        let totals = pool.install(|| {
            numbered
                .into_par_iter()
                .map(|(number, part)| {
                    let written = self.write_part(number, part, output);
                    if written.is_err() {
                        self.failed.store(true, Ordering::Relaxed);
                    }
                    written
                })
                .collect::<anyhow::Result<Vec<_>>>()
        });
        let mut sum = Totals::default();
        totals?.into_iter().for_each(|totals| sum += totals);
        Ok(sum)
    }

    fn write_part(
        &self,
        number: usize,
        sources: &[Source],
        output: &LuceneOutput,
    ) -> anyhow::Result<Totals> {
        let mut writer = output.part(number)?;
        let mut reader = RecordReader::default();
        let mut totals = Totals::default();
        for source in sources {
            let mut lines = Lines::open(source, self.read.bytes())?;
            while let Some(line) = lines.next_line()? {
                self.stop.check()?;
                if self.failed.load(Ordering::Relaxed) {
                    // Another part has failed: its error is the one that is told, and all parts are discarded.
                    return Ok(totals);
                }
                let added = reader.read(line, &mut totals, |record| Ok(writer.add(record)?));
                added.with_context(|| lines.place().to_string())?;
                if !writer.holds_terms() {
                    reader.terms.clear();
                }
                self.progress.read.fetch_add(1, Ordering::Relaxed);
                self.progress.documents.fetch_add(1, Ordering::Relaxed);
            }
        }
        writer.finish(Terms::Dictionary(&reader.terms))?;
        Ok(totals)
    }
}

/// Makes records of the lines of a collection, with a dictionary that grows.
#[derive(Default)]
struct RecordReader {
    terms: TermDictionary,
    impacts: Vec<Impact>,
}

impl RecordReader {
    fn read(
        &mut self,
        line: &str,
        totals: &mut Totals,
        each: impl FnOnce(&EncodedRecord<'_>) -> anyhow::Result<()>,
    ) -> anyhow::Result<()> {
        let Self { terms, impacts } = self;
        impacts.clear();
        let document = parse(line, Contents::Skip, |term, weight| {
            let impact = weight.impact(term)?;
            impacts.push(Impact {
                term: terms.intern(term)?,
                impact,
            });
            Ok::<_, anyhow::Error>(())
        })?;
        let sum: u64 = impacts.iter().map(|entry| u64::from(entry.impact)).sum();
        *totals += Totals {
            documents: u64::from(!impacts.is_empty()),
            empty: u64::from(impacts.is_empty()),
            postings: impacts.len() as u64,
            impact_sum: sum,
        };
        each(&EncodedRecord {
            docid: &document.docid,
            contents: "",
            vector: VectorRef::Impacts(impacts),
            terms: Terms::Dictionary(terms),
            line: Some(line),
        })
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

/// Finds the lines that use a docid twice, where that is what went wrong: the files are read again.
fn duplicate_places(sources: &[Source], error: &anyhow::Error) -> Option<anyhow::Error> {
    let Some(LuceneError::DuplicateDocid { docid, .. }) = duplicate_in(error) else {
        return None;
    };
    let mut first: Option<Place> = None;
    for source in sources {
        let mut lines = Lines::open(source, &Arc::default()).ok()?;
        while let Some(line) = lines.next_line().ok()? {
            let mut empty = true;
            let found = parse(line, Contents::Skip, |_, _| {
                empty = false;
                Ok::<_, anyhow::Error>(())
            });
            if empty || !found.is_ok_and(|found| found.docid == *docid) {
                continue;
            }
            match first {
                None => first = Some(lines.place()),
                Some(first) => {
                    return Some(anyhow::anyhow!(
                        "the docid {} is used twice, at {first} and at {}; give each document a docid of its own",
                        crate::quote::Quoted(docid),
                        lines.place()
                    ));
                }
            }
        }
    }
    None
}

fn duplicate_in(error: &anyhow::Error) -> Option<&LuceneError> {
    match error.downcast_ref::<Error>() {
        Some(error) => error.downcast_ref(),
        None => error.downcast_ref(),
    }
}
