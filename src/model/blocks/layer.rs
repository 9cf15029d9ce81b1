//! A layer: attention and feed-forward, each with a residual and a norm.

use super::attention::Attention;
use super::builder::EncoderBuilder;
use super::feed_forward::FeedForward;
use super::norm::Norm;
use crate::model::error::ModelError;
use crate::model::graph::Value;

/// Attention and feed-forward, each with a norm.
pub struct Layer {
    pub attention: Attention,
    pub attention_norm: Norm,
    pub feed_forward: FeedForward,
    pub feed_forward_norm: Norm,
}

impl Layer {
    /// Returns the number of values in the matrices.
    pub fn len(&self) -> u64 {
        self.attention.len() + self.feed_forward.len()
    }
}

impl EncoderBuilder {
    /// Writes a layer with its norms after the residuals:
    /// `x = norm(x + attention(x)); x = norm(x + feed_forward(x))`.
    pub fn post_norm_layer(&mut self, x: &str, layer: &Layer) -> Result<Value, ModelError> {
        let branch = self.attention(x, &layer.attention)?;
        let x = self.residual_norm(&branch, x, &layer.attention_norm)?;
        let branch = self.feed_forward(&x, &layer.feed_forward)?;
        self.residual_norm(&branch, &x, &layer.feed_forward_norm)
    }
}
