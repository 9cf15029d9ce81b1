//! Reads what must be known of an existing ONNX file, and puts the head behind its logits.
//!
//! The file's bytes are never rewritten. Protobuf defines that a message followed by another of its
//! type is the two merged: repeated fields are joined, and a submessage is merged in its turn. So the
//! head is appended as a second `ModelProto` that holds only more nodes and one more output, and
//! whatever the file contains stays as it is.

use std::path::{Path, PathBuf};

use prost::Message;

use super::error::ModelError;
use super::graph::{Attr, GraphBuilder};
use super::head::{self, Aggregation};
use super::onnx::{
    EXTERNAL, ModelProto, OperatorSetIdProto, StringStringEntryProto, ValueInfoProto, data_type,
};

/// The parts of `ModelProto` that are needed; weights are skipped, not copied.
#[derive(Clone, PartialEq, Message)]
struct ModelHeader {
    #[prost(message, optional, tag = "7")]
    graph: Option<GraphHeader>,
    #[prost(message, repeated, tag = "8")]
    opset_import: Vec<OperatorSetIdProto>,
}

#[derive(Clone, PartialEq, Message)]
struct GraphHeader {
    #[prost(message, repeated, tag = "5")]
    initializer: Vec<TensorHeader>,
    #[prost(message, repeated, tag = "11")]
    input: Vec<ValueInfoProto>,
    #[prost(message, repeated, tag = "12")]
    output: Vec<ValueInfoProto>,
}

#[derive(Clone, PartialEq, Message)]
struct TensorHeader {
    #[prost(string, optional, tag = "8")]
    name: Option<String>,
    #[prost(message, repeated, tag = "13")]
    external_data: Vec<StringStringEntryProto>,
    #[prost(int32, optional, tag = "14")]
    data_location: Option<i32>,
}

/// An ONNX file and what it gives.
#[derive(Debug)]
pub struct OnnxFile {
    pub path: PathBuf,
    bytes: Vec<u8>,
    opset: i64,
    /// Names of the inputs that must be given.
    pub inputs: Vec<String>,
    pub output: Output,
    /// Files beside it that hold its weights.
    pub external_files: Vec<PathBuf>,
}

/// What an ONNX file computes.
#[derive(Debug, PartialEq, Eq)]
pub enum Output {
    /// `[B, L, V]`, with `V` where the file says it.
    Logits(String, Option<usize>),
    /// `[B, V]`, already pooled.
    Weights(String, Option<usize>),
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
            external_files: external_files(&graph, path)?,
            bytes,
        })
    }

    /// The bytes of a model with the output [`head::WEIGHTS`], or the file's own if it is pooled.
    /// Returns the name of the output too.
    pub fn with_head(
        &self,
        vocabulary: usize,
        aggregation: Aggregation,
    ) -> Result<(Vec<u8>, String), ModelError> {
        let logits = match &self.output {
            Output::Logits(name, _) => name,
            Output::Weights(name, _) if aggregation == Aggregation::Max => {
                return Ok((self.bytes.clone(), name.clone()));
            }
            Output::Weights(..) => {
                return Err(ModelError::AggregationFixed {
                    path: self.path.clone(),
                });
            }
        };
        let mut graph = GraphBuilder::new("splade_export_");
        let cast = |to: i32| [Attr::Int("to", to.into())];
        let mask = "attention_mask".to_owned();
        let mask = graph.node("Cast", &[&mask], &cast(data_type::BOOL));
        let logits = graph.node("Cast", &[logits], &cast(data_type::FLOAT));
        head::over_logits(
            &mut graph,
            &logits,
            &mask,
            vocabulary,
            self.opset,
            aggregation,
        );
        let head = ModelProto {
            graph: Some(graph.into_graph()),
            ..ModelProto::default()
        };
        let mut bytes = self.bytes.clone();
        bytes.extend_from_slice(&head.encode_to_vec());
        Ok((bytes, head::WEIGHTS.to_owned()))
    }
}

fn inputs(graph: &GraphHeader, path: &Path) -> Result<Vec<String>, ModelError> {
    let mut names = Vec::new();
    for input in &graph.input {
        let name = input.name.clone().unwrap_or_default();
        // In old files the weights are listed as inputs too.
        if graph
            .initializer
            .iter()
            .any(|i| i.name.as_ref() == Some(&name))
        {
            continue;
        }
        let detail = match name.as_str() {
            "input_ids" | "attention_mask" | "token_type_ids" | "position_ids" => {
                (input.elem_type() != data_type::INT64).then_some("its elements are not int64")
            }
            _ => Some("its meaning is not known"),
        };
        if let Some(detail) = detail {
            return Err(ModelError::UnknownInput {
                path: path.to_owned(),
                name,
                detail: detail.to_owned(),
            });
        }
        names.push(name);
    }
    for needed in ["input_ids", "attention_mask"] {
        if !names.iter().any(|name| name == needed) {
            return Err(ModelError::broken(
                path,
                format!("the graph has no input {needed:?}"),
            ));
        }
    }
    Ok(names)
}

fn output(graph: &GraphHeader, path: &Path, vocabulary: usize) -> Result<Output, ModelError> {
    let mut pooled = None;
    let mut described = Vec::new();
    for info in &graph.output {
        let name = info.name.clone().unwrap_or_default();
        let dims = info.dims();
        described.push(format!("{name} {}", describe(dims.as_deref())));
        let Some(dims) = dims else { continue };
        let last = dims.last().copied().flatten();
        let columns = last.and_then(|dim| usize::try_from(dim).ok());
        // Some models pad the vocabulary to a round number, none cuts it.
        let fits = columns.is_some_and(|columns| columns >= vocabulary);
        match dims.len() {
            3 if fits || (columns.is_none() && name == "logits") => {
                return Ok(Output::Logits(name, columns));
            }
            2 if fits && pooled.is_none() => pooled = Some(Output::Weights(name, columns)),
            _ => {}
        }
    }
    pooled.ok_or_else(|| ModelError::NoUsableOutput {
        path: path.to_owned(),
        vocabulary,
        outputs: described.join(", "),
    })
}

fn describe(dims: Option<&[Option<i64>]>) -> String {
    let Some(dims) = dims else {
        return "of unknown shape".into();
    };
    let dims: Vec<_> = dims
        .iter()
        .map(|dim| dim.map_or_else(|| "?".into(), |dim| dim.to_string()))
        .collect();
    format!("[{}]", dims.join(", "))
}

/// External data must lie beside the file: anything else is a path somebody else chose.
fn external_files(graph: &GraphHeader, path: &Path) -> Result<Vec<PathBuf>, ModelError> {
    let folder = path.parent().unwrap_or(Path::new("."));
    let mut files = Vec::new();
    for tensor in &graph.initializer {
        if tensor.data_location != Some(EXTERNAL) {
            continue;
        }
        let location = tensor
            .external_data
            .iter()
            .find(|entry| entry.key.as_deref() == Some("location"))
            .and_then(|entry| entry.value.clone())
            .unwrap_or_default();
        let plain = Path::new(&location)
            .components()
            .all(|part| matches!(part, std::path::Component::Normal(_)));
        if location.is_empty() || !plain {
            return Err(ModelError::broken(
                path,
                format!("external data {location:?} lies outside the model folder"),
            ));
        }
        files.push(folder.join(location));
    }
    files.sort();
    files.dedup();
    match files.iter().find(|file| !file.exists()) {
        Some(file) => Err(ModelError::broken(
            file,
            "the external data file is missing",
        )),
        None => Ok(files),
    }
}
