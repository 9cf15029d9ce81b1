//! Reads what must be known of an existing ONNX file, and puts the head behind its logits.
//!
//! The file's bytes are never rewritten. Protobuf defines that a message followed by another of its
//! type is the two merged: repeated fields are joined, and a submessage is merged in its turn. So the
//! head is appended as a second `ModelProto` that holds only more nodes and one more output, and
//! whatever the file contains stays as it is.

use std::path::{Path, PathBuf};

use prost::Message;

use super::ends::{Output, inputs, output};
use super::external::{ExternalFile, external_files, tensors_of_graph, tensors_of_nodes};
use super::header::{ModelHeader, NodeHeader};
use crate::model::error::ModelError;
use crate::model::graph::GraphBuilder;
use crate::model::head::{self, Aggregation};
use crate::model::onnx::{ModelProto, data_type};
use crate::model::onnx_graph::GraphOutput;

/// Begins the names of values that are added.
const PREFIX: &str = "splade_export_";

/// An ONNX file and what it gives.
#[derive(Debug)]
pub struct OnnxFile {
    pub path: PathBuf,
    bytes: Vec<u8>,
    opset: i64,
    /// Names of the inputs that must be given.
    pub inputs: Vec<String>,
    pub output: Output,
    /// True if it has operators that derive a scale from the values of a run.
    pub quantizes_activations: bool,
    /// Files beside it that hold its weights.
    pub external_files: Vec<ExternalFile>,
}

impl OnnxFile {
    /// Reads the file; `vocabulary` is the size of the tokenizer's, without added tokens.
    pub fn open(path: &Path, vocabulary: usize) -> Result<Self, ModelError> {
        let broken = |reason: String| ModelError::broken(path, reason);
        let bytes = fs_err::read(path).map_err(|e| broken(e.to_string()))?;
        let header = ModelHeader::decode(bytes.as_slice())
            .map_err(|e| broken(format!("not an ONNX file: {e}")))?;
        let graph = header
            .graph
            .ok_or_else(|| broken("not an ONNX file: there is no graph".into()))?;
        let functions = header.functions.iter().flat_map(|function| &function.node);
        let mut tensors = Vec::new();
        tensors_of_graph(&graph, &mut tensors);
        tensors_of_nodes(functions, &mut tensors);
        let opset = header
            .opset_import
            .iter()
            .find(|opset| opset.domain.as_deref().unwrap_or("").is_empty())
            .and_then(|opset| opset.version)
            .ok_or_else(|| broken("not an ONNX file: no opset is declared".into()))?;
        Ok(Self {
            path: path.to_owned(),
            opset,
            inputs: inputs(&graph, path)?,
            output: output(&graph, path, vocabulary)?,
            quantizes_activations: header
                .functions
                .iter()
                .flat_map(|function| &function.node)
                .chain(&graph.node)
                .any(quantizes_activations),
            external_files: external_files(&tensors, path)?,
            bytes,
        })
    }

    /// Returns the bytes of a model whose output are weights: this head's, or the file's own if they are pooled.
    pub fn with_head(
        &self,
        vocabulary: usize,
        aggregation: Aggregation,
    ) -> Result<(Vec<u8>, GraphOutput), ModelError> {
        let logits = match &self.output {
            Output::Logits(name, _) => name,
            Output::Weights(name, _) if aggregation == Aggregation::Max => {
                return Ok((self.bytes.clone(), GraphOutput::Dense(name.clone())));
            }
            Output::Entries { terms, weights } if aggregation == Aggregation::Max => {
                let mut graph = GraphBuilder::new(PREFIX);
                let output = head::over_entries(&mut graph, [terms, weights], vocabulary);
                return Ok((self.followed_by(graph), output));
            }
            Output::Weights(..) | Output::Entries { .. } => {
                return Err(ModelError::AggregationFixed {
                    path: self.path.clone(),
                });
            }
        };
        let mut graph = GraphBuilder::new(PREFIX);
        let mask = graph.cast("attention_mask", data_type::BOOL);
        let logits = graph.cast(logits, data_type::FLOAT);
        let output = head::over_logits(
            &mut graph,
            &logits,
            &mask,
            vocabulary,
            self.opset,
            aggregation,
        );
        Ok((self.followed_by(graph), output))
    }

    /// Returns the bytes of the model with more nodes behind its own.
    fn followed_by(&self, graph: GraphBuilder) -> Vec<u8> {
        let head = ModelProto {
            graph: Some(graph.into_graph()),
            ..ModelProto::default()
        };
        let mut bytes = self.bytes.clone();
        bytes.extend_from_slice(&head.encode_to_vec());
        bytes
    }
}

/// Returns true for an operator whose scale comes from the values of a run, also in a graph inside the
/// node.
fn quantizes_activations(node: &NodeHeader) -> bool {
    let op = node.op_type.as_deref().unwrap_or_default();
    let inner = node.attribute.iter();
    op.starts_with("DynamicQuantize")
        || inner
            .flat_map(|attribute| attribute.g.iter().chain(&attribute.graphs))
            .flat_map(|graph| &graph.node)
            .any(quantizes_activations)
}
