//! Graphs made for the purpose, run by ONNX Runtime.

use std::path::Path;

use prost::Message;
use tokenizers::models::wordlevel::WordLevel;
use tokenizers::{PaddingParams, Tokenizer};

use super::external::{external_files, tensors_of_graph, tensors_of_nodes};
use super::header::{
    AttributeHeader, FunctionHeader, GraphHeader, ModelHeader, NodeHeader, TensorHeader,
};
use crate::encoder::{Device, DeviceChoice, SpladeEncoder};
use crate::model::graph::{Attr, GraphBuilder};
use crate::model::onnx::{
    EXTERNAL, ModelProto, OperatorSetIdProto, StringStringEntryProto, ValueInfoProto, data_type,
};
use crate::model::{Aggregation, GraphForm, Model, ModelError};

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

/// The outputs of Anserini's exports: the terms of one text and their weights.
#[test]
fn entries_of_one_text_are_put_into_their_columns() {
    let dir = folder(|graph| {
        inputs(graph, &["input_ids", "attention_mask"]);
        let table = graph.floats(&[V, V], &LOGITS);
        let logits = graph.node("Gather", &[&table, "input_ids"], &[]);
        let axis = graph.ints(&[0, 1]);
        let best = graph.node("ReduceMax", &[&logits, &axis], &[Attr::Int("keepdims", 0)]);
        let best = graph.node("Relu", &[&best], &[]);
        let places = graph.node("NonZero", &[&best], &[]);
        let terms = graph.node("Squeeze", &[&places], &[]);
        let weights = graph.node("Gather", &[&best, &terms], &[]);
        let many = [Err("entries")];
        let info = ValueInfoProto::tensor("output_idx", data_type::INT64, &many);
        graph.output(&terms, info);
        let info = ValueInfoProto::tensor("output_weights", data_type::FLOAT, &many);
        graph.output(&weights, info);
    });
    let found = weights(dir.path(), Aggregation::Max, &["a b", "c", "d d d", "a"]);
    close(&found[0], &[(0, 1.5), (2, 2.0)]);
    close(&found[1], &[(3, 0.25)]);
    close(&found[2], &[]);
    close(&found[3], &[(0, 0.5), (2, 2.0)]);
    let model = Model::open(dir.path()).unwrap();
    assert!(model.is_batch_dependent(GraphForm::default(), Aggregation::Max));
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
        data_location: vec![EXTERNAL],
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

#[test]
fn a_weight_that_says_twice_where_it_is_is_refused() {
    // The second value hides the first from a reader that keeps the last.
    let tensor = TensorHeader {
        name: None,
        external_data: Vec::new(),
        data_location: vec![EXTERNAL, 0],
    };
    let bytes = tensor.encode_to_vec();
    let tensor = TensorHeader::decode(bytes.as_slice()).unwrap();
    let error = external_files(&[&tensor], Path::new("m.onnx")).unwrap_err();
    assert!(error.to_string().contains("says twice"), "{error}");
}

/// Moves the values of the first constant into a file beside the model.
fn move_weights_out(folder: &Path) {
    let path = folder.join("model.onnx");
    let mut model = ModelProto::decode(fs_err::read(&path).unwrap().as_slice()).unwrap();
    let tensor = &mut model.graph.as_mut().unwrap().initializer[0];
    fs_err::write(folder.join("w.data"), tensor.raw_data.take().unwrap()).unwrap();
    tensor.data_location = Some(EXTERNAL);
    tensor.external_data = vec![StringStringEntryProto {
        key: Some("location".to_owned()),
        value: Some("w.data".to_owned()),
    }];
    fs_err::write(&path, model.encode_to_vec()).unwrap();
}

#[test]
#[cfg(unix)]
fn external_weights_are_read_in_a_cache_of_links_and_nowhere_else() {
    use std::os::unix::fs::symlink;
    let dir = folder(logits);
    let expected = weights(dir.path(), Aggregation::Max, &["a b"]);
    move_weights_out(dir.path());
    assert_eq!(weights(dir.path(), Aggregation::Max, &["a b"]), expected);

    let cache = tempfile::tempdir().unwrap();
    let blobs = cache.path().join("models--a--b/blobs");
    let snapshot = cache.path().join("models--a--b/snapshots/0123");
    fs_err::create_dir_all(&blobs).unwrap();
    fs_err::create_dir_all(&snapshot).unwrap();
    for name in ["model.onnx", "w.data", "tokenizer.json"] {
        fs_err::copy(dir.path().join(name), blobs.join(format!("hash-{name}"))).unwrap();
        symlink(format!("../../blobs/hash-{name}"), snapshot.join(name)).unwrap();
    }
    assert_eq!(weights(&snapshot, Aggregation::Max, &["a b"]), expected);

    fs_err::remove_file(snapshot.join("w.data")).unwrap();
    symlink(dir.path().join("w.data"), snapshot.join("w.data")).unwrap();
    let error = Model::open(&snapshot).err().unwrap().to_string();
    assert!(error.contains("outside the model folder"), "{error}");
    fs_err::remove_file(snapshot.join("w.data")).unwrap();
    let error = Model::open(&snapshot).err().unwrap().to_string();
    assert!(
        error.contains("w.data: the external data file is missing"),
        "{error}"
    );
}

#[test]
fn a_token_without_a_column_is_found_when_the_model_is_opened() {
    let dir = folder(logits);
    let path = dir.path().join("tokenizer.json");
    let mut tokenizer = Tokenizer::from_file(&path).unwrap();
    tokenizer
        .add_special_tokens([tokenizers::AddedToken::from("[NEW]", true)])
        .unwrap();
    tokenizer.save(&path, false).unwrap();
    let error = Model::open(dir.path()).err().unwrap().to_string();
    let expected = "the token \"[NEW]\" has the number 5, but the model has only 5 terms";
    assert!(error.contains(expected), "{error}");
}
