//! Integration tests: the real program, ONNX Runtime, Anserini, Pyserini and transformers, in one binary.

mod anserini;
mod common;
mod custom_output;
mod docs;
mod documents;
mod encoder;
mod formats;
mod hostile;
mod house;
mod hub;
mod index;
mod inputs;
mod lucene;
mod parts;
mod pickle;
mod queries;
mod report;
mod resume;
mod scripts;
mod setup;
mod transformers;
mod weights;
