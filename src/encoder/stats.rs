//! What encoding took.

use std::time::Duration;

use crate::screened_head::PoolStats;

/// What encoding took.
#[derive(Debug, Clone, Copy, Default)]
pub struct EncodeStats {
    /// Time in ONNX Runtime.
    pub body: Duration,
    /// Time in the screened head; with a head in the graph, time to make its output sparse.
    pub head: Duration,
    /// Tokens, padding included.
    pub padded_tokens: u64,
    /// Columns that the screening could not exclude.
    pub survivors: u64,
    /// Exact products that were computed for the surviving columns.
    pub exact_products: u64,
    /// Texts that the screening did not suit, see [`PoolStats::fell_back`].
    pub fallbacks: u64,
}

impl EncodeStats {
    /// Adds the stats of other texts.
    pub fn add(&mut self, other: &Self) {
        self.body += other.body;
        self.head += other.head;
        self.padded_tokens += other.padded_tokens;
        self.survivors += other.survivors;
        self.exact_products += other.exact_products;
        self.fallbacks += other.fallbacks;
    }

    /// Adds what the screened head did for one text.
    pub(super) fn add_text(&mut self, stats: PoolStats) {
        self.survivors += stats.survivors as u64;
        self.exact_products += stats.exact_dots as u64;
        self.fallbacks += u64::from(stats.fell_back());
    }
}
