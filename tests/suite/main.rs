//! Integration tests: the real program, ONNX Runtime, Anserini, Pyserini and transformers, in one binary.

mod anserini;
mod common;
mod docs;
mod documents;
mod encoder;
mod hostile;
mod house;
mod hub;
mod index;
mod lucene;
mod parts;
mod pickle;
mod queries;
mod report;
mod resume;
mod setup;
mod transformers;
mod weights;
