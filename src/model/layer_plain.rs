//! A layer in plain ONNX operators, for CPUs.

use super::architecture::Layer;
use super::error::ModelError;
use super::graph::{Attr, Value};
use super::onnx::data_type;
use super::transformer::{Transformer, dim};

/// What is added to the attention score of a padded token: its softmax is exactly 0 in float32.
const MASKED: f32 = -1e4;

impl Transformer<'_> {
    /// `(1 - mask) * -1e4` as `[B, 1, 1, L]`.
    pub(super) fn additive_mask(&mut self, mask: &str) -> Value {
        let g = &mut self.graph;
        let mask = g.cast(mask, data_type::FLOAT);
        let (one, masked, axes) = (g.scalar(1.0), g.scalar(MASKED), g.ints(&[1, 2]));
        let padding = g.node("Sub", &[&one, &mask], &[]);
        let mask = g.node("Mul", &[&padding, &masked], &[]);
        g.node("Unsqueeze", &[&mask, &axes], &[])
    }

    pub(super) fn plain_layer(
        &mut self,
        x: &str,
        layer: &Layer,
        mask: &str,
    ) -> Result<Value, ModelError> {
        let (hidden, inner) = (self.arch.hidden, self.arch.intermediate);
        let attention = self.plain_attention(x, layer, mask)?;
        let attention = self.dense_layer(&attention, &layer.attention_output, hidden, hidden)?;
        let sum = self.graph.node("Add", &[&attention, x], &[]);
        let x = self.norm(&sum, &layer.attention_norm)?;

        let y = self.dense_layer(&x, &layer.intermediate, inner, hidden)?;
        let y = self.activation(&y, self.arch.activation);
        let y = self.dense_layer(&y, &layer.output, hidden, inner)?;
        let sum = self.graph.node("Add", &[&y, &x], &[]);
        self.norm(&sum, &layer.output_norm)
    }

    fn dense_layer(
        &mut self,
        x: &str,
        name: &str,
        outputs: usize,
        inputs: usize,
    ) -> Result<Value, ModelError> {
        let (weight, bias) = self.dense(name, outputs, inputs)?;
        let x = self.linear.operand(&mut self.graph, x);
        self.linear
            .product(&mut self.graph, &x, &weight, Some(&bias))
    }

    fn plain_attention(&mut self, x: &str, layer: &Layer, mask: &str) -> Result<Value, ModelError> {
        let hidden = self.arch.hidden;
        let x = self.linear.operand(&mut self.graph, x);
        let mut project = |name: &str, perm: &[i64]| {
            let (weight, bias) = self.dense(name, hidden, hidden)?;
            let product = self
                .linear
                .product(&mut self.graph, &x, &weight, Some(&bias))?;
            Ok::<_, ModelError>(self.split_heads(&product, perm))
        };
        let q = project(&layer.query, &[0, 2, 1, 3])?;
        let k = project(&layer.key, &[0, 2, 3, 1])?;
        let v = project(&layer.value, &[0, 2, 1, 3])?;
        let head_size = hidden / self.arch.heads;
        let g = &mut self.graph;
        #[allow(
            clippy::cast_precision_loss,
            reason = "a head has at most some hundred values"
        )]
        let scale = g.scalar((head_size as f32).sqrt());
        let scores = g.node("MatMul", &[&q, &k], &[]);
        let scores = g.node("Div", &[&scores, &scale], &[]);
        let scores = g.node("Add", &[&scores, mask], &[]);
        let probabilities = g.node("Softmax", &[&scores], &[Attr::Int("axis", -1)]);
        let context = g.node("MatMul", &[&probabilities, &v], &[]);
        let perm = [Attr::Ints("perm", &[0, 2, 1, 3])];
        let context = g.node("Transpose", &[&context], &perm);
        let shape = g.ints(&[0, 0, dim(hidden)]);
        Ok(g.node("Reshape", &[&context, &shape], &[]))
    }

    /// `[B, L, H]` -> `[B, L, heads, size]`, transposed.
    fn split_heads(&mut self, x: &str, perm: &[i64]) -> Value {
        let heads = self.arch.heads;
        let shape = [0, 0, dim(heads), dim(self.arch.hidden / heads)];
        let shape = self.graph.ints(&shape);
        let x = self.graph.node("Reshape", &[x, &shape], &[]);
        self.graph
            .node("Transpose", &[&x], &[Attr::Ints("perm", perm)])
    }
}
