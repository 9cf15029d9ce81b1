//! Attention in plain ONNX operators, for CPUs.

use super::attention::Attention;
use super::builder::{EncoderBuilder, dim};
use super::dense::Dense;
use crate::model::error::ModelError;
use crate::model::graph::{Attr, Value};
use crate::model::linear::Operand;
use crate::model::onnx::data_type;

/// What is added to the attention score of a padded token: its softmax is exactly 0 in float32.
const MASKED: f32 = -1e4;
/// `[B, L, heads, d]` -> `[B, heads, L, d]`, and back.
const BY_HEAD: [i64; 4] = [0, 2, 1, 3];
/// `[B, L, heads, d]` -> `[B, heads, d, L]`
const TRANSPOSED_BY_HEAD: [i64; 4] = [0, 2, 3, 1];

impl EncoderBuilder {
    pub(super) fn plain_attention(
        &mut self,
        x: &str,
        attention: &Attention,
    ) -> Result<Value, ModelError> {
        let padding = self.additive_mask();
        let x = self.linear.operand(&mut self.graph, x);
        let heads = attention.heads;
        let q = self.project(&x, &attention.query, heads, &BY_HEAD)?;
        let k = self.project(&x, &attention.key, heads, &TRANSPOSED_BY_HEAD)?;
        let v = self.project(&x, &attention.value, heads, &BY_HEAD)?;
        let g = &mut self.graph;
        #[allow(
            clippy::cast_precision_loss,
            reason = "a head has at most some hundred values"
        )]
        let scale = g.scalar(((attention.width() / heads) as f32).sqrt());
        let scores = g.node("MatMul", &[&q, &k], &[]);
        let scores = g.node("Div", &[&scores, &scale], &[]);
        let scores = g.node("Add", &[&scores, &padding], &[]);
        let probabilities = g.node("Softmax", &[&scores], &[Attr::Int("axis", -1)]);
        let context = g.node("MatMul", &[&probabilities, &v], &[]);
        let context = g.node("Transpose", &[&context], &[Attr::Ints("perm", &BY_HEAD)]);
        let shape = g.ints(&[0, 0, dim(attention.width())]);
        Ok(g.node("Reshape", &[&context, &shape], &[]))
    }

    /// Writes a projection, cut into heads and transposed.
    fn project(
        &mut self,
        x: &Operand,
        dense: &Dense,
        heads: usize,
        perm: &[i64],
    ) -> Result<Value, ModelError> {
        let g = &mut self.graph;
        let bias = dense.bias.as_ref();
        let product = self.linear.product(g, x, &dense.weight, bias)?;
        let shape = g.ints(&[0, 0, dim(heads), dim(dense.weight.shape[0] / heads)]);
        let product = g.node("Reshape", &[&product, &shape], &[]);
        Ok(g.node("Transpose", &[&product], &[Attr::Ints("perm", perm)]))
    }

    /// Returns `(1 - mask) * -1e4` as `[B, 1, 1, L]`.
    fn additive_mask(&mut self) -> Value {
        if let Some(padding) = &self.padding {
            return padding.clone();
        }
        let g = &mut self.graph;
        let mask = g.cast(&self.mask, data_type::FLOAT);
        let (one, masked, axes) = (g.scalar(1.0), g.scalar(MASKED), g.ints(&[1, 2]));
        let padding = g.node("Sub", &[&one, &mask], &[]);
        let mask = g.node("Mul", &[&padding, &masked], &[]);
        let padding = g.node("Unsqueeze", &[&mask, &axes], &[]);
        self.padding.insert(padding).clone()
    }
}
