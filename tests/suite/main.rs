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
mod cluster;
mod common;
mod comparison;
mod convert;
mod convert_inputs;
mod cuda;
mod custom_output;
mod damaged_collections;
mod devices;
mod docs;
mod documents;
mod encoder;
mod engines;
mod foreign_text;
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
mod misuse;
mod parts;
mod pickle;
mod python;
mod queries;
mod rankings;
mod remedies;
mod remedies_model;
mod report;
mod resume;
mod scripts;
mod setup;
mod setup_script;
mod tokenizing;
mod transformers;
mod weights;
mod windows;
