//! lucene
mod bytes;
mod doc_values;
mod error;
mod field_infos;
mod fst;
mod index_writer;
mod input;
mod ints;
mod inversion;
mod merge;
mod monotonic;
mod names;
mod norms;
mod output;
mod part_writer;
mod pfor;
mod postings;
mod segment_builder;
mod segment_files;
mod segment_info;
mod segment_reader;
mod segments;
mod skip;
mod stored_fields;
mod stored_fields_reader;
mod suffixes;
mod sync;
mod term_merge;
mod terms;
mod terms_reader;
mod vocabulary;

pub use error::{LuceneError, Place, Result};
pub use index_writer::{CommitOptions, IndexSummary, IndexWriter, merge_indexes};
pub use part_writer::{PartSummary, PartWriter};
pub use segment_builder::{SegmentBuilder, Totals};
pub use vocabulary::TermDictionary;

/// Largest impact: Lucene keeps it as a frequency, a signed 32-bit number.
pub const MAX_IMPACT: u32 = 0x7fff_ffff;
/// Longest term and docid, in bytes of UTF-8.
pub const MAX_TERM_BYTES: usize = 32_766;
/// Most documents of an index.
pub const MAX_DOCUMENTS: u32 = 0x7fff_ffff - 128;
