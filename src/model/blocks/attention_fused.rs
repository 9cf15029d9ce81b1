//! Attention in ONNX Runtime's fused operator, for GPUs: one kernel that never writes its scores to
//! memory, given each text's number of tokens.

use super::attention::{Attention, Projected};
use super::builder::{EncoderBuilder, dim};
use crate::model::graph::{Attr, Value};
use crate::model::onnx::data_type;

/// Its name.
pub(super) const OP: &str = "MultiHeadAttention";

impl EncoderBuilder {
    /// Writes the attention of every token to all others.
    pub(super) fn fused_attention(&mut self, x: &Projected, attention: &Attention) -> Value {
        let lengths = self.sequence_lengths();
        let bias = self.joined_bias(x);
        let inputs = [&*x.query, &x.key, &x.value, &bias, &lengths];
        let heads = [Attr::Int("num_heads", dim(attention.heads))];
        self.graph.contrib(OP, &inputs, &heads)
    }

    /// Joins the biases that the operator is to add; an empty name if there are none.
    pub(super) fn joined_bias(&mut self, x: &Projected) -> Value {
        if x.biases.is_empty() {
            return String::new();
        }
        let shape = [x.biases.len()];
        self.linear.constant(&mut self.graph, &shape, &x.biases)
    }

    /// Returns, from a mask with the padding on the right, int32 `[3 B + 2]`: each text's number of
    /// tokens, where each text's queries begin in the batch and where the last ends, the same for keys.
    /// With any other form of mask the provider has no kernel that keeps the scores out of memory.
    fn sequence_lengths(&mut self) -> Value {
        let [lengths] = self.shared("lengths".to_owned(), |builder| {
            let g = &mut builder.graph;
            let (zero, one, two) = (g.ints(&[0]), g.ints(&[1]), g.ints(&[2]));
            let no_axis = Attr::Int("keepdims", 0);
            let lengths = g.node("ReduceSum", &[&builder.mask, &one], &[no_axis]);
            let shape = g.node("Shape", &[&builder.mask], &[]);
            let texts = g.node("Slice", &[&shape, &zero, &one, &zero], &[]);
            let length = g.node("Slice", &[&shape, &one, &two, &zero], &[]);
            let scalar = g.node("Squeeze", &[&texts], &[]);
            let step = g.int(1);
            let end = g.node("Add", &[&scalar, &step], &[]);
            let range = g.range(&end);
            let begins = g.node("Mul", &[&range, &length], &[]);
            let axis = [Attr::Int("axis", 0)];
            let all = g.node("Concat", &[&lengths, &begins, &begins], &axis);
            [g.cast(&all, data_type::INT32)]
        });
        lengths
    }
}
