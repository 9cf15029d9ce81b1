//! How a corpus is cut into parts, and what happens to records that cannot be used.

use super::selection::PartSelection;

/// What happens to a record that cannot be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum OnError {
    /// It ends the reading.
    #[default]
    Stop,
    /// It is written to `rejected.jsonl`.
    Skip {
        /// One more rejected record than this ends the reading.
        max_errors: Option<u64>,
    },
}

impl OnError {
    /// Ends a reading that rejects more records than this, unless another limit is set: so many bad records mean a
    /// wrong file or a wrong option more often than they mean bad records.
    pub const DEFAULT_MAX_ERRORS: u64 = 10_000;
}

/// How a corpus is cut into parts.
#[derive(Debug, Clone, Copy)]
pub struct PartOptions {
    /// Maximum number of documents per part.
    pub part_size: usize,
    /// Which parts are wanted.
    pub selection: PartSelection,
    /// What happens to records that cannot be used.
    pub on_error: OnError,
}

impl PartOptions {
    /// Takes all parts, of this size; the first bad record ends the reading.
    #[must_use]
    pub fn whole(part_size: usize) -> Self {
        Self {
            part_size,
            selection: PartSelection::All,
            on_error: OnError::Stop,
        }
    }
}
