//! Lucene-compatible index export for learned sparse retrieval (SPLADE).
//!
//! One direction: text in, impacts out. No arrow runs backwards.
//!
//! ```text
//! files ──corpus──▶ Document ──encoder──▶ SparseVector ──impact──▶ EncodedRecord ──output──▶ collection, Lucene, ...
//!                                 ▲                                      └── run: identity, journal, parts, resume
//!                  model folder ──model──▶ ONNX graph with the SPLADE head
//! ```
//!
//! [`pipeline`] is the only place where the stages meet, [`export`] the library calls behind the
//! commands. The command line itself is in the binary.

#![cfg_attr(
    test,
    allow(
        clippy::cast_possible_truncation,
        clippy::cast_possible_wrap,
        clippy::cast_precision_loss,
        clippy::cast_sign_loss,
        clippy::float_cmp,
        clippy::type_complexity,
        reason = "numbers of tests are small and exact, and their tables are read where they stand"
    )
)]

pub mod collection;
pub mod corpus;
mod digest;
mod durable;
pub mod encoder;
mod error;
pub mod export;
#[cfg(any(test, fuzzing))]
#[allow(
    missing_docs,
    clippy::missing_panics_doc,
    reason = "not part of the library: a panic is what the fuzzer looks for"
)]
pub mod fuzzing;
pub mod hub;
pub mod impact;
pub mod lucene;
pub mod model;
pub mod output;
mod panic_guard;
pub mod pipeline;
mod quote;
mod regular_file;
pub mod report;
pub mod run;
pub mod screened_head;
pub mod stop;

pub use durable::{AtomicFile, NewFile, NewFileError};
pub use error::{Error, ErrorKind, Result, SettingError};
pub use quote::printable;

/// Compiles and runs the guide's examples as tests.
#[cfg(doctest)]
#[doc = include_str!("../docs/library.md")]
struct Guide;
