//! A model folder -> one ONNX graph that turns token ids into term weights.
//!
//! ```text
//! config.json + weights ──architecture──▶ hidden states ──head──▶ [B, V]
//! model.onnx ──splice───────────────────▶ logits ─────────head──▶ [B, V]
//! tokenizer.json ──vocabulary──▶ the terms behind the V columns
//! ```
//!
//! `B` is the number of texts in a batch, `L` their padded length in tokens, `H` the hidden size and
//! `V` the vocabulary. Logits `[B, L, V]` never leave the graph. Knows no files of the user's corpus
//! and no ONNX Runtime.

mod architecture;
mod blocks;
mod checkpoint_model;
mod config;
mod error;
mod exported_model;
mod fingerprint;
mod form;
mod graph;
mod head;
mod layout;
mod linear;
#[allow(clippy::module_inception, reason = "the noun of this folder")]
mod model;
mod onnx;
mod onnx_graph;
mod own_operator;
mod precision;
mod query_side;
mod size;
mod splice;
pub(crate) mod tokenizer;
mod vocabulary;
pub(crate) mod weights;

pub use checkpoint_model::CheckpointModel;
pub use error::ModelError;
pub use exported_model::OnnxModel;
pub use fingerprint::Fingerprint;
pub use form::{GraphForm, Operators};
pub use head::Aggregation;
pub use layout::{Activation, ModelFiles, Modules, Pooling, StatedLength};
pub use model::{Model, ModelSource};
pub use onnx_graph::{DecoderValues, GraphOutput, HiddenGraph, ModelInput, OnnxGraph};
pub use own_operator::{DOMAIN as OWN_DOMAIN, OwnOperator};
pub use precision::Precision;
pub use query_side::{QueryFiles, QuerySide, QueryTable, Sides, document_side_files};
pub use size::ModelSize;
pub use vocabulary::Vocabulary;
#[cfg(any(test, fuzzing))]
pub(crate) use weights::pickle;
pub use weights::{Weight, WeightValues};
