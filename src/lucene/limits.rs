//! Limits of a Lucene index.

pub use crate::impact::MAX_IMPACT;

/// Length of the longest term and docid that Lucene takes, in bytes of UTF-8.
pub const MAX_TERM_BYTES: usize = 32_766;
/// Number of documents that an index can have.
pub const MAX_DOCUMENTS: u32 = 0x7fff_ffff - 128;
