//! The parts of an ONNX file that must be known; its weights are skipped, not copied.

use prost::Message;

use crate::model::onnx::{OperatorSetIdProto, StringStringEntryProto, ValueInfoProto};

/// The parts of `ModelProto` that are needed; weights are skipped, not copied.
#[derive(Clone, PartialEq, Message)]
pub struct ModelHeader {
    #[prost(message, optional, tag = "7")]
    pub graph: Option<GraphHeader>,
    #[prost(message, repeated, tag = "8")]
    pub opset_import: Vec<OperatorSetIdProto>,
    #[prost(message, repeated, tag = "25")]
    pub functions: Vec<FunctionHeader>,
}

#[derive(Clone, PartialEq, Message)]
pub struct GraphHeader {
    #[prost(message, repeated, tag = "1")]
    pub node: Vec<NodeHeader>,
    #[prost(message, repeated, tag = "5")]
    pub initializer: Vec<TensorHeader>,
    #[prost(message, repeated, tag = "11")]
    pub input: Vec<ValueInfoProto>,
    #[prost(message, repeated, tag = "12")]
    pub output: Vec<ValueInfoProto>,
    #[prost(message, repeated, tag = "15")]
    pub sparse_initializer: Vec<SparseTensorHeader>,
}

/// A node or a function: whatever has tensors in it that may lie in another file.
#[derive(Clone, PartialEq, Message)]
pub struct NodeHeader {
    #[prost(string, optional, tag = "4")]
    pub op_type: Option<String>,
    #[prost(message, repeated, tag = "5")]
    pub attribute: Vec<AttributeHeader>,
}

#[derive(Clone, PartialEq, Message)]
pub struct AttributeHeader {
    #[prost(message, optional, tag = "5")]
    pub t: Option<TensorHeader>,
    #[prost(message, optional, tag = "6")]
    pub g: Option<GraphHeader>,
    #[prost(message, repeated, tag = "10")]
    pub tensors: Vec<TensorHeader>,
    #[prost(message, repeated, tag = "11")]
    pub graphs: Vec<GraphHeader>,
    #[prost(message, optional, tag = "22")]
    pub sparse_tensor: Option<SparseTensorHeader>,
    #[prost(message, repeated, tag = "23")]
    pub sparse_tensors: Vec<SparseTensorHeader>,
}

#[derive(Clone, PartialEq, Message)]
pub struct SparseTensorHeader {
    #[prost(message, optional, tag = "1")]
    pub values: Option<TensorHeader>,
    #[prost(message, optional, tag = "2")]
    pub indices: Option<TensorHeader>,
}

#[derive(Clone, PartialEq, Message)]
pub struct FunctionHeader {
    #[prost(message, repeated, tag = "7")]
    pub node: Vec<NodeHeader>,
}

#[derive(Clone, PartialEq, Message)]
pub struct TensorHeader {
    #[prost(string, optional, tag = "8")]
    pub name: Option<String>,
    #[prost(message, repeated, tag = "13")]
    pub external_data: Vec<StringStringEntryProto>,
    /// Read as a list, so that a second value cannot hide the first.
    #[prost(int32, repeated, packed = "false", tag = "14")]
    pub data_location: Vec<i32>,
}
