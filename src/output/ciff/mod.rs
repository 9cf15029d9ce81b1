//! The Common Index File Format: one index for PISA, JASS, Terrier and others.
//!
//! ```text
//! OUTPUT/index.ciff   varint length, Header; for each term by its bytes: length, PostingsList; for each document:
//!                     length, DocRecord
//! ```
//!
//! The messages are those of the format's protobuf definition (`protobuf`). A part is kept as sorted runs of postings
//! (`run`), written as documents come (`part`), and merged term by term at the end (`merge`): memory depends neither on
//! the number of documents nor on the length of a list.

mod assembly;
mod merge;
mod part;
mod protobuf;
mod run;
#[cfg(test)]
mod tests;

pub use assembly::{CiffSettings, ciff_output};
