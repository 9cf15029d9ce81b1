//! From a collection to an index.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use rayon::iter::{IntoParallelIterator, ParallelIterator};

use crate::collection::{
    CollectionError, LinePlace, LineProblem, Lines, find_files, parse, pretty,
};
use crate::lucene::{
    CommitOptions, IndexSummary, IndexWriter, LuceneError, PartSummary, PartWriter,
};

/// Bytes of JSON that make a part: small files are read together, so that they do not become small segments.
const PART_BYTES: u64 = 64 << 20;
/// How much larger a file is without gzip, about.
const GZIP_FACTOR: u64 = 4;

/// Settings of an index.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct IndexOptions {
    /// Parts that are read at the same time. The index does not depend on it.
    pub threads: usize,
    /// Bytes of memory at which a segment is written.
    pub segment_memory: usize,
    /// Bytes of memory for all segments that are built at the same time: fewer threads are used, if need be.
    pub memory: usize,
    /// Whether the JSON of each document is stored, as Anserini does with `-storeRaw`.
    pub store_raw: bool,
    /// At most so many segments; 1 is "force merge".
    pub max_segments: Option<usize>,
}

impl Default for IndexOptions {
    fn default() -> Self {
        Self {
            threads: std::thread::available_parallelism().map_or(1, usize::from),
            segment_memory: 64 << 20,
            memory: 256 << 20,
            store_raw: false,
            max_segments: Some(16),
        }
    }
}

/// Indexes a collection: a folder of JSON Lines, a file, or an output folder of ours.
///
/// Files are read in the order of their names, which is the order of the documents. Documents without terms are left
/// out and counted.
///
/// # Errors
///
/// The first line that cannot be used, with its place; docids that are used twice; a folder that is not empty. Nothing
/// is left in the output folder then.
pub fn index_collection(
    input: &Path,
    output: &Path,
    options: &IndexOptions,
) -> Result<IndexSummary, CollectionError> {
    let files = find_files(input)?;
    let writer = IndexWriter::create(output).map_err(CollectionError::Index)?;
    let summary = write_parts(&files, &writer, options).and_then(|_| {
        let commit = CommitOptions {
            max_segments: options.max_segments,
        };
        writer.commit(commit).map_err(CollectionError::Index)
    });
    summary.map_err(|error| {
        // The first error is the one to tell.
        writer.discard().ok();
        match error {
            CollectionError::Index(LuceneError::DuplicateDocid {
                docid,
                first,
                second,
            }) => {
                let index_error = LuceneError::DuplicateDocid {
                    docid: docid.clone(),
                    first,
                    second,
                };
                with_places(&files, docid).unwrap_or(CollectionError::Index(index_error))
            }
            error => error,
        }
    })
}

fn write_parts(
    files: &[PathBuf],
    writer: &IndexWriter,
    options: &IndexOptions,
) -> Result<Vec<PartSummary>, CollectionError> {
    let parts = parts(files)?;
    let threads = options
        .threads
        .min(options.memory / options.segment_memory.max(1))
        .max(1);
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
    let pool =
        pool.map_err(|error| std::io::Error::other(format!("cannot start threads: {error}")))?;
    let stop = AtomicBool::new(false);
    let write = |number: usize, part: &[PathBuf]| {
        let result = write_part(number, part, writer, options, &stop);
        if result.is_err() {
            stop.store(true, Ordering::Relaxed);
        }
        result
    };
    let numbered: Vec<_> = parts.into_iter().enumerate().collect();
    pool.install(|| {
        numbered
            .into_par_iter()
            .map(|(number, part)| write(number, part))
            .collect()
    })
}

/// Cuts the files into parts of a size, at their borders.
fn parts(files: &[PathBuf]) -> Result<Vec<&[PathBuf]>, CollectionError> {
    let mut parts = Vec::new();
    let mut begin = 0;
    let mut bytes = 0;
    for (i, file) in files.iter().enumerate() {
        let factor = if file.extension().is_some_and(|extension| extension == "gz") {
            GZIP_FACTOR
        } else {
            1
        };
        let more = fs_err::metadata(file)?.len() * factor;
        if i > begin && bytes + more > PART_BYTES {
            parts.push(&files[begin..i]);
            begin = i;
            bytes = 0;
        }
        bytes += more;
    }
    parts.push(&files[begin..]);
    Ok(parts)
}

fn write_part(
    number: usize,
    files: &[PathBuf],
    writer: &IndexWriter,
    options: &IndexOptions,
    stop: &AtomicBool,
) -> Result<PartSummary, CollectionError> {
    let mut part = writer
        .part(number as u64, None, options.segment_memory)
        .map_err(CollectionError::Index)?;
    let mut postings = Vec::new();
    for file in files {
        let mut lines = Lines::open(file.clone())?;
        // Another part has failed: its error is the one that is told.
        while !stop.load(Ordering::Relaxed) {
            let Some(line) = lines.next_line()? else {
                break;
            };
            let added = add_line(line, &mut part, &mut postings, options.store_raw);
            added.map_err(|problem| lines.error(problem))?;
        }
    }
    part.finish().map_err(CollectionError::Index)
}

fn add_line(
    line: &str,
    part: &mut PartWriter<'_>,
    postings: &mut Vec<(u32, u32)>,
    store_raw: bool,
) -> Result<(), LineProblem> {
    postings.clear();
    let docid = parse(line, |term, impact| {
        postings.push((part.intern(term).map_err(LineProblem::Refused)?, impact));
        Ok(())
    })?;
    let raw = if store_raw && !postings.is_empty() {
        Some(pretty(line)?)
    } else {
        None
    };
    part.add(&docid, raw.as_deref(), postings)
        .map_err(LineProblem::Refused)
}

/// The error for a docid that is used twice, with the lines that use it: the files are read again to find them.
fn with_places(files: &[PathBuf], docid: String) -> Option<CollectionError> {
    let mut first: Option<LinePlace> = None;
    for file in files {
        let mut lines = Lines::open(file.clone()).ok()?;
        while let Some(line) = lines.next_line().ok()? {
            let mut empty = true;
            let found = parse(line, |_, _| {
                empty = false;
                Ok(())
            });
            if found.is_ok_and(|found| found == docid) && !empty {
                match first {
                    None => first = Some(lines.place().clone()),
                    Some(first) => {
                        return Some(CollectionError::DuplicateDocid {
                            docid,
                            first,
                            second: lines.place().clone(),
                        });
                    }
                }
            }
        }
    }
    None
}
