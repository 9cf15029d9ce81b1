//! Attention in ONNX Runtime's fused operator, for GPUs: one kernel that never writes its scores to
//! memory, given each text's number of tokens.

use super::attention::Attention;
use super::builder::{EncoderBuilder, dim};
use crate::model::error::ModelError;
use crate::model::graph::{Attr, Value};
use crate::model::onnx::data_type;

impl EncoderBuilder {
    pub(super) fn fused_attention(
        &mut self,
        x: &str,
        attention: &Attention,
    ) -> Result<Value, ModelError> {
        let lengths = self.sequence_lengths();
        let x = self.linear.operand(&mut self.graph, x);
        let mut inputs = Vec::new();
        let mut biases = Vec::new();
        for dense in [&attention.query, &attention.key, &attention.value] {
            let product = self
                .linear
                .product(&mut self.graph, &x, &dense.weight, None)?;
            inputs.push(product);
            if let Some(bias) = &dense.bias {
                biases.extend(bias.read()?);
            }
        }
        let shape = [biases.len()];
        inputs.push(if biases.is_empty() {
            String::new()
        } else {
            self.linear.constant(&mut self.graph, &shape, &biases)
        });
        inputs.push(lengths);
        let inputs: Vec<&str> = inputs.iter().map(String::as_str).collect();
        let heads = [Attr::Int("num_heads", dim(attention.heads))];
        Ok(self.graph.contrib("MultiHeadAttention", &inputs, &heads))
    }

    /// Returns, from a mask with the padding on the right, int32 `[3 B + 2]`: each text's number of
    /// tokens, where each text's queries begin in the batch and where the last ends, the same for keys.
    /// With any other form of mask the provider has no kernel that keeps the scores out of memory.
    fn sequence_lengths(&mut self) -> Value {
        if let Some(lengths) = &self.padding {
            return lengths.clone();
        }
        let g = &mut self.graph;
        let (zero, one, two) = (g.ints(&[0]), g.ints(&[1]), g.ints(&[2]));
        let no_axis = Attr::Int("keepdims", 0);
        let lengths = g.node("ReduceSum", &[&self.mask, &one], &[no_axis]);
        let shape = g.node("Shape", &[&self.mask], &[]);
        let texts = g.node("Slice", &[&shape, &zero, &one, &zero], &[]);
        let length = g.node("Slice", &[&shape, &one, &two, &zero], &[]);
        let scalar = g.node("Squeeze", &[&texts], &[]);
        let (start, step) = (g.int(0), g.int(1));
        let end = g.node("Add", &[&scalar, &step], &[]);
        let range = g.node("Range", &[&start, &end, &step], &[]);
        let begins = g.node("Mul", &[&range, &length], &[]);
        let axis = [Attr::Int("axis", 0)];
        let all = g.node("Concat", &[&lengths, &begins, &begins], &axis);
        let lengths = g.cast(&all, data_type::INT32);
        self.padding.insert(lengths).clone()
    }
}
