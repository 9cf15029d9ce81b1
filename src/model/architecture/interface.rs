//! What every architecture can do.

use crate::model::blocks::{Decoder, Encoded, EncoderBuilder};
use crate::model::error::ModelError;
use crate::model::size::ModelSize;
use crate::model::weights::Tensor;

/// A checkpoint of a known architecture, all its tensors found: an encoder with a masked-language-model
/// head.
pub trait Architecture: Send + Sync {
    /// Returns the number of tokens that a text may have.
    fn positions(&self) -> usize;

    /// Returns the size, for estimates of memory.
    fn size(&self) -> ModelSize;

    /// Returns the word embeddings, `[V, H]`.
    fn word_embeddings(&self) -> &Tensor;

    /// Returns the decoder of the masked-language-model head.
    fn decoder(&self) -> &Decoder;

    /// Returns true if the decoder is the word embeddings.
    fn is_tied(&self) -> bool {
        self.decoder().weight == *self.word_embeddings()
    }

    /// Writes everything from token ids to the hidden states before the decoder.
    fn build(&self, builder: &mut EncoderBuilder) -> Result<Encoded, ModelError>;
}
