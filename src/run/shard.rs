//! What a run of some of the parts saw of the whole input.

use serde::{Deserialize, Serialize};

/// What a run of some parts saw of the whole input, so that `join` can tell that shards belong together.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shard {
    /// `input_sha256` of the part before the first; null if that is the first of all.
    pub before: Option<String>,
    /// Where the input ended; null if the run stopped reading before that.
    pub end: Option<InputEnd>,
}

/// The end of the input.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct InputEnd {
    /// Number of all parts.
    pub parts: usize,
    /// `input_sha256` of the last one.
    pub input_sha256: String,
}
