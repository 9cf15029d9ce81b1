//! A small builder for ONNX graphs.
//!
//! Weights are not copied into the graph: they stay in the checkpoint's file and are named by file,
//! offset and length (ONNX "external data"), so that ONNX Runtime maps them.

use prost::Message;

use super::checkpoint::Tensor;
use super::onnx::{
    AttributeProto, EXTERNAL, GraphProto, ModelProto, NodeProto, OperatorSetIdProto,
    StringStringEntryProto, TensorProto, ValueInfoProto, attribute_type, data_type,
};

/// The ONNX opset of graphs built here: the first with `Gelu`.
const OPSET: i64 = 20;
const IR_VERSION: i64 = 9;
/// ONNX Runtime's own operators, of which `FusedMatMul` takes a checkpoint's `[out, in]` matrices as
/// they are.
const CONTRIB: &str = "com.microsoft";

/// Name of a value in the graph.
pub type Value = String;

/// An attribute of a node.
pub enum Attr<'a> {
    Int(&'a str, i64),
    Ints(&'a str, &'a [i64]),
    Float(&'a str, f32),
    Text(&'a str, &'a str),
}

/// Collects nodes and initializers.
#[derive(Default)]
pub struct GraphBuilder {
    graph: GraphProto,
    prefix: &'static str,
    counter: usize,
}

impl GraphBuilder {
    /// `prefix` begins the name of every value made, so that graphs can be put together.
    pub fn new(prefix: &'static str) -> Self {
        Self {
            prefix,
            ..Self::default()
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
    pub fn output(&mut self, value: &Value, info: ValueInfoProto) {
        let name = info.name.clone().unwrap_or_default();
        self.push("Identity", "", &[value], &[], name);
        self.graph.output.push(info);
    }

    /// Adds a node of the standard domain with one output.
    pub fn node(&mut self, op: &str, inputs: &[&Value], attrs: &[Attr<'_>]) -> Value {
        let output = self.fresh();
        self.push(op, "", inputs, attrs, output)
    }

    fn push(
        &mut self,
        op: &str,
        domain: &str,
        inputs: &[&Value],
        attrs: &[Attr<'_>],
        output: Value,
    ) -> Value {
        self.graph.node.push(NodeProto {
            input: inputs.iter().map(|&name| name.clone()).collect(),
            output: vec![output.clone()],
            name: Some(format!("{op}:{output}")),
            op_type: Some(op.to_owned()),
            attribute: attrs.iter().map(attribute).collect(),
            domain: (!domain.is_empty()).then(|| domain.to_owned()),
        });
        output
    }

    /// `x · wᵀ`, with `w` `[out, in]` as checkpoints keep it.
    pub fn matmul_transposed(&mut self, x: &Value, w: &Value) -> Value {
        let output = self.fresh();
        self.push(
            "FusedMatMul",
            CONTRIB,
            &[x, w],
            &[Attr::Int("transB", 1)],
            output,
        )
    }

    /// A constant whose values are in the graph.
    pub fn floats(&mut self, dims: &[usize], values: &[f32]) -> Value {
        let raw = values.iter().flat_map(|v| v.to_le_bytes()).collect();
        self.initializer(dims, data_type::FLOAT, raw)
    }

    /// A scalar constant.
    pub fn scalar(&mut self, value: f32) -> Value {
        self.floats(&[], &[value])
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

    /// A checkpoint's tensor, or some of its rows, as float32. Half-precision tensors are widened by
    /// a `Cast`, which ONNX Runtime folds when it loads the graph.
    pub fn tensor(&mut self, tensor: &Tensor) -> Value {
        let name = self.fresh();
        let entry = |key: &str, value: String| StringStringEntryProto {
            key: Some(key.to_owned()),
            value: Some(value),
        };
        self.graph.initializer.push(TensorProto {
            dims: as_i64(&tensor.shape),
            data_type: Some(tensor.onnx_type()),
            name: Some(name.clone()),
            raw_data: None,
            external_data: vec![
                entry("location", tensor.file_name()),
                entry("offset", tensor.offset.to_string()),
                entry("length", tensor.len_bytes().to_string()),
            ],
            data_location: Some(EXTERNAL),
        });
        if tensor.onnx_type() == data_type::FLOAT {
            return name;
        }
        self.node(
            "Cast",
            &[&name],
            &[Attr::Int("to", data_type::FLOAT.into())],
        )
    }

    /// The graph alone, to be merged into another.
    pub fn into_graph(self) -> GraphProto {
        self.graph
    }

    /// The whole model as ONNX bytes.
    pub fn finish(mut self) -> Vec<u8> {
        self.graph.name = Some("splade".to_owned());
        let opset = |domain: &str, version| OperatorSetIdProto {
            domain: Some(domain.to_owned()),
            version: Some(version),
        };
        ModelProto {
            ir_version: Some(IR_VERSION),
            producer_name: Some(env!("CARGO_PKG_NAME").to_owned()),
            graph: Some(self.graph),
            opset_import: vec![opset("", OPSET), opset(CONTRIB, 1)],
        }
        .encode_to_vec()
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
    };
    AttributeProto {
        name: Some(name.to_owned()),
        r#type: Some(kind),
        ..value
    }
}
