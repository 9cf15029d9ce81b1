//! The masked-language-model head: the transform of hidden states, and the decoder after it.

use super::activation::Activation;
use super::builder::EncoderBuilder;
use super::dense::Dense;
use super::norm::Norm;
use crate::model::error::ModelError;
use crate::model::graph::Value;
use crate::model::onnx::data_type;
use crate::model::weights::Tensor;

/// What the head does to hidden states before the decoder.
pub struct MlmTransform {
    pub dense: Dense,
    pub activation: Activation,
    pub norm: Norm,
}

/// The decoder: a logit for each term.
pub struct Decoder {
    /// `[V, H]`
    pub weight: Tensor,
    /// `[V]`
    pub bias: Option<Tensor>,
}

/// An encoder in a graph: what the head behind it needs.
pub struct Encoded {
    /// `[B, L, H]`, after the transform.
    pub hidden: Value,
    /// `[B, L]`, boolean: true for a token, false for padding.
    pub mask: Value,
    /// The constant of the word embeddings, `[V, H]`.
    pub word_embeddings: Value,
}

impl EncoderBuilder {
    /// Writes `norm(act(w · x))` and ends the encoder.
    pub fn transform(
        &mut self,
        x: &str,
        transform: &MlmTransform,
        word_embeddings: Value,
    ) -> Result<Encoded, ModelError> {
        let x = self.dense(x, &transform.dense)?;
        let x = self.activation(&x, transform.activation);
        let hidden = self.norm(&x, &transform.norm)?;
        let mask = self.graph.cast(&self.mask, data_type::BOOL);
        Ok(Encoded {
            hidden,
            mask,
            word_embeddings,
        })
    }
}
