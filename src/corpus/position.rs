//! A place between two records.

/// Where a record begins, or where the last one ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Position {
    /// Number of the source, from 0.
    pub source: usize,
    /// Decompressed bytes before it in the source.
    pub offset: u64,
    /// Lines before it in the source.
    pub lines: u64,
}
