//! How far the reading has come.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::source::Source;

/// How far the reading has come, for a progress display in another thread.
#[derive(Debug, Clone)]
pub struct ReadProgress {
    /// Bytes, or documents where their number is known.
    count: Arc<AtomicU64>,
    total: Option<u64>,
}

impl ReadProgress {
    /// Starts at the beginning of these sources.
    pub(crate) fn new(sources: &[Source]) -> Self {
        Self {
            count: Arc::default(),
            total: sources.iter().map(Source::size).sum(),
        }
    }

    /// Counts bytes or documents up to a number that is known.
    pub(crate) fn of(total: u64) -> Self {
        Self {
            count: Arc::default(),
            total: Some(total),
        }
    }

    /// Adds to the count.
    pub(crate) fn add(&self, count: u64) {
        self.count.fetch_add(count, Ordering::Relaxed);
    }

    /// Returns the count that a reader raises.
    pub(crate) fn bytes(&self) -> &Arc<AtomicU64> {
        &self.count
    }

    /// Returns the fraction of the input that was read, between 0 and 1; `None` where the size is unknown.
    #[must_use]
    #[allow(clippy::cast_precision_loss, reason = "a ratio for display")]
    pub fn fraction(&self) -> Option<f64> {
        let total = self.total.filter(|&total| total > 0)?;
        Some((self.count.load(Ordering::Relaxed) as f64 / total as f64).min(1.0))
    }
}
