//! What every architecture can do.

use crate::model::blocks::{Encoded, EncoderBuilder, Head};
use crate::model::error::ModelError;
use crate::model::size::ModelSize;
use crate::model::weights::Tensor;

/// A checkpoint of a known architecture, all its tensors found: an encoder with a head.
pub trait Architecture: Send + Sync {
    /// Returns the number of tokens that a text may have.
    fn positions(&self) -> usize;

    /// Returns the size, for estimates of memory.
    fn size(&self) -> ModelSize;

    /// Returns the word embeddings, `[V, H]`.
    fn word_embeddings(&self) -> &Tensor;

    /// Returns the head.
    fn head(&self) -> &Head;

    /// Returns true if the decoder is the word embeddings.
    fn is_tied(&self) -> bool {
        match self.head() {
            Head::MaskedLm(_, decoder) => decoder.weight == *self.word_embeddings(),
            Head::TokenWeights(_) => false,
        }
    }

    /// Returns true if this program's own operators compute each text by itself to the last bit, whatever
    /// else is in the batch.
    fn is_text_by_text(&self) -> bool {
        false
    }

    /// Writes everything from token ids to the hidden states of which the head makes terms.
    fn build(&self, builder: &mut EncoderBuilder) -> Result<Encoded, ModelError>;
}
