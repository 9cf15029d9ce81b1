//! How far the reading has come.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::source::Source;

/// How far the reading has come, for a progress display in another thread.
#[derive(Debug, Clone)]
pub struct ReadProgress {
    bytes: Arc<AtomicU64>,
    total: Option<u64>,
}

impl ReadProgress {
    /// Starts at the beginning of these sources.
    pub(crate) fn new(sources: &[Source]) -> Self {
        Self {
            bytes: Arc::default(),
            total: sources.iter().map(Source::size).sum(),
        }
    }

    /// Returns the count that a reader raises.
    pub(crate) fn bytes(&self) -> &Arc<AtomicU64> {
        &self.bytes
    }

    /// Returns the fraction of the input's bytes that was read, between 0 and 1; `None` where the size is unknown.
    #[must_use]
    #[allow(clippy::cast_precision_loss, reason = "a ratio for display")]
    pub fn fraction(&self) -> Option<f64> {
        let total = self.total.filter(|&total| total > 0)?;
        Some((self.bytes.load(Ordering::Relaxed) as f64 / total as f64).min(1.0))
    }
}
