//! Verifies an index.

use std::path::Path;

use rayon::iter::{IntoParallelRefIterator, ParallelIterator};

use crate::lucene::error::Result;
use crate::lucene::formats::commit_point;
use crate::lucene::formats::field_infos::CONTENTS;
use crate::lucene::reader::segment_reader::SegmentReader;
use crate::lucene::reader::term_merge;
use crate::lucene::statistics::{IndexSummary, Totals};
use crate::stop::Stop;

/// Checks an index of ours: every byte against its checksums, that the files belong together, and that no docid is used
/// twice. An index does not know how many documents without terms were left out, so this count is 0.
///
/// # Errors
///
/// [`LuceneError`](crate::lucene::LuceneError), which names the file, or says that a stop was asked for.
pub fn verify(dir: &Path, stop: &Stop) -> Result<IndexSummary> {
    let commit = commit_point::read(dir)?;
    let readers = commit
        .segments
        .into_iter()
        .map(SegmentReader::open)
        .collect::<Result<Vec<_>>>()?;
    readers
        .par_iter()
        .try_for_each(|segment| segment.verify_all(stop))?;
    term_merge::check_docids(&readers, stop)?;
    let mut summary = IndexSummary {
        totals: Totals::default(),
        terms: term_merge::count_terms(&readers, stop)?,
        segments: readers.len(),
        bytes: commit.bytes,
    };
    for reader in &readers {
        let contents = reader.field(CONTENTS)?;
        summary.totals.documents += u64::from(reader.documents);
        summary.totals.postings += contents.sum_doc_freq;
        summary.totals.impact_sum += contents.sum_total_term_freq;
        summary.bytes += reader.bytes()?;
    }
    Ok(summary)
}

#[cfg(all(test, unix))]
mod tests;
