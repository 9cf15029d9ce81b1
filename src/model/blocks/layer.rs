//! A layer: attention and feed-forward, each with a residual and a norm.

use super::activation::Activation;
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

    /// Returns true if this program's own operators compute each text by itself to the last bit: windows
    /// depend on the batch's length, and ONNX Runtime computes the last values of a tensor in another way.
    pub fn is_text_by_text(&self) -> bool {
        self.attention.window.is_none() && self.feed_forward.activation != Activation::GeluTanh
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
