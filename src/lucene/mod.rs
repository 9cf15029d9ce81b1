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
//!
//! `store` knows bytes, `formats` the files, `reader` and `writer` whole segments and indexes; each uses those before it.

mod error;
mod formats;
mod limits;
mod reader;
mod statistics;
mod store;
mod writer;

pub use error::{LuceneError, Place, Result};
pub use limits::{MAX_DOCUMENTS, MAX_IMPACT, MAX_TERM_BYTES};
pub use reader::verify::verify;
pub use statistics::{IndexSummary, Totals};
pub use writer::commit::CommitOptions;
pub use writer::index_writer::IndexWriter;
pub use writer::join::{ShareIndex, join_indexes, merge_indexes};
pub use writer::part_writer::{PartSummary, PartWriter};
pub use writer::segment_builder::SegmentBuilder;
pub use writer::term_dictionary::TermDictionary;
