//! A small builder for ONNX graphs.
//!
//! Weights can be kept out of the graph's bytes: the graph then declares their names, types and shapes,
//! and [`Weight`]s beside it hold the values, so that all sessions of a process share one copy.

use half::f16;
use prost::Message;

use super::onnx::{
    AttributeProto, EXTERNAL, GraphProto, ModelProto, NodeProto, OperatorSetIdProto,
    StringStringEntryProto, TensorProto, ValueInfoProto, attribute_type, data_type,
};
use super::own_operator::{self, OwnOperator};
use super::weights::{Weight, WeightValues};

/// The ONNX opset of graphs built here: the first with `Gelu`.
const OPSET: i64 = 20;
const IR_VERSION: i64 = 9;
/// ONNX Runtime's own operators.
const CONTRIB: &str = "com.microsoft";

/// Name of a value in the graph.
pub type Value = String;

/// An attribute of a node.
pub enum Attr<'a> {
    Int(&'a str, i64),
    Ints(&'a str, &'a [i64]),
    Float(&'a str, f32),
    Text(&'a str, &'a str),
    Graph(&'a str, &'a GraphProto),
}

/// The nodes of a graph that are outside the branch that is being written.
pub struct OutsideBranch(Vec<NodeProto>);

/// Collects nodes and initializers.
#[derive(Default)]
pub struct GraphBuilder {
    graph: GraphProto,
    weights: Vec<Weight>,
    prefix: &'static str,
    values_file: Option<String>,
    counter: usize,
    /// True if a node is of this program's domain.
    has_own: bool,
}

impl GraphBuilder {
    /// `prefix` begins the name of every value made, so that graphs can be put together.
    pub fn new(prefix: &'static str) -> Self {
        Self {
            prefix,
            ..Self::default()
        }
    }

    /// Keeps weights out of the graph's bytes; `file` is the name of any file in the folder that
    /// sessions are given for values elsewhere.
    pub fn with_weights_beside(self, file: String) -> Self {
        Self {
            values_file: Some(file),
            ..self
        }
    }

    fn fresh(&mut self) -> Value {
        self.counter += 1;
        format!("{}{}", self.prefix, self.counter)
    }

    /// Declares an input.
    pub fn input(&mut self, info: ValueInfoProto) -> Value {
        let name = info.name.clone().unwrap_or_default();
        self.graph.input.push(info);
        name
    }

    /// Declares `value` as an output under the name in `info`.
    pub fn output(&mut self, value: &str, info: ValueInfoProto) {
        let name = info.name.clone().unwrap_or_default();
        self.push_named("Identity", "", &[value], &[], &[name]);
        self.graph.output.push(info);
    }

    /// Adds a node of the standard domain with one output.
    pub fn node(&mut self, op: &str, inputs: &[&str], attrs: &[Attr<'_>]) -> Value {
        let [output] = self.push(op, "", inputs, attrs);
        output
    }

    /// Adds a node of the standard domain with several outputs.
    pub fn node_with_outputs<const N: usize>(&mut self, op: &str, inputs: &[&str]) -> [Value; N] {
        self.push(op, "", inputs, &[])
    }

    /// Begins a branch of [`GraphBuilder::either`]: nodes added from here on are in it. It sees all values made
    /// before it; its constants are outside it.
    pub fn begin_branch(&mut self) -> OutsideBranch {
        OutsideBranch(std::mem::take(&mut self.graph.node))
    }

    /// Ends a branch whose result is `value`, a tensor of this type.
    pub fn end_branch(
        &mut self,
        outside: OutsideBranch,
        value: &str,
        data_type: i32,
    ) -> GraphProto {
        let name = Some(format!("branch:{value}"));
        GraphProto {
            node: std::mem::replace(&mut self.graph.node, outside.0),
            name,
            output: vec![ValueInfoProto::tensor_of_any_shape(value, data_type)],
            ..GraphProto::default()
        }
    }

    /// Adds the result of one branch or the other; only that branch is run. `condition` is a bool.
    pub fn either(&mut self, condition: &str, then: &GraphProto, otherwise: &GraphProto) -> Value {
        let branches = [
            Attr::Graph("then_branch", then),
            Attr::Graph("else_branch", otherwise),
        ];
        self.node("If", &[condition], &branches)
    }

    /// Adds one of this program's own nodes.
    pub fn own<const N: usize>(
        &mut self,
        op: OwnOperator,
        inputs: &[Value],
        attrs: &[Attr<'_>],
    ) -> [Value; N] {
        let outputs = self.own_with_outputs(op, inputs, attrs, N);
        std::array::from_fn(|output| outputs[output].clone())
    }

    /// Adds one of this program's own nodes with so many outputs.
    pub fn own_with_outputs(
        &mut self,
        op: OwnOperator,
        inputs: &[Value],
        attrs: &[Attr<'_>],
        outputs: usize,
    ) -> Vec<Value> {
        let inputs: Vec<_> = inputs.iter().map(String::as_str).collect();
        let outputs: Vec<_> = (0..outputs).map(|_| self.fresh()).collect();
        self.has_own = true;
        self.push_named(op.name(), own_operator::DOMAIN, &inputs, attrs, &outputs);
        outputs
    }

    /// Adds one of ONNX Runtime's own nodes with one output; an empty name leaves an input out.
    pub fn contrib(&mut self, op: &str, inputs: &[&str], attrs: &[Attr<'_>]) -> Value {
        let [output] = self.push(op, CONTRIB, inputs, attrs);
        output
    }

    /// Adds one of ONNX Runtime's own nodes with the first output and the one of this number, all
    /// between them left out.
    pub fn contrib_with_two_outputs(
        &mut self,
        op: &str,
        inputs: &[&str],
        attrs: &[Attr<'_>],
        second: usize,
    ) -> [Value; 2] {
        let used = [self.fresh(), self.fresh()];
        let mut outputs = vec![String::new(); second + 1];
        outputs[0].clone_from(&used[0]);
        outputs[second].clone_from(&used[1]);
        self.push_named(op, CONTRIB, inputs, attrs, &outputs);
        used
    }

    fn push<const N: usize>(
        &mut self,
        op: &str,
        domain: &str,
        inputs: &[&str],
        attrs: &[Attr<'_>],
    ) -> [Value; N] {
        let outputs = std::array::from_fn(|_| self.fresh());
        self.push_named(op, domain, inputs, attrs, &outputs);
        outputs
    }

    fn push_named(
        &mut self,
        op: &str,
        domain: &str,
        inputs: &[&str],
        attrs: &[Attr<'_>],
        outputs: &[Value],
    ) {
        self.graph.node.push(NodeProto {
            input: inputs.iter().map(|&name| name.to_owned()).collect(),
            name: outputs.first().map(|output| format!("{op}:{output}")),
            output: outputs.to_vec(),
            op_type: Some(op.to_owned()),
            attribute: attrs.iter().map(attribute).collect(),
            domain: (!domain.is_empty()).then(|| domain.to_owned()),
        });
    }

    /// Vectors one behind the other.
    pub fn joined(&mut self, vectors: &[&str]) -> Value {
        self.node("Concat", vectors, &[Attr::Int("axis", 0)])
    }

    /// `0..end`, int64; `end` is a scalar.
    pub fn range(&mut self, end: &str) -> Value {
        let (zero, one) = (self.int(0), self.int(1));
        self.node("Range", &[&zero, end, &one], &[])
    }

    /// `x · wᵀ`, with `w` `[out, in]` as checkpoints keep it: `MatMul` would want it transposed.
    pub fn matmul_transposed(&mut self, x: &str, w: &str) -> Value {
        self.contrib("FusedMatMul", &[x, w], &[Attr::Int("transB", 1)])
    }

    /// `x` as another type.
    pub fn cast(&mut self, x: &str, to: i32) -> Value {
        self.node("Cast", &[x], &[Attr::Int("to", to.into())])
    }

    /// A constant whose values are in the graph.
    pub fn floats(&mut self, dims: &[usize], values: &[f32]) -> Value {
        let raw = values.iter().flat_map(|v| v.to_le_bytes()).collect();
        self.initializer(dims, data_type::FLOAT, raw)
    }

    /// As [`GraphBuilder::floats`], in half precision.
    pub fn halves(&mut self, dims: &[usize], values: &[f16]) -> Value {
        let raw = values.iter().flat_map(|v| v.to_le_bytes()).collect();
        self.initializer(dims, data_type::FLOAT16, raw)
    }

    /// A scalar constant.
    pub fn scalar(&mut self, value: f32) -> Value {
        self.floats(&[], &[value])
    }

    /// A constant integer.
    pub fn int(&mut self, value: i64) -> Value {
        self.initializer(&[], data_type::INT64, value.to_le_bytes().to_vec())
    }

    /// A constant vector of integers.
    pub fn ints(&mut self, values: &[i64]) -> Value {
        let raw = values.iter().flat_map(|v| v.to_le_bytes()).collect();
        self.initializer(&[values.len()], data_type::INT64, raw)
    }

    fn initializer(&mut self, dims: &[usize], data_type: i32, raw: Vec<u8>) -> Value {
        let name = self.fresh();
        self.graph.initializer.push(TensorProto {
            dims: as_i64(dims),
            data_type: Some(data_type),
            name: Some(name.clone()),
            raw_data: Some(raw),
            ..TensorProto::default()
        });
        name
    }

    /// A large constant: its values stay beside the graph if [`GraphBuilder::with_weights_beside`] was
    /// called, else they are in it.
    pub fn weight(&mut self, shape: &[usize], values: WeightValues) -> Value {
        let Some(file) = self.values_file.clone() else {
            return self.initializer(shape, values.onnx_type(), values.to_bytes());
        };
        let name = self.fresh();
        self.graph.initializer.push(TensorProto {
            dims: as_i64(shape),
            data_type: Some(values.onnx_type()),
            name: Some(name.clone()),
            // ONNX Runtime wants the file of values elsewhere to exist; it is not read, because the
            // session is given the values under this name. Only an optimizer that looks into constants
            // would read it, and finds none to fold here: no constant is cast or transposed.
            external_data: vec![StringStringEntryProto {
                key: Some("location".to_owned()),
                value: Some(file),
            }],
            data_location: Some(EXTERNAL),
            ..TensorProto::default()
        });
        self.weights.push(Weight {
            name: name.clone(),
            shape: shape.to_vec(),
            values,
        });
        name
    }

    /// The graph alone, to be merged into another.
    pub fn into_graph(self) -> GraphProto {
        self.graph
    }

    /// The whole model as ONNX bytes, and its weights.
    pub fn finish(mut self) -> (Vec<u8>, Vec<Weight>) {
        self.graph.name = Some("splade".to_owned());
        let opset = |domain: &str, version| OperatorSetIdProto {
            domain: Some(domain.to_owned()),
            version: Some(version),
        };
        let mut opset_import = vec![opset("", OPSET), opset(CONTRIB, 1)];
        if self.has_own {
            opset_import.push(opset(own_operator::DOMAIN, 1));
        }
        let bytes = ModelProto {
            ir_version: Some(IR_VERSION),
            producer_name: Some(env!("CARGO_PKG_NAME").to_owned()),
            graph: Some(self.graph),
            opset_import,
        }
        .encode_to_vec();
        (bytes, self.weights)
    }
}

fn as_i64(dims: &[usize]) -> Vec<i64> {
    // A tensor with 2^63 rows does not fit in a file.
    dims.iter()
        .map(|&dim| i64::try_from(dim).unwrap_or(i64::MAX))
        .collect()
}

fn attribute(attr: &Attr<'_>) -> AttributeProto {
    let empty = AttributeProto::default();
    let (name, kind, value) = match *attr {
        Attr::Int(name, i) => (
            name,
            attribute_type::INT,
            AttributeProto {
                i: Some(i),
                ..empty
            },
        ),
        Attr::Ints(name, ints) => (
            name,
            attribute_type::INTS,
            AttributeProto {
                ints: ints.to_vec(),
                ..empty
            },
        ),
        Attr::Float(name, f) => (
            name,
            attribute_type::FLOAT,
            AttributeProto {
                f: Some(f),
                ..empty
            },
        ),
        Attr::Text(name, text) => (
            name,
            attribute_type::STRING,
            AttributeProto {
                s: Some(text.as_bytes().to_vec()),
                ..empty
            },
        ),
        Attr::Graph(name, graph) => (
            name,
            attribute_type::GRAPH,
            AttributeProto {
                g: Some(graph.encode_to_vec()),
                ..empty
            },
        ),
    };
    AttributeProto {
        name: Some(name.to_owned()),
        r#type: Some(kind),
        ..value
    }
}
