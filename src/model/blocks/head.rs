//! Heads: what makes weights of terms out of hidden states.

use super::activation::Activation;
use super::builder::EncoderBuilder;
use super::dense::Dense;
use super::norm::Norm;
use crate::model::error::ModelError;
use crate::model::form::Operators;
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

/// How hidden states become weights of terms.
#[allow(
    clippy::large_enum_variant,
    reason = "a model has one head, and a box would only hide it"
)]
pub enum Head {
    /// A logit of every term for each token.
    MaskedLm(MlmTransform, Decoder),
    /// One weight for each token, that of its own term (BAAI/bge-m3).
    TokenWeights(Dense),
}

impl Head {
    /// Returns the number of values in the matrices beside the decoder's.
    pub fn len(&self) -> u64 {
        match self {
            Self::MaskedLm(transform, _) => transform.dense.len(),
            Self::TokenWeights(dense) => dense.len(),
        }
    }
}

/// An encoder in a graph: what the head behind it needs.
pub struct Encoded {
    /// `[B, L, H]`, after the transform where there is one.
    pub hidden: Value,
    /// `[B, L]`, boolean: true for a token, false for padding.
    pub mask: Value,
    /// The constant of the word embeddings, `[V, H]`.
    pub word_embeddings: Value,
}

impl EncoderBuilder {
    /// Writes what the head does before terms come in, and ends the encoder.
    pub fn finish(
        &mut self,
        x: &str,
        head: &Head,
        word_embeddings: Value,
    ) -> Result<Encoded, ModelError> {
        let hidden = match head {
            Head::MaskedLm(transform, _) => self.transform(x, transform)?,
            Head::TokenWeights(_) => x.to_owned(),
        };
        let mask = self.graph.cast(&self.mask, data_type::BOOL);
        Ok(Encoded {
            hidden,
            mask,
            word_embeddings,
        })
    }

    /// Writes `norm(act(w · x))`.
    fn transform(&mut self, x: &str, transform: &MlmTransform) -> Result<Value, ModelError> {
        if self.operators == Operators::Own {
            return self.own_transform(x, transform);
        }
        let x = self.dense(x, &transform.dense)?;
        let x = self.activation(&x, transform.activation);
        self.norm(&x, &transform.norm)
    }
}
