//! A graph for ONNX Runtime, and what is to be given to it.

use std::path::PathBuf;

use super::weights::Weight;

/// An input of the graph, int64 `[B, L]` each.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ModelInput {
    /// `input_ids`
    Ids,
    /// `attention_mask`: 1 for a token, 0 for padding.
    Mask,
    /// `token_type_ids`: all 0.
    TokenTypes,
    /// `position_ids`: 0, 1, 2, ...
    Positions,
}

impl ModelInput {
    /// Every input that a graph may have.
    pub(super) const ALL: [Self; 4] = [Self::Ids, Self::Mask, Self::TokenTypes, Self::Positions];

    /// Returns its name in the graph.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Ids => "input_ids",
            Self::Mask => "attention_mask",
            Self::TokenTypes => "token_type_ids",
            Self::Positions => "position_ids",
        }
    }
}

/// A graph for ONNX Runtime.
#[derive(Debug)]
pub struct OnnxGraph {
    /// The serialized `ModelProto`.
    pub bytes: Vec<u8>,
    /// Constants that the bytes declare without their values.
    pub weights: Vec<Weight>,
    /// Files that the bytes name and that lie elsewhere: by the name in the bytes, the place.
    pub linked_files: Vec<(String, PathBuf)>,
    /// The folder of the other files that the bytes name.
    pub weights_folder: Option<PathBuf>,
    /// What must be given.
    pub inputs: Vec<ModelInput>,
    /// What comes back.
    pub output: GraphOutput,
}

/// The result of a graph, by the names of its outputs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum GraphOutput {
    /// Weights `[B, V]`, or hidden states `[B, L, H]`.
    Dense(String),
    /// The weights that are not zero. For a GPU, whose memory is far away: of a hundred weights one is not zero.
    Entries {
        /// Row · `V` + term of each, int64 `[N]`, ascending.
        places: &'static str,
        /// Float32 `[N]`.
        weights: &'static str,
        /// `V`
        columns: usize,
    },
}

/// A graph that ends at the hidden states, and the decoder that comes after it.
pub struct HiddenGraph {
    /// Its output is float32 `[B, L, H]`, after the head's transform.
    pub graph: OnnxGraph,
    /// `[V, H]`, row-major.
    pub decoder: DecoderValues,
    /// `[V]`
    pub bias: Vec<f32>,
    /// `H`
    pub hidden: usize,
}

/// Where the decoder's matrix is.
pub enum DecoderValues {
    /// It is the weight of this name: the word embeddings.
    Weight(String),
    /// In a matrix of its own.
    Own(Vec<f32>),
}
