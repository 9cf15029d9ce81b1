//! Limits of a Lucene index.

pub use crate::impact::MAX_IMPACT;

/// Length of the longest term and docid that Lucene takes, in bytes of UTF-8.
pub const MAX_TERM_BYTES: usize = 32_766;
/// Largest sum of the impacts of a document. Lucene counts the length of a field in 31 bits while it indexes, and refuses
/// a document whose length overflows.
pub const MAX_IMPACT_SUM: u64 = 0x7fff_ffff;
/// Number of documents that an index can have.
pub const MAX_DOCUMENTS: u32 = 0x7fff_ffff - 128;
