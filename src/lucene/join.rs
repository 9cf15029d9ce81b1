//! Joins the indexes of several runs that made some parts each.

use std::path::{Path, PathBuf};

use rayon::iter::{IntoParallelRefIterator, ParallelIterator};

use super::error::{LuceneError, Result};
use super::field_infos::CONTENTS;
use super::segment_reader::SegmentReader;
use super::{CommitOptions, IndexSummary, IndexWriter, Totals, segments};

/// An index of some parts, its segments not merged.
#[derive(Debug, Clone)]
pub struct ShareIndex {
    /// Its folder.
    pub folder: PathBuf,
    /// Number of each part, in their order, and of its documents that have terms.
    pub parts: Vec<(usize, u64)>,
}

/// Makes one index of several, with the segments in the order of the parts: the bytes are those of one run that made all
/// parts.
///
/// # Errors
///
/// [`LuceneError::NotOurs`] if an index does not hold its parts, and as [`merge_indexes`](super::merge_indexes).
pub fn join_indexes(
    shares: &[ShareIndex],
    output: &Path,
    options: CommitOptions,
) -> Result<IndexSummary> {
    let mut numbered = Vec::new();
    let mut totals = Totals::default();
    for share in shares {
        let mut readers = segments::read(&share.folder)?.into_iter();
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
