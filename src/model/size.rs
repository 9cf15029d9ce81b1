//! How large a model is.

/// How large a model is. Of an exported graph only the last two are known; the others are 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ModelSize {
    /// Width of a hidden state.
    pub hidden: usize,
    /// Attention heads of a layer.
    pub heads: usize,
    /// Width between the two dense layers of a layer.
    pub intermediate: usize,
    /// Values of the layers' matrices.
    pub layer_weights: u64,
    /// Values of the word and position embeddings.
    pub embedding_weights: u64,
    /// Values of the decoder's matrix.
    pub decoder_weights: u64,
    /// True if positions are rotations. Then the attention of a text that is alone in its batch never has all of
    /// its scores in memory.
    pub rotary: bool,
    /// How many tokens to each side a token sees in the layers that attend within a window; 0 without such layers.
    pub window: usize,
    /// True if the decoder is the word embeddings.
    pub tied: bool,
    /// Terms.
    pub vocabulary: usize,
    /// Bytes of an exported graph with its weights.
    pub exported_bytes: u64,
}
