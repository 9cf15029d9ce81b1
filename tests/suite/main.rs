//! Integration tests: the real program, ONNX Runtime, Anserini, Pyserini and transformers, in one binary.

mod anserini;
mod common;
mod docs;
mod documents;
mod encoder;
mod hostile;
mod house;
mod index;
mod lucene;
mod parts;
mod resume;
mod scripts;
mod transformers;
mod weights;
