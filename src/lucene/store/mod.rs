//! Reads and writes the bytes of index files: Lucene's primitives, headers and footers, and streams.

pub(crate) mod codec;
pub(crate) mod input;
pub(crate) mod output;
pub(crate) mod primitives;
