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

/// No vocabulary is nearly as large: a file that claims more is broken, and would only fill memory.
const MAX_COLUMNS: usize = 1 << 21;

/// The parts of `ModelProto` that are needed; weights are skipped, not copied.
#[derive(Clone, PartialEq, Message)]
struct ModelHeader {
    #[prost(message, optional, tag = "7")]
    graph: Option<GraphHeader>,
    #[prost(message, repeated, tag = "8")]
    opset_import: Vec<OperatorSetIdProto>,
    #[prost(message, repeated, tag = "25")]
    functions: Vec<FunctionHeader>,
}

#[derive(Clone, PartialEq, Message)]
struct GraphHeader {
    #[prost(message, repeated, tag = "1")]
    node: Vec<NodeHeader>,
    #[prost(message, repeated, tag = "5")]
    initializer: Vec<TensorHeader>,
    #[prost(message, repeated, tag = "11")]
    input: Vec<ValueInfoProto>,
    #[prost(message, repeated, tag = "12")]
    output: Vec<ValueInfoProto>,
    #[prost(message, repeated, tag = "15")]
    sparse_initializer: Vec<SparseTensorHeader>,
}

/// A node or a function: whatever has tensors in it that may lie in another file.
#[derive(Clone, PartialEq, Message)]
struct NodeHeader {
    #[prost(string, optional, tag = "4")]
    op_type: Option<String>,
    #[prost(message, repeated, tag = "5")]
    attribute: Vec<AttributeHeader>,
}

#[derive(Clone, PartialEq, Message)]
struct AttributeHeader {
    #[prost(message, optional, tag = "5")]
    t: Option<TensorHeader>,
    #[prost(message, optional, tag = "6")]
    g: Option<GraphHeader>,
    #[prost(message, repeated, tag = "10")]
    tensors: Vec<TensorHeader>,
    #[prost(message, repeated, tag = "11")]
    graphs: Vec<GraphHeader>,
    #[prost(message, optional, tag = "22")]
    sparse_tensor: Option<SparseTensorHeader>,
    #[prost(message, repeated, tag = "23")]
    sparse_tensors: Vec<SparseTensorHeader>,
}

#[derive(Clone, PartialEq, Message)]
struct SparseTensorHeader {
    #[prost(message, optional, tag = "1")]
    values: Option<TensorHeader>,
    #[prost(message, optional, tag = "2")]
    indices: Option<TensorHeader>,
}

#[derive(Clone, PartialEq, Message)]
struct FunctionHeader {
    #[prost(message, repeated, tag = "7")]
    node: Vec<NodeHeader>,
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
    /// True if it has operators that derive a scale from the values of a run.
    pub quantizes_activations: bool,
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
        let fits = columns.is_some_and(|columns| (vocabulary..=MAX_COLUMNS).contains(&columns));
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

/// All tensors of a graph, those inside its nodes too.
fn tensors_of_graph<'g>(graph: &'g GraphHeader, tensors: &mut Vec<&'g TensorHeader>) {
    tensors.extend(&graph.initializer);
    for sparse in &graph.sparse_initializer {
        tensors.extend(sparse.values.iter().chain(&sparse.indices));
    }
    tensors_of_nodes(&graph.node, tensors);
}

fn tensors_of_nodes<'g>(
    nodes: impl IntoIterator<Item = &'g NodeHeader>,
    tensors: &mut Vec<&'g TensorHeader>,
) {
    for attribute in nodes.into_iter().flat_map(|node| &node.attribute) {
        tensors.extend(attribute.t.iter().chain(&attribute.tensors));
        for sparse in attribute
            .sparse_tensor
            .iter()
            .chain(&attribute.sparse_tensors)
        {
            tensors.extend(sparse.values.iter().chain(&sparse.indices));
        }
        // As deep as protobuf's decoder went, at most a hundred levels.
        for graph in attribute.g.iter().chain(&attribute.graphs) {
            tensors_of_graph(graph, tensors);
        }
    }
}

/// True for an operator whose scale comes from the values of a run, also in a graph inside the node.
fn quantizes_activations(node: &NodeHeader) -> bool {
    let op = node.op_type.as_deref().unwrap_or_default();
    let inner = node.attribute.iter();
    op.starts_with("DynamicQuantize")
        || inner
            .flat_map(|attribute| attribute.g.iter().chain(&attribute.graphs))
            .flat_map(|graph| &graph.node)
            .any(quantizes_activations)
}

/// True for a name below the folder.
fn is_beside(location: &str) -> bool {
    let mut parts = Path::new(location).components();
    // ONNX Runtime takes a location with this name for an address in its own memory.
    !location.is_empty()
        && !location.contains("_ORT_MEM_ADDR_")
        && parts.all(|part| matches!(part, std::path::Component::Normal(_)))
}

/// External data must lie beside the file: anything else is a path somebody else chose.
fn external_files(tensors: &[&TensorHeader], path: &Path) -> Result<Vec<PathBuf>, ModelError> {
    let folder = path.parent().unwrap_or(Path::new("."));
    let mut files = Vec::new();
    for tensor in tensors {
        if tensor.data_location != Some(EXTERNAL) {
            continue;
        }
        let mut locations = tensor
            .external_data
            .iter()
            .filter(|entry| entry.key.as_deref() == Some("location"))
            .map(|entry| entry.value.as_deref().unwrap_or_default());
        let found = |location| is_beside(location).then(|| folder.join(location));
        match locations.try_fold(None, |_, location| found(location).map(Some)) {
            Some(Some(file)) => files.push(file),
            _ => {
                return Err(ModelError::broken(
                    path,
                    "a weight is said to lie in a file outside the model folder; do not use this file",
                ));
            }
        }
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::encoder::{Device, DeviceChoice, SpladeEncoder};
    use crate::model::GraphForm;
    use crate::model::Model;
    use crate::model::onnx::ValueInfoProto;
    use tokenizers::models::wordlevel::WordLevel;
    use tokenizers::{PaddingParams, Tokenizer};

    const V: usize = 5;
    /// Row `t`: the logits of token `t`.
    const LOGITS: [f32; V * V] = [
        9.0, 9.0, 9.0, 9.0, 9.0, // the id used for padding: it must never be seen
        0.5, -1.0, 2.0, 0.0, -3.0, //
        1.5, -2.0, 1.0, 0.0, -4.0, //
        0.0, 0.0, 0.0, 0.25, -0.5, //
        -1.0, -1.0, -1.0, -1.0, -1.0,
    ];

    /// A folder with an ONNX file whose logits are a table look-up, so that weights can be told by hand.
    fn folder(build: impl FnOnce(&mut GraphBuilder)) -> tempfile::TempDir {
        let dir = tempfile::tempdir().unwrap();
        let vocab = ["[PAD]", "a", "b", "c", "d"];
        let ids = vocab.iter().zip(0..).map(|(t, id)| ((*t).to_owned(), id));
        let model = WordLevel::builder()
            .vocab(ids.collect())
            .unk_token("d".into())
            .build()
            .unwrap();
        let mut tokenizer = Tokenizer::new(model);
        tokenizer.with_pre_tokenizer(Some(
            tokenizers::pre_tokenizers::whitespace::WhitespaceSplit,
        ));
        // What a tokenizer.json says of padding is not what is done here.
        tokenizer.with_padding(Some(PaddingParams::default()));
        tokenizer
            .save(dir.path().join("tokenizer.json"), false)
            .unwrap();
        let mut graph = GraphBuilder::new("t");
        build(&mut graph);
        fs_err::write(dir.path().join("model.onnx"), graph.finish().0).unwrap();
        dir
    }

    fn inputs(graph: &mut GraphBuilder, names: &[&str]) {
        for name in names {
            let dims = [Err("batch"), Err("length")];
            graph.input(ValueInfoProto::tensor(name, data_type::INT64, &dims));
        }
    }

    fn logits(graph: &mut GraphBuilder) {
        inputs(graph, &["input_ids", "attention_mask", "token_type_ids"]);
        let table = graph.floats(&[V, V], &LOGITS);
        let logits = graph.node("Gather", &[&table, "input_ids"], &[]);
        let dims = [Err("batch"), Err("length"), Ok(5)];
        graph.output(
            &logits,
            ValueInfoProto::tensor("logits", data_type::FLOAT, &dims),
        );
    }

    fn weights(folder: &Path, aggregation: Aggregation, texts: &[&str]) -> Vec<Vec<(u32, f32)>> {
        let device = DeviceChoice::Device(Device::Cpu);
        let builder = SpladeEncoder::open(folder).unwrap().max_length(16);
        let builder = builder.aggregation(aggregation).device(device);
        let vectors = builder.build().unwrap().encode(texts).unwrap();
        vectors
            .iter()
            .map(|v| v.0.iter().map(|e| (e.term, e.weight)).collect())
            .collect()
    }

    fn close(found: &[(u32, f32)], expected: &[(u32, f32)]) {
        assert_eq!(found.len(), expected.len(), "{found:?} {expected:?}");
        for (found, expected) in found.iter().zip(expected) {
            assert_eq!(found.0, expected.0);
            assert!(
                (found.1 - expected.1).abs() < 1e-6,
                "{found:?} {expected:?}"
            );
        }
    }

    #[test]
    fn the_head_behind_logits_pools_without_padding() {
        let dir = folder(logits);
        let texts = ["a b", "c", "d d d", ""];
        let max = weights(dir.path(), Aggregation::Max, &texts);
        close(&max[0], &[(0, 1.5f32.ln_1p()), (2, 2f32.ln_1p())]);
        close(&max[1], &[(3, 0.25f32.ln_1p())]);
        close(&max[2], &[]);
        close(&max[3], &[]);
        let sum = weights(dir.path(), Aggregation::Sum, &texts);
        let first = 0.5f32.ln_1p() + 1.5f32.ln_1p();
        close(&sum[0], &[(0, first), (2, 2f32.ln_1p() + 1f32.ln_1p())]);
        close(&sum[1], &[(3, 0.25f32.ln_1p())]);
    }

    #[test]
    fn pooled_weights_are_used_as_they_are_and_cannot_be_summed() {
        let dir = folder(|graph| {
            inputs(graph, &["input_ids", "attention_mask"]);
            let table = graph.floats(&[V, V], &LOGITS);
            let logits = graph.node("Gather", &[&table, "input_ids"], &[]);
            let axis = graph.ints(&[1]);
            let best = graph.node("ReduceMax", &[&logits, &axis], &[Attr::Int("keepdims", 0)]);
            let best = graph.node("Relu", &[&best], &[]);
            let dims = [Err("batch"), Ok(5)];
            graph.output(
                &best,
                ValueInfoProto::tensor("weights", data_type::FLOAT, &dims),
            );
        });
        close(
            &weights(dir.path(), Aggregation::Max, &["a b"])[0],
            &[(0, 1.5), (2, 2.0)],
        );
        let model = Model::open(dir.path()).unwrap();
        assert!(matches!(
            model.graph(Aggregation::Sum, GraphForm::default()),
            Err(ModelError::AggregationFixed { .. })
        ));
    }

    #[test]
    fn graphs_that_cannot_serve_are_refused_when_loading() {
        let unknown = folder(|graph| {
            inputs(graph, &["pixels"]);
            logits(graph);
        });
        let error = |dir: &tempfile::TempDir| Model::open(dir.path()).err().unwrap().to_string();
        assert!(error(&unknown).contains("needs an input \"pixels\""));

        let narrow = folder(|graph| {
            inputs(graph, &["input_ids", "attention_mask"]);
            let table = graph.floats(&[V, 2], &LOGITS[..10]);
            let hidden = graph.node("Gather", &[&table, "input_ids"], &[]);
            let dims = [Err("batch"), Err("length"), Ok(2)];
            let info = ValueInfoProto::tensor("last_hidden_state", data_type::FLOAT, &dims);
            graph.output(&hidden, info);
        });
        assert!(error(&narrow).contains("outputs here: last_hidden_state [?, ?, 2]"));

        fs_err::write(narrow.path().join("model.onnx"), b"no protobuf").unwrap();
        assert!(error(&narrow).contains("not an ONNX file"));
    }

    #[test]
    fn weights_outside_the_folder_are_refused_wherever_the_graph_has_them() {
        let tensor = |location: &str| TensorHeader {
            name: None,
            external_data: vec![StringStringEntryProto {
                key: Some("location".to_owned()),
                value: Some(location.to_owned()),
            }],
            data_location: Some(EXTERNAL),
        };
        let attribute = |location: &str| AttributeHeader {
            t: Some(tensor(location)),
            ..AttributeHeader::default()
        };
        let node = |attribute: AttributeHeader| NodeHeader {
            attribute: vec![attribute],
            ..NodeHeader::default()
        };
        let inner = |location: &str| GraphHeader {
            node: vec![node(attribute(location))],
            ..GraphHeader::default()
        };
        let outside = ["../x", "/etc/passwd", "a/../../x", "", "*/_ORT_MEM_ADDR_/*"];
        for location in outside {
            let model = |graph: GraphHeader, functions: Vec<FunctionHeader>| ModelHeader {
                graph: Some(graph),
                opset_import: vec![OperatorSetIdProto {
                    domain: None,
                    version: Some(17),
                }],
                functions,
            };
            let branch = AttributeHeader {
                g: Some(inner(location)),
                ..AttributeHeader::default()
            };
            let initializer = GraphHeader {
                initializer: vec![tensor(location)],
                ..GraphHeader::default()
            };
            let deep = GraphHeader {
                node: vec![node(branch)],
                ..GraphHeader::default()
            };
            let function = FunctionHeader {
                node: vec![node(attribute(location))],
            };
            for model in [
                model(initializer, Vec::new()),
                model(inner(location), Vec::new()),
                model(deep, Vec::new()),
                model(GraphHeader::default(), vec![function]),
            ] {
                let header = ModelHeader::decode(model.encode_to_vec().as_slice()).unwrap();
                let graph = header.graph.unwrap();
                let functions = header.functions.iter().flat_map(|function| &function.node);
                let mut tensors = Vec::new();
                tensors_of_graph(&graph, &mut tensors);
                tensors_of_nodes(functions, &mut tensors);
                let error = external_files(&tensors, Path::new("m.onnx")).unwrap_err();
                assert!(
                    error.to_string().contains("outside the model folder"),
                    "{location}"
                );
            }
        }
        let dir = tempfile::tempdir().unwrap();
        fs_err::write(dir.path().join("w.data"), "").unwrap();
        let beside = tensor("w.data");
        let files = external_files(&[&beside], &dir.path().join("m.onnx")).unwrap();
        assert_eq!(files.len(), 1);
    }
}
