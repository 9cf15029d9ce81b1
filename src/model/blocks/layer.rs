//! A layer: attention and feed-forward, each with a residual and a norm.

use super::attention::Attention;
use super::builder::EncoderBuilder;
use super::feed_forward::FeedForward;
use super::norm::{Norm, NormOrder, Stream};
use crate::model::error::ModelError;

/// Attention and feed-forward, each with the norm that comes after its residual.
///
/// With norms before the sublayers, that after the feed-forward is the one before the next layer's
/// attention.
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
    /// Writes a layer:
    ///
    /// ```text
    /// norms after:   x = norm(x + attention(x));    x = norm(x + feed_forward(x))
    /// norms before:  x = x + attention(norm(x));    x = x + feed_forward(norm(x))
    /// ```
    pub fn layer(
        &mut self,
        x: &Stream,
        layer: &Layer,
        order: NormOrder,
    ) -> Result<Stream, ModelError> {
        let branch = self.attention(&x.input, &layer.attention)?;
        let x = self.residual_norm(&branch, x, &layer.attention_norm, order)?;
        let branch = self.feed_forward(&x.input, &layer.feed_forward)?;
        self.residual_norm(&branch, &x, &layer.feed_forward_norm, order)
    }
}
