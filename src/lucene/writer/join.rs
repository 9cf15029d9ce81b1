//! Joins indexes that this crate wrote into one.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use rayon::iter::{IntoParallelRefIterator, ParallelIterator};

use crate::lucene::error::{LuceneError, Result};
use crate::lucene::formats::commit_point::{self, CommitPoint};
use crate::lucene::formats::field_infos::CONTENTS;
use crate::lucene::origin::IndexOrigin;
use crate::lucene::reader::segment_reader::SegmentReader;
use crate::lucene::statistics::{IndexSummary, Totals};
use crate::lucene::writer::commit::CommitOptions;
use crate::lucene::writer::index_writer::IndexWriter;
use crate::stop::Stop;

/// The index of a shard: of some parts of a collection, with segments that were not merged across parts.
#[derive(Debug, Clone)]
pub struct ShardIndex {
    /// Its folder.
    pub folder: PathBuf,
    /// Number of each part, in their order, and how many of its documents have terms.
    pub parts: Vec<(usize, u64)>,
    /// Folder of the collection that the index should have been made with, for messages.
    pub collection: PathBuf,
    /// Origin of an index that was made with this collection.
    pub origin: IndexOrigin,
}

impl ShardIndex {
    /// Checks that each index was made with its collection, part by part.
    ///
    /// # Errors
    ///
    /// [`LuceneError::WrongOrder`], [`LuceneError::OtherOrigin`], [`LuceneError::OtherParts`], [`LuceneError::NoIndex`],
    /// and those of an index that is damaged or not ours.
    pub fn check_origins(shards: &[Self]) -> Result<()> {
        for shard in shards {
            let commit = commit_point::read(&shard.folder)?;
            shard.check_origin(shards, &commit)?;
            segments_of_parts(shard, commit)?;
        }
        Ok(())
    }

    /// Refuses an index that was not made with the collection of its self.
    fn check_origin(&self, shards: &[Self], commit: &CommitPoint) -> Result<()> {
        let found = IndexOrigin::from_user_data(&commit.user_data);
        let is_of = |shard: &Self| {
            let origin = found.as_ref();
            origin.is_some_and(|origin| origin.is_same(&shard.origin))
        };
        if is_of(self) {
            return Ok(());
        }
        let other = shards.iter().find(|other| is_of(other));
        if let Some(other) = other {
            return Err(LuceneError::WrongOrder {
                index: self.folder.clone(),
                collection: self.collection.clone(),
                owner: other.collection.clone(),
            });
        }
        Err(LuceneError::OtherOrigin {
            index: self.folder.clone(),
            collection: self.collection.clone(),
            what: match found {
                None => "does not say what it was made of",
                Some(found) if found.run != self.origin.run => {
                    "was made with another model or other settings"
                }
                Some(_) => "was made of other documents",
            },
        })
    }
}

/// Joins indexes into a new one: their segments are linked (or copied, where links are not possible) under new names,
/// in order. Postings are decoded only if fewer segments are wanted than there are.
///
/// # Errors
///
/// [`LuceneError::NoIndex`], [`LuceneError::NotOurs`] or [`LuceneError::Corrupt`] for an input,
/// [`LuceneError::DuplicateDocid`] if they share a docid, [`LuceneError::Interrupted`] for a stop that was asked for, and those of [`IndexWriter::create`] for the output.
pub fn merge_indexes(
    inputs: &[PathBuf],
    output: &Path,
    options: CommitOptions,
    stop: &Stop,
) -> Result<IndexSummary> {
    let mut segments = Vec::new();
    let mut places = HashSet::new();
    for input in inputs {
        let commit = commit_point::read(input)?;
        if !places.insert(fs_err::canonicalize(input)?) {
            return Err(LuceneError::Twice {
                path: input.clone(),
            });
        }
        for entry in commit.segments {
            segments.push(SegmentReader::open(entry)?);
        }
    }
    let totals = verify_segments(&segments, stop)?;
    let writer = IndexWriter::create(output)?.until(stop);
    let committed = writer.commit_segments(&segments, totals, options, None);
    committed.inspect_err(|_| {
        // A failure to clean up must not hide the first error.
        let _ = writer.discard();
    })
}

impl IndexWriter {
    /// Makes one index of those of all shards, with the segments in the order of the parts: the bytes are those of one
    /// run that encoded all parts. The index says that it has this origin.
    ///
    /// # Errors
    ///
    /// [`LuceneError::WrongOrder`] or [`LuceneError::OtherOrigin`] if an index was not made with its collection,
    /// [`LuceneError::OtherParts`] if its segments are not those of its parts, and those of [`join_indexes`](crate::join_indexes).
    pub fn commit_joined(
        &self,
        shards: &[ShardIndex],
        options: CommitOptions,
        origin: &IndexOrigin,
    ) -> Result<IndexSummary> {
        let mut numbered = Vec::new();
        for shard in shards {
            let commit = commit_point::read(&shard.folder)?;
            shard.check_origin(shards, &commit)?;
            numbered.extend(segments_of_parts(shard, commit)?);
        }
        // The sort is stable, so that segments of a part keep their order.
        numbered.sort_by_key(|(number, _)| *number);
        let segments: Vec<_> = numbered.into_iter().map(|(_, segment)| segment).collect();
        let totals = verify_segments(&segments, &self.stop)?;
        self.commit_segments(&segments, totals, options, Some(origin))
    }
}

/// Opens the segments of a shard's index, each with the number of its part.
fn segments_of_parts(
    shard: &ShardIndex,
    commit: CommitPoint,
) -> Result<Vec<(usize, SegmentReader)>> {
    let mut numbered = Vec::new();
    let mut entries = commit.segments.into_iter();
    let other_parts = || LuceneError::OtherParts {
        index: shard.folder.clone(),
        collection: shard.collection.clone(),
    };
    for &(number, documents) in &shard.parts {
        let mut found = 0;
        while found < documents {
            let segment = SegmentReader::open(entries.next().ok_or_else(other_parts)?)?;
            found += u64::from(segment.documents);
            if found > documents {
                return Err(other_parts());
            }
            numbered.push((number, segment));
        }
    }
    if entries.next().is_some() {
        return Err(other_parts());
    }
    Ok(numbered)
}

/// Compares the checksums of segments, and returns the sums over them. Damage must be found now, and not when the inputs
/// are gone.
fn verify_segments(segments: &[SegmentReader], stop: &Stop) -> Result<Totals> {
    segments
        .par_iter()
        .try_for_each(|segment| segment.verify_all(stop))?;
    let mut totals = Totals::default();
    for segment in segments {
        let contents = segment.field(CONTENTS)?;
        totals.postings += contents.sum_doc_freq;
        totals.impact_sum += contents.sum_total_term_freq;
    }
    Ok(totals)
}

#[cfg(test)]
mod tests;
