//! What was read of a corpus.

use super::fields::FieldCount;

/// What was read.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ReadSummary {
    /// Records that belong to the parts that are wanted: documents and rejected ones.
    pub read: u64,
    /// Rejected ones among them.
    pub rejected: u64,
    /// Documents of the whole input, as far as it was read; 0 means that there is nothing to encode at all.
    pub documents: u64,
    /// In how many JSON records of the whole input, as far as it was read, each field was.
    pub fields: Vec<FieldCount>,
    /// The digest before the first wanted part; `None` if that is the first of all.
    pub before: Option<String>,
    /// Number of all parts and the last digest, if the end of the input was reached.
    pub end: Option<(usize, String)>,
}
