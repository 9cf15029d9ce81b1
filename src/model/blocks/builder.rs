//! The graph of an encoder while blocks are written into it.

use crate::model::form::{GraphForm, Operators};
use crate::model::graph::{GraphBuilder, Value};
use crate::model::linear::Linear;
use crate::model::onnx::{ValueInfoProto, data_type};

/// The graph of an encoder while blocks are written into it.
pub struct EncoderBuilder {
    pub graph: GraphBuilder,
    pub linear: Linear,
    pub operators: Operators,
    /// Token ids, int64 `[B, L]`.
    pub ids: Value,
    /// 1 for a token and 0 for padding, int64 `[B, L]`.
    pub mask: Value,
    /// What attention is told of padding, see the two forms of attention. It is made once, when the
    /// first layer needs it.
    pub(super) padding: Option<Value>,
}

impl EncoderBuilder {
    /// Begins a graph with the inputs `input_ids` and `attention_mask`. `weights_file` is the name of a
    /// file in the folder that sessions are given for weights outside the graph.
    pub fn new(form: GraphForm, weights_file: String) -> Self {
        let mut graph = GraphBuilder::new("v");
        // On a GPU every session has a copy of its own anyway.
        if form.operators == Operators::Plain {
            graph = graph.with_weights_beside(weights_file);
        }
        let matrix = [Err("batch"), Err("length")];
        let mut input = |name| graph.input(ValueInfoProto::tensor(name, data_type::INT64, &matrix));
        let (ids, mask) = (input("input_ids"), input("attention_mask"));
        Self {
            graph,
            linear: Linear::new(form.precision),
            operators: form.operators,
            ids,
            mask,
            padding: None,
        }
    }
}

/// Returns a size as ONNX has it.
pub fn dim(size: usize) -> i64 {
    i64::try_from(size).unwrap_or(i64::MAX)
}
