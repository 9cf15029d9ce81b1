//! What a Lucene index can hold.

pub use crate::impact::MAX_IMPACT;

/// Longest term and docid, in bytes of UTF-8.
pub const MAX_TERM_BYTES: usize = 32_766;
/// Most documents of an index.
pub const MAX_DOCUMENTS: u32 = 0x7fff_ffff - 128;
