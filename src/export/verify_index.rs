//! Checks an index against the collection that it was made of.

use std::path::Path;

use anyhow::ensure;

use crate::collection::Manifest;
use crate::error::Result;
use crate::lucene::{IndexSummary, verify};
use crate::quote;
use crate::run::VectorKind;
use crate::stop::Stop;

/// Checks every checksum of an index, and that it holds what its collection holds. `collection` is the place that messages
/// name.
///
/// # Errors
/// If the index is damaged, uses a docid twice, or has other counts than the manifest; if a stop is asked for.
pub fn verify_index_of(
    index: &Path,
    collection: &Path,
    manifest: &Manifest,
    stop: &Stop,
) -> Result<IndexSummary> {
    let summary = verify(index, stop)?;
    compare(&summary, index, collection, manifest)?;
    Ok(summary)
}

fn compare(
    summary: &IndexSummary,
    index: &Path,
    collection: &Path,
    manifest: &Manifest,
) -> anyhow::Result<()> {
    let (index, collection) = (quote::path(index), quote::path(collection));
    ensure!(
        manifest.settings.kind == VectorKind::Impacts,
        "{collection}: a collection of weights has no index"
    );
    let (totals, counts) = (&summary.totals, &manifest.counts);
    let expected = (
        counts.documents - counts.empty,
        counts.postings,
        counts.impact_sum,
    );
    let found = (totals.documents, totals.postings, totals.impact_sum);
    ensure!(
        found == expected,
        "{index}: it holds {} documents with {} postings and impacts of {} in all, the collection {}, {} and {}; remove it \
         and make it again: splade-export index {collection} --output {index}",
        found.0,
        found.1,
        found.2,
        expected.0,
        expected.1,
        expected.2
    );
    Ok(())
}
