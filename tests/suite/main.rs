//! Integration tests: the real program, ONNX Runtime, Anserini, Pyserini and transformers, in one binary.

#![allow(
    clippy::cast_possible_truncation,
    clippy::cast_possible_wrap,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
    clippy::type_complexity,
    reason = "numbers of tests are small, and their tables are read where they stand"
)]

mod advice;
mod anserini;
mod common;
mod comparison;
mod convert;
mod convert_inputs;
mod custom_output;
mod damaged_collections;
mod devices;
mod docs;
mod documents;
mod encoder;
mod engines;
mod formats;
mod hostile;
mod house;
mod hub;
mod index;
mod index_safety;
mod inputs;
mod kills;
mod languages;
mod lucene;
mod manners;
mod parts;
mod pickle;
mod python;
mod queries;
mod report;
mod resume;
mod scripts;
mod setup;
mod setup_script;
mod transformers;
mod weights;
mod windows;
