//! Counts of the work that pooling a document took.

/// The work that pooling one document took.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct PoolStats {
    /// Number of columns that the integers could not exclude.
    pub survivors: usize,
    /// Number of products computed in `f64`. Only this count may depend a little on the kernel, and
    /// only when `float_columns` is not zero.
    pub exact_dots: usize,
    /// Number of survivors for which the integers left so many tokens that single precision had to sort
    /// them out first. It is not zero on documents that the screening does not suit: they are pooled
    /// slowly and equally exactly.
    pub float_columns: usize,
}

impl PoolStats {
    /// Returns whether single precision had to help.
    #[must_use]
    pub fn fell_back(&self) -> bool {
        self.float_columns > 0
    }
}
