//! Attention of each token to those within a window, on CPUs and GPUs, in ONNX Runtime's fused operator.

use super::attention::{Attention, Projected};
use super::attention_fused::OP;
use super::builder::{EncoderBuilder, dim};
use crate::model::graph::{Attr, Value};

impl EncoderBuilder {
    /// Writes the attention of every token to those within a window.
    pub(super) fn window_attention(
        &mut self,
        x: &Projected,
        attention: &Attention,
        reach: usize,
    ) -> Value {
        let window = self.window(reach, attention.width());
        let bias = self.joined_bias(x);
        self.either(
            &window.is_short,
            |builder| {
                let x = [&*x.query, &x.key, &x.value];
                builder.masked_attention(x, attention, &bias, &window.mask)
            },
            |builder| {
                let q = builder.query_blocks(&x.query, &window);
                let k = builder.key_blocks(&x.key, &window);
                let v = builder.key_blocks(&x.value, &window);
                // Each block is a text of its own to the operator.
                let x = [&*q, &k, &v];
                let context = builder.masked_attention(x, attention, &bias, &window.mask);
                builder.join_blocks(&context, &window)
            },
        )
    }

    /// Writes the attention of queries to keys with what a mask adds to each score.
    fn masked_attention(
        &mut self,
        [q, k, v]: [&str; 3],
        attention: &Attention,
        bias: &str,
        mask: &str,
    ) -> Value {
        let heads = [Attr::Int("num_heads", dim(attention.heads))];
        self.graph.contrib(OP, &[q, k, v, bias, "", mask], &heads)
    }
}
