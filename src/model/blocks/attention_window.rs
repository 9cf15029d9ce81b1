//! Attention of each token to those within a window, on CPUs and GPUs, in ONNX Runtime's fused operator.

use super::attention::{Attention, Projected};
use super::attention_fused::OP;
use super::builder::{EncoderBuilder, dim};
use super::window::Window;
use crate::model::form::Operators;
use crate::model::graph::{Attr, Value};

impl EncoderBuilder {
    /// Writes the attention of every token to those within a window.
    pub(super) fn window_attention(
        &mut self,
        x: &Projected,
        attention: &Attention,
        reach: usize,
    ) -> Value {
        let window = self.window(reach);
        if self.operators == Operators::Fused {
            return self.block_attention(x, attention, &window);
        }
        let outside = self.graph.begin_branch();
        let heads = [Attr::Int("num_heads", dim(attention.heads))];
        let inputs = [&*x.query, &x.key, &x.value, "", "", &window.mask];
        let context = self.graph.contrib(OP, &inputs, &heads);
        let whole = self.graph.end_branch(outside, &context);
        let outside = self.graph.begin_branch();
        let context = self.block_attention(x, attention, &window);
        let blocks = self.graph.end_branch(outside, &context);
        self.graph.either(&window.is_short, &whole, &blocks)
    }

    /// Writes it in blocks: each is a text of its own to the operator.
    fn block_attention(&mut self, x: &Projected, attention: &Attention, window: &Window) -> Value {
        let width = attention.width();
        let bias = self.joined_bias(x);
        let q = self.query_blocks(&x.query, window, width);
        let k = self.key_blocks(&x.key, window, width);
        let v = self.key_blocks(&x.value, window, width);
        let blocks = self.graph.node("Shape", &[&q], &[]);
        let [q, k, v] = [q, k, v].map(|x| self.without_axis(&x, -3));
        let heads = [Attr::Int("num_heads", dim(attention.heads))];
        let inputs = [&*q, &k, &v, &bias, "", &window.mask];
        let context = self.graph.contrib(OP, &inputs, &heads);
        let context = self.graph.node("Reshape", &[&context, &blocks], &[]);
        self.join_blocks(&context, window, width)
    }
}
