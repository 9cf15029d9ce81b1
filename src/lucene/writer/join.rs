//! Joins the indexes of several runs that made some parts each.

use std::path::{Path, PathBuf};

use rayon::iter::{IntoParallelRefIterator, ParallelIterator};

use crate::lucene::error::{LuceneError, Result};
use crate::lucene::formats::commit_point;
use crate::lucene::formats::field_infos::CONTENTS;
use crate::lucene::reader::segment_reader::SegmentReader;
use crate::lucene::statistics::{IndexSummary, Totals};
use crate::lucene::writer::commit::CommitOptions;
use crate::lucene::writer::index_writer::IndexWriter;

/// An index of some parts, its segments not merged.
#[derive(Debug, Clone)]
pub struct ShareIndex {
    /// Its folder.
    pub folder: PathBuf,
    /// Number of each part, in their order, and of its documents that have terms.
    pub parts: Vec<(usize, u64)>,
}

/// Joins indexes of ours into a new one: their segments are linked (or copied, where links are not possible) under new
/// names, in order, without decoding postings, unless fewer segments are wanted than there are.
///
/// # Errors
///
/// [`LuceneError::NoIndex`], [`LuceneError::NotOurs`] or [`LuceneError::Corrupt`] for an input, [`LuceneError::DuplicateDocid`] if they share a
/// docid, and those of [`IndexWriter::create`] for the output.
pub fn merge_indexes(
    inputs: &[PathBuf],
    output: &Path,
    options: CommitOptions,
) -> Result<IndexSummary> {
    let mut readers = Vec::new();
    let mut totals = Totals::default();
    for input in inputs {
        for entry in commit_point::read(input)? {
            let reader = SegmentReader::open(entry)?;
            let contents = reader.field(CONTENTS)?;
            totals.postings += contents.postings;
            totals.impact_sum += contents.total_freq;
            readers.push(reader);
        }
    }
    // What is damaged is told now, and not when the inputs are gone.
    readers.par_iter().try_for_each(SegmentReader::verify_all)?;
    let writer = IndexWriter::create(output)?;
    match writer.commit_segments(&readers, totals, options) {
        Ok(summary) => Ok(summary),
        Err(error) => {
            // The first error is the one to tell.
            writer.discard().ok();
            Err(error)
        }
    }
}

/// Makes one index of several, with the segments in the order of the parts: the bytes are those of one run that made all
/// parts.
///
/// # Errors
///
/// [`LuceneError::NotOurs`] if an index does not hold its parts, and as [`merge_indexes`](crate::lucene::merge_indexes).
pub fn join_indexes(
    shares: &[ShareIndex],
    output: &Path,
    options: CommitOptions,
) -> Result<IndexSummary> {
    let mut numbered = Vec::new();
    let mut totals = Totals::default();
    for share in shares {
        let mut readers = commit_point::read(&share.folder)?.into_iter();
        for &(number, documents) in &share.parts {
            let mut found = 0;
            while found < documents {
                let unlike = || {
                    LuceneError::not_ours(
                        &share.folder,
                        format!(
                            "it does not hold the documents of part {number} as its collection does"
                        ),
                    )
                };
                let reader = SegmentReader::open(readers.next().ok_or_else(unlike)?)?;
                found += u64::from(reader.documents);
                if found > documents {
                    return Err(unlike());
                }
                let contents = reader.field(CONTENTS)?;
                totals.postings += contents.postings;
                totals.impact_sum += contents.total_freq;
                numbered.push((number, reader));
            }
        }
        if readers.next().is_some() {
            return Err(LuceneError::not_ours(
                &share.folder,
                "it holds more documents than its collection",
            ));
        }
    }
    // Stable: segments of a part keep their order.
    numbered.sort_by_key(|(number, _)| *number);
    let readers: Vec<_> = numbered.into_iter().map(|(_, reader)| reader).collect();
    readers.par_iter().try_for_each(SegmentReader::verify_all)?;
    let writer = IndexWriter::create(output)?;
    writer
        .commit_segments(&readers, totals, options)
        .inspect_err(|_| {
            // The first error is the one to tell.
            let _ = writer.discard();
        })
}
