//! Folders as the families have them.

use std::path::Path;

use super::{Activation, ModelFiles, Pooling, read_max_length};
use crate::model::Aggregation;

fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    for (name, text) in files {
        let path = dir.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, text).unwrap();
    }
    dir
}

fn pooling(folder: &Path) -> Result<(Pooling, String), String> {
    let files = ModelFiles::find(folder).map_err(|e| e.to_string())?;
    let (pooling, path) = Pooling::read(&files).map_err(|e| e.to_string())?;
    let path = path.map(|path| path.strip_prefix(folder).unwrap().display().to_string());
    Ok((pooling, path.unwrap_or_default()))
}

#[test]
fn pooling_is_read_at_its_usual_places() {
    let text =
        r#"{"pooling_strategy": "max", "activation_function": "relu", "embedding_dimension": 5}"#;
    let dir = folder(&[("1_SpladePooling/config.json", text)]);
    let (found, _) = pooling(dir.path()).unwrap();
    assert_eq!(found.aggregation, Some(Aggregation::Max));
    assert_eq!(found.activation, Activation::Relu);
    let text = r#"{"pooling_strategy": "sum", "activation_function": "log1p_relu"}"#;
    let dir = folder(&[("document_1_SpladePooling/config.json", text)]);
    let (found, _) = pooling(dir.path()).unwrap();
    assert_eq!(found.aggregation, Some(Aggregation::Sum));
    assert_eq!(found.activation, Activation::Log1pRelu);
    let dir = folder(&[]);
    assert_eq!(
        pooling(dir.path()).unwrap(),
        (Pooling::default(), String::new())
    );
}

#[test]
fn another_pooling_is_refused() {
    let text = r#"{"activation_function": "gelu"}"#;
    let dir = folder(&[("1_SpladePooling/config.json", text)]);
    let error = pooling(dir.path()).unwrap_err();
    assert!(
        error.contains("1_SpladePooling") && error.contains("gelu"),
        "{error}"
    );
}

fn stated(files: &ModelFiles) -> Option<(usize, String)> {
    let stated = read_max_length(files).unwrap()?;
    Some((stated.tokens, stated.file))
}

#[test]
fn modules_say_where_their_files_are() {
    let modules = r#"[
        {"idx": 0, "name": "0", "path": "0_MLMTransformer", "type": "a.b.MLMTransformer"},
        {"idx": 1, "name": "1", "path": "pool", "type": "a.b.SpladePooling"}]"#;
    let dir = folder(&[
        ("modules.json", modules),
        (
            "0_MLMTransformer/sentence_bert_config.json",
            r#"{"max_seq_length": 256}"#,
        ),
        ("sentence_bert_config.json", r#"{"max_seq_length": 128}"#),
        ("pool/config.json", r#"{"pooling_strategy": "sum"}"#),
    ]);
    let files = ModelFiles::find(dir.path()).unwrap();
    assert_eq!(files.weights, dir.path().join("0_MLMTransformer"));
    assert_eq!(
        stated(&files),
        Some((256, "sentence_bert_config.json".into()))
    );
    let (found, path) = pooling(dir.path()).unwrap();
    assert_eq!(found.aggregation, Some(Aggregation::Sum));
    assert_eq!(path, "pool/config.json");
}

#[test]
fn a_module_outside_the_folder_is_refused() {
    for path in ["../x", "/etc"] {
        let modules = format!(r#"[{{"idx": 0, "path": "{path}", "type": "Transformer"}}]"#);
        let dir = folder(&[("modules.json", &modules)]);
        let error = ModelFiles::find(dir.path()).unwrap_err().to_string();
        assert!(error.contains("outside the model folder"), "{error}");
    }
}

#[test]
fn a_router_leads_to_the_side_of_documents() {
    let router = r#"{
        "types": {"query_0_SparseStaticEmbedding": "a.SparseStaticEmbedding",
                  "document_0_MLMTransformer": "a.MLMTransformer",
                  "document_1_SpladePooling": "a.SpladePooling"},
        "structure": {"query": ["query_0_SparseStaticEmbedding"],
                      "document": ["document_0_MLMTransformer", "document_1_SpladePooling"]}}"#;
    let dir = folder(&[
        (
            "modules.json",
            r#"[{"idx": 0, "path": "", "type": "a.Router"}]"#,
        ),
        ("router_config.json", router),
        ("query_0_SparseStaticEmbedding/model.safetensors", ""),
        ("document_0_MLMTransformer/config.json", "{}"),
        (
            "document_0_MLMTransformer/sentence_bert_config.json",
            r#"{"max_seq_length": 300}"#,
        ),
        (
            "document_1_SpladePooling/config.json",
            r#"{"activation_function": "log1p_relu"}"#,
        ),
    ]);
    let files = ModelFiles::find(dir.path()).unwrap();
    let documents = dir.path().join("document_0_MLMTransformer");
    assert_eq!(files.weights, documents);
    assert_eq!(
        stated(&files),
        Some((300, "sentence_bert_config.json".into()))
    );
    // The same when the side of documents is named itself.
    for folder in [dir.path(), &documents] {
        let files = ModelFiles::find(folder).unwrap();
        let (found, _) = Pooling::read(&files).unwrap();
        assert_eq!(found.activation, Activation::Log1pRelu);
    }
}

#[test]
fn an_export_of_any_name_is_taken_if_it_is_the_only_one() {
    let dir = folder(&[("splade.onnx", "")]);
    let onnx = || ModelFiles::find(dir.path()).unwrap().onnx;
    assert_eq!(onnx(), Some(dir.path().join("splade.onnx")));
    std::fs::write(dir.path().join("other.onnx"), "").unwrap();
    assert_eq!(onnx(), None);
    std::fs::write(dir.path().join("model.onnx"), "").unwrap();
    assert_eq!(onnx(), Some(dir.path().join("model.onnx")));
}
