//! Attention of every token to all others in texts that may be long, for CPUs.
//!
//! The scores of 2048 tokens and 12 heads have 200 MB, and every pass over them is memory's. ONNX Runtime's
//! fused operator works on a few rows at a time, which stay in cache, but only where there is no mask. A text
//! of more than half a batch's tokens is alone in its batch, so no long text needs one.

use super::attention::{Attention, Projected};
use super::attention_fused::OP;
use super::builder::{EncoderBuilder, dim};
use crate::model::graph::{Attr, Value};
use crate::model::onnx::data_type;

impl EncoderBuilder {
    /// Writes the attention of every token to all others, by the fused operator where no token of the batch is
    /// padding.
    pub(super) fn long_attention(&mut self, x: &Projected, attention: &Attention) -> Value {
        let is_whole = self.has_no_padding();
        // Made here, because what is made in a branch is not seen by the next layer.
        let padding = self.additive_mask();
        self.either(
            &is_whole,
            |builder| {
                let heads = [Attr::Int("num_heads", dim(attention.heads))];
                let inputs = [&*x.query, &x.key, &x.value];
                builder.graph.contrib(OP, &inputs, &heads)
            },
            |builder| builder.plain_attention(x, attention, &padding),
        )
    }

    /// Writes whether no token of the batch is padding, a bool.
    fn has_no_padding(&mut self) -> Value {
        let [is_whole] = self.shared("no padding".to_owned(), |builder| {
            let g = &mut builder.graph;
            let least = g.node("ReduceMin", &[&builder.mask], &[Attr::Int("keepdims", 0)]);
            [g.cast(&least, data_type::BOOL)]
        });
        is_whole
    }
}
