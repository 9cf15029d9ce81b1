//! Bytes of index files: Lucene's primitives, headers and footers, and files that are written and read as streams.

pub(crate) mod input;
pub(crate) mod output;
pub(crate) mod primitives;
