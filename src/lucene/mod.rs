//! Writes Lucene indexes without Java, with one file of code for each file format.
//!
//! ```text
//! documents ──PartWriter──▶ segments of a part ──IndexWriter::commit──▶ segments_1, the index
//!                                                        ▲
//!                           segments of other indexes ──merge_indexes
//! ```
//!
//! A posting is a term and an impact. Lucene keeps the impact as the term frequency, so no term is repeated as often as
//! its impact says, only to be counted again.
//! The format is that of Lucene 9.0 (codec `Lucene90`), which every Lucene from 9.0 to 10.x reads, and so every
//! Anserini since then. Opened by Lucene's own `IndexWriter`, such an index can be changed and merged like any other.
//!
//! This module knows neither models nor the files of a collection. Inside it, each folder uses only those above it:
//!
//! | folder | knows |
//! |---|---|
//! | `store` | bytes: Lucene's primitives, headers and footers, streams |
//! | `formats` | files: one Lucene file format per file of code, with its byte layout |
//! | `reader` | segments and indexes that are read: to merge, to verify |
//! | `writer` | segments and indexes that are written |

mod error;
mod formats;
mod limits;
mod origin;
mod reader;
mod statistics;
mod store;
mod writer;

pub use error::{DocumentLocation, LuceneError};
pub use formats::commit_point::is_index;
pub use limits::MAX_TERM_BYTES;
pub use origin::IndexOrigin;
pub use reader::verify::verify;
pub use statistics::{IndexSummary, Totals};
pub use writer::commit::CommitOptions;
pub use writer::index_writer::IndexWriter;
pub use writer::join::{ShardIndex, merge_indexes};
pub use writer::part_writer::{PartSummary, PartWriter};
pub use writer::term_dictionary::TermDictionary;
