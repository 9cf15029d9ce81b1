//! A run that has come to its end.

use std::collections::BTreeMap;

use super::accounting::Accounting;
use super::counts::Counts;
use super::part::PartRecord;
use super::settings::RunSettings;
use super::shard::Shard;

/// A run that has come to its end: what its outputs are committed with.
#[derive(Debug, Clone, PartialEq)]
pub struct FinishedRun {
    /// What bears on the bytes of the outputs.
    pub settings: RunSettings,
    /// What the run saw of the whole input, where it encoded some of the parts only.
    pub shard: Option<Shard>,
    /// What became of the records.
    pub accounting: Accounting,
    /// The parts by their numbers.
    pub parts: BTreeMap<usize, PartRecord>,
}

impl FinishedRun {
    /// Returns the sums over all parts.
    #[must_use]
    pub fn counts(&self) -> Counts {
        self.parts.values().map(|part| &part.counts).sum()
    }
}
