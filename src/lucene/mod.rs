//! The Lucene index, written without Java: one file of code for each file format.
//!
//! ```text
//! documents ──PartWriter──▶ segments of a part ──IndexWriter::commit──▶ segments_1, the index
//!                                                        ▲
//!                           segments of other indexes ──merge_indexes
//! ```
//!
//! A posting is a term and an impact, which Lucene keeps as the term frequency; nothing is repeated and counted again.
//! The format is that of Lucene 9.0 (codec `Lucene90`), which every Lucene from 9.0 to 10.x reads, and so every
//! Anserini since then. Opened by Lucene's own `IndexWriter`, such an index can be changed and merged like any other.
//!
//! Knows neither models nor the files of a collection.

mod bytes;
mod doc_values;
mod error;
mod field_infos;
mod fst;
mod index_writer;
mod input;
mod ints;
mod inversion;
mod join;
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
mod term_merge;
mod terms;
mod terms_reader;
mod verify;
mod vocabulary;

pub use error::{LuceneError, Place, Result};
pub use index_writer::{CommitOptions, IndexSummary, IndexWriter, merge_indexes};
pub use join::{ShareIndex, join_indexes};
pub use part_writer::{PartSummary, PartWriter};
pub use segment_builder::{SegmentBuilder, Totals};
pub use verify::verify;
pub use vocabulary::TermDictionary;

pub use crate::impact::MAX_IMPACT;

/// Longest term and docid, in bytes of UTF-8.
pub const MAX_TERM_BYTES: usize = 32_766;
/// Most documents of an index.
pub const MAX_DOCUMENTS: u32 = 0x7fff_ffff - 128;
