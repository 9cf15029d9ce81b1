//! Lucene-compatible index export for learned sparse retrieval (SPLADE).
//!
//! One direction: text in, impacts out. No arrow runs backwards.
//!
//! ```text
//! files ──corpus──▶ Document ──encoder──▶ SparseVector ──impact──▶ impacts ──collection──▶ parts + manifest
//!                                 ▲
//!                  model folder ──model──▶ ONNX graph with the SPLADE head
//! ```
//!
//! [`pipeline`] is the only place where the stages meet, [`export`] the library calls behind the
//! commands. The command line itself is in the binary.

pub mod collection;
pub mod corpus;
pub mod encoder;
pub mod export;
pub mod head;
pub mod impact;
pub mod lucene;
pub mod model;
pub mod pipeline;

/// Bytes in hexadecimal, lower case.
pub(crate) fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write;
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}
