//! Joins indexes of this crate's own into one.

use std::path::{Path, PathBuf};

use rayon::iter::{IntoParallelRefIterator, ParallelIterator};

use crate::lucene::error::{LuceneError, Result};
use crate::lucene::formats::commit_point;
use crate::lucene::formats::field_infos::CONTENTS;
use crate::lucene::reader::segment_reader::SegmentReader;
use crate::lucene::statistics::{IndexSummary, Totals};
use crate::lucene::writer::commit::CommitOptions;
use crate::lucene::writer::index_writer::IndexWriter;

/// The index of a shard: of some parts of a collection, with segments that were not merged across parts.
#[derive(Debug, Clone)]
pub struct ShardIndex {
    /// Its folder.
    pub folder: PathBuf,
    /// Number of each part, in their order, and how many of its documents have terms.
    pub parts: Vec<(usize, u64)>,
}

/// Joins indexes into a new one: their segments are linked (or copied, where links are not possible) under new names,
/// in order. Postings are decoded only if fewer segments are wanted than there are.
///
/// # Errors
///
/// [`LuceneError::NoIndex`], [`LuceneError::NotOurs`] or [`LuceneError::Corrupt`] for an input,
/// [`LuceneError::DuplicateDocid`] if they share a docid, and those of [`IndexWriter::create`] for the output.
pub fn merge_indexes(
    inputs: &[PathBuf],
    output: &Path,
    options: CommitOptions,
) -> Result<IndexSummary> {
    let mut readers = Vec::new();
    let mut totals = Totals::default();
    for input in inputs {
        for entry in commit_point::read(input)?.segments {
            let reader = SegmentReader::open(entry)?;
            let contents = reader.field(CONTENTS)?;
            totals.postings += contents.sum_doc_freq;
            totals.impact_sum += contents.sum_total_term_freq;
            readers.push(reader);
        }
    }
    // Damage must be found now, and not when the inputs are gone.
    readers.par_iter().try_for_each(SegmentReader::verify_all)?;
    let writer = IndexWriter::create(output)?;
    match writer.commit_segments(&readers, totals, options) {
        Ok(summary) => Ok(summary),
        Err(error) => {
            // A failure to clean up must not hide the first error.
            writer.discard().ok();
            Err(error)
        }
    }
}

impl IndexWriter {
    /// Makes the indexes of shards one index, with the segments in the order of the parts: the bytes are those of one run
    /// that encoded all parts.
    ///
    /// # Errors
    ///
    /// [`LuceneError::NotOurs`] if an index does not hold its parts, and as [`merge_indexes`].
    pub fn commit_joined(
        &self,
        shards: &[ShardIndex],
        options: CommitOptions,
    ) -> Result<IndexSummary> {
        let mut numbered = Vec::new();
        let mut totals = Totals::default();
        for shard in shards {
            read_shard(shard, &mut numbered, &mut totals)?;
        }
        // Stable: segments of a part keep their order.
        numbered.sort_by_key(|(number, _)| *number);
        let readers: Vec<_> = numbered.into_iter().map(|(_, reader)| reader).collect();
        readers.par_iter().try_for_each(SegmentReader::verify_all)?;
        self.commit_segments(&readers, totals, options)
    }
}

/// Opens the segments of a shard's index, each with the number of its part.
fn read_shard(
    shard: &ShardIndex,
    numbered: &mut Vec<(usize, SegmentReader)>,
    totals: &mut Totals,
) -> Result<()> {
    let mut entries = commit_point::read(&shard.folder)?.segments.into_iter();
    for &(number, documents) in &shard.parts {
        let mut found = 0;
        while found < documents {
            let unlike = || {
                LuceneError::not_ours(
                    &shard.folder,
                    format!(
                        "it does not hold the documents of part {number} as its collection does"
                    ),
                )
            };
            let reader = SegmentReader::open(entries.next().ok_or_else(unlike)?)?;
            found += u64::from(reader.documents);
            if found > documents {
                return Err(unlike());
            }
            let contents = reader.field(CONTENTS)?;
            totals.postings += contents.sum_doc_freq;
            totals.impact_sum += contents.sum_total_term_freq;
            numbered.push((number, reader));
        }
    }
    if entries.next().is_some() {
        return Err(LuceneError::not_ours(
            &shard.folder,
            "it holds more documents than its collection",
        ));
    }
    Ok(())
}
