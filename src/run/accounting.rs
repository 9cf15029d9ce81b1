//! What became of the records of the input.

use serde::{Deserialize, Serialize};

/// What became of the records: `read = written + rejected`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Accounting {
    /// Records of the input; blank lines are not counted.
    pub read: u64,
    /// Documents written.
    pub written: u64,
    /// Lines of `rejected.jsonl`.
    pub rejected: u64,
    /// SHA-256 of `rejected.jsonl`; null if there is none.
    pub rejected_sha256: Option<String>,
}
