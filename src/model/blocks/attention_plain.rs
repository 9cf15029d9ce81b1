//! Attention in plain ONNX operators, for CPUs.

use super::attention::{Attention, MASKED, Projected};
use super::builder::{EncoderBuilder, dim};
use crate::model::graph::{Attr, Value};
use crate::model::onnx::data_type;

/// `[B, L, heads, d]` -> `[B, heads, L, d]`, and back.
const BY_HEAD: [i64; 4] = [0, 2, 1, 3];
/// `[B, L, heads, d]` -> `[B, heads, d, L]`
const TRANSPOSED_BY_HEAD: [i64; 4] = [0, 2, 3, 1];

impl EncoderBuilder {
    /// Writes the attention of every token to all others.
    pub(super) fn plain_attention(
        &mut self,
        x: &Projected,
        attention: &Attention,
        padding: &str,
    ) -> Value {
        let [heads, size] = head_shape(attention);
        let shape = [0, 0, heads, size];
        let q = self.by_head(&x.query, &shape, &BY_HEAD);
        let k = self.by_head(&x.key, &shape, &TRANSPOSED_BY_HEAD);
        let v = self.by_head(&x.value, &shape, &BY_HEAD);
        let context = self.scores_and_context([&q, &k, &v], padding, attention);
        let g = &mut self.graph;
        let context = g.node("Transpose", &[&context], &[Attr::Ints("perm", &BY_HEAD)]);
        let shape = g.ints(&[0, 0, dim(attention.width())]);
        g.node("Reshape", &[&context, &shape], &[])
    }

    /// Writes `softmax(q kᵀ / √d + mask) v`, with `k` transposed.
    fn scores_and_context(
        &mut self,
        [q, k, v]: [&str; 3],
        mask: &str,
        attention: &Attention,
    ) -> Value {
        let g = &mut self.graph;
        let scale = g.scalar(attention.scale());
        let scores = g.node("MatMul", &[q, k], &[]);
        let scores = g.node("Div", &[&scores, &scale], &[]);
        let scores = g.node("Add", &[&scores, mask], &[]);
        let probabilities = g.node("Softmax", &[&scores], &[Attr::Int("axis", -1)]);
        g.node("MatMul", &[&probabilities, v], &[])
    }

    /// Cuts a projection into heads and transposes it.
    fn by_head(&mut self, x: &str, shape: &[i64], perm: &[i64]) -> Value {
        let g = &mut self.graph;
        let shape = g.ints(shape);
        let x = g.node("Reshape", &[x, &shape], &[]);
        g.node("Transpose", &[&x], &[Attr::Ints("perm", perm)])
    }

    /// Returns `(1 - mask) * -1e4` as `[B, 1, 1, L]`.
    pub(super) fn additive_mask(&mut self) -> Value {
        let [padding] = self.shared("padding".to_owned(), |builder| {
            let g = &mut builder.graph;
            let mask = g.cast(&builder.mask, data_type::FLOAT);
            let (one, masked, axes) = (g.scalar(1.0), g.scalar(MASKED), g.ints(&[1, 2]));
            let padding = g.node("Sub", &[&one, &mask], &[]);
            let mask = g.node("Mul", &[&padding, &masked], &[]);
            [g.node("Unsqueeze", &[&mask, &axes], &[])]
        });
        padding
    }
}

fn head_shape(attention: &Attention) -> [i64; 2] {
    let heads = attention.heads;
    [dim(heads), dim(attention.width() / heads)]
}
