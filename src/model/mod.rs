//! A model folder -> one ONNX graph that turns token ids into term weights.
//!
//! ```text
//! config.json + *.safetensors ──checkpoint──▶ Architecture ──transformer──▶ hidden states ──head──▶ [B, V]
//! model.onnx ──────────────────────────────────────────────────────splice──▶ logits ──────────────▶ [B, V]
//! tokenizer.json ──vocabulary──▶ the terms behind the V columns
//! ```
//!
//! `B` is the number of texts in a batch, `L` their padded length in tokens, `H` the hidden size and
//! `V` the vocabulary. Logits `[B, L, V]` never leave the graph. Knows no files of the user's corpus
//! and no ONNX Runtime.

mod architecture;
mod checkpoint;
mod error;
mod fingerprint;
mod folder;
mod graph;
mod head;
mod layer_fused;
mod layer_plain;
mod linear;
mod onnx;
#[path = "weights/pickle/mod.rs"]
pub(crate) mod pickle;
mod pooling;
mod precision;
mod splice;
#[allow(dead_code, reason = "used once folders are opened with it")]
mod tokenizer;
mod transformer;
mod vocabulary;
mod weight;

pub use error::ModelError;
pub use fingerprint::Fingerprint;
pub use folder::{
    DecoderValues, HiddenGraph, Model, ModelInput, ModelSize, ModelSource, OnnxGraph,
};
pub use head::Aggregation;
pub use pooling::{Activation, Pooling};
pub use precision::Precision;
pub use transformer::{GraphForm, Operators};
pub use vocabulary::Vocabulary;
pub use weight::{Weight, WeightValues};
