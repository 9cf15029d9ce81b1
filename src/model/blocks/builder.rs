//! The graph of an encoder while blocks are written into it.

use std::collections::HashMap;

use crate::model::form::{GraphForm, Operators};
use crate::model::graph::{GraphBuilder, Value};
use crate::model::linear::{Linear, Operand};
use crate::model::onnx::{GraphProto, ValueInfoProto, data_type};
use crate::model::own_operator::OwnOperator;
use crate::model::precision::Precision;

/// The graph of an encoder while blocks are written into it.
pub struct EncoderBuilder {
    pub graph: GraphBuilder,
    pub linear: Linear,
    pub operators: Operators,
    /// Token ids, int64 `[B, L]`.
    pub ids: Value,
    /// 1 for a token and 0 for padding, int64 `[B, L]`.
    pub mask: Value,
    /// Values that several layers need, by what they are.
    shared: HashMap<String, Vec<Value>>,
}

impl EncoderBuilder {
    /// Begins a graph with the inputs `input_ids` and `attention_mask`. `weights_file` is the name of a
    /// file in the folder that sessions are given for weights outside the graph.
    pub fn new(form: GraphForm, weights_file: String) -> Self {
        let mut graph = GraphBuilder::new("v");
        // On a GPU every session has a copy of its own anyway.
        if form.operators != Operators::Fused {
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
            shared: HashMap::new(),
        }
    }

    /// Makes `x` ready to be multiplied.
    pub(super) fn operand(&mut self, x: &str) -> Operand {
        if self.operators != Operators::Own || self.linear.precision() != Precision::Int8 {
            return self.linear.operand(&mut self.graph, x);
        }
        let [bytes, scales] = self.shared(rows_name(x), |builder| {
            let inputs = [x.to_owned()];
            builder.graph.own(OwnOperator::QuantizeRows, &inputs, &[])
        });
        Operand::of_rows(bytes, scales)
    }

    /// Says what the rows of `x` are in bytes.
    pub(super) fn know_rows(&mut self, x: &str, bytes: Value, scales: Value) {
        self.shared.insert(rows_name(x), vec![bytes, scales]);
    }

    /// Writes what one branch makes or the other, both in the type of the activations; only one is run.
    pub(super) fn either(
        &mut self,
        condition: &str,
        then: impl FnOnce(&mut Self) -> Value,
        otherwise: impl FnOnce(&mut Self) -> Value,
    ) -> Value {
        let then = self.in_branch(then);
        let otherwise = self.in_branch(otherwise);
        self.graph.either(condition, &then, &otherwise)
    }

    fn in_branch(&mut self, make: impl FnOnce(&mut Self) -> Value) -> GraphProto {
        let outside = self.graph.begin_branch();
        let value = make(self);
        let data_type = self.linear.data_type();
        self.graph.end_branch(outside, &value, data_type)
    }

    /// Returns the values of this name, which are made when the first layer needs them.
    pub(super) fn shared<const N: usize>(
        &mut self,
        name: String,
        make: impl FnOnce(&mut Self) -> [Value; N],
    ) -> [Value; N] {
        if let Some(known) = self.shared.get(&name)
            && let Ok(values) = known.clone().try_into()
        {
            return values;
        }
        let values = make(self);
        self.shared.insert(name, values.to_vec());
        values
    }
}

fn rows_name(x: &str) -> String {
    format!("rows {x}")
}

/// Returns a size as ONNX has it.
pub fn dim(size: usize) -> i64 {
    i64::try_from(size).unwrap_or(i64::MAX)
}
