//! A layer in ONNX Runtime's fused operators, for GPUs.
//!
//! Attention is one kernel that never writes its scores to memory, given each text's number of tokens;
//! a bias, a residual and a norm are one, and so are a bias and the activation.

use super::architecture::{Activation, Layer};
use super::checkpoint::Tensor;
use super::error::ModelError;
use super::graph::{Attr, Value};
use super::onnx::data_type;
use super::transformer::{Transformer, dim};

impl Transformer<'_> {
    /// From a mask int64 `[B, L]` with the padding on the right, int32 `[3 B + 2]`: each text's number of
    /// tokens, where each text's queries begin in the batch and where the last ends, the same for keys.
    /// With any other form of mask the provider has no kernel that keeps the scores out of memory.
    pub(super) fn sequence_lengths(&mut self, mask: &str) -> Value {
        let g = &mut self.graph;
        let (zero, one, two) = (g.ints(&[0]), g.ints(&[1]), g.ints(&[2]));
        let no_axis = Attr::Int("keepdims", 0);
        let lengths = g.node("ReduceSum", &[mask, &one], &[no_axis]);
        let shape = g.node("Shape", &[mask], &[]);
        let texts = g.node("Slice", &[&shape, &zero, &one, &zero], &[]);
        let length = g.node("Slice", &[&shape, &one, &two, &zero], &[]);
        let scalar = g.node("Squeeze", &[&texts], &[]);
        let (start, step) = (g.int(0), g.int(1));
        let end = g.node("Add", &[&scalar, &step], &[]);
        let range = g.node("Range", &[&start, &end, &step], &[]);
        let begins = g.node("Mul", &[&range, &length], &[]);
        let axis = [Attr::Int("axis", 0)];
        let all = g.node("Concat", &[&lengths, &begins, &begins], &axis);
        g.cast(&all, data_type::INT32)
    }

    pub(super) fn fused_layer(
        &mut self,
        x: &str,
        layer: &Layer,
        lengths: &str,
    ) -> Result<Value, ModelError> {
        let (hidden, inner) = (self.arch.hidden, self.arch.intermediate);
        let attention = self.fused_attention(x, layer, lengths)?;
        let (attention, bias) =
            self.without_bias(&attention, &layer.attention_output, hidden, hidden)?;
        let x = self.skip_norm(&attention, x, &bias, &layer.attention_norm)?;

        let (y, bias) = self.without_bias(&x, &layer.intermediate, inner, hidden)?;
        let y = self.biased_activation(&y, &bias)?;
        let (y, bias) = self.without_bias(&y, &layer.output, hidden, inner)?;
        self.skip_norm(&y, &x, &bias, &layer.output_norm)
    }

    fn fused_attention(
        &mut self,
        x: &str,
        layer: &Layer,
        lengths: &str,
    ) -> Result<Value, ModelError> {
        let hidden = self.arch.hidden;
        let mut products = Vec::new();
        let mut biases = Vec::new();
        for name in [&layer.query, &layer.key, &layer.value] {
            let (product, bias) = self.without_bias(x, name, hidden, hidden)?;
            products.push(product);
            biases.extend(bias.read()?);
        }
        let bias = self
            .linear
            .constant(&mut self.graph, &[3 * hidden], &biases);
        let [q, k, v] = &products[..] else {
            unreachable!("three projections")
        };
        let heads = [Attr::Int("num_heads", dim(self.arch.heads))];
        Ok(self
            .graph
            .contrib("MultiHeadAttention", &[q, k, v, &bias, lengths], &heads))
    }

    fn without_bias(
        &mut self,
        x: &str,
        name: &str,
        outputs: usize,
        inputs: usize,
    ) -> Result<(Value, Tensor), ModelError> {
        let (weight, bias) = self.dense(name, outputs, inputs)?;
        let x = self.linear.operand(&mut self.graph, x);
        let product = self.linear.product(&mut self.graph, &x, &weight, None)?;
        Ok((product, bias))
    }

    fn biased_activation(&mut self, x: &str, bias: &Tensor) -> Result<Value, ModelError> {
        let bias = self.linear.vector(&mut self.graph, bias)?;
        if self.arch.activation == Activation::Gelu {
            return Ok(self.graph.contrib("BiasGelu", &[x, &bias], &[]));
        }
        let x = self.graph.node("Add", &[x, &bias], &[]);
        Ok(self.activation(&x, self.arch.activation))
    }

    /// `norm(x + bias + skip)`
    fn skip_norm(
        &mut self,
        x: &str,
        skip: &str,
        bias: &Tensor,
        norm: &str,
    ) -> Result<Value, ModelError> {
        let bias = self.linear.vector(&mut self.graph, bias)?;
        let [gain, shift] = self.norm_vectors(norm)?;
        let epsilon = [Attr::Float("epsilon", self.arch.norm_epsilon)];
        let inputs = [x, skip, &gain, &shift, &bias];
        Ok(self
            .graph
            .contrib("SkipLayerNormalization", &inputs, &epsilon))
    }
}
