//! Folders as sentence-transformers and OpenSearch make them.

use tokenizers::models::wordlevel::WordLevel;

use std::path::Path;

use super::*;
use crate::model::error::ModelError;
use tokenizers::Tokenizer;

fn tokenizer() -> Tokenizer {
    let vocab = ["[UNK]", "a", "b", "c"]
        .iter()
        .zip(0..)
        .map(|(term, id)| ((*term).to_owned(), id))
        .collect();
    Tokenizer::new(WordLevel::builder().vocab(vocab).build().unwrap())
}

fn write(folder: &Path, files: &[(&str, &str)]) {
    for (name, text) in files {
        let path = folder.join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
}

fn sides(files: &[(&str, &str)]) -> (tempfile::TempDir, Result<Sides, ModelError>) {
    let dir = tempfile::tempdir().unwrap();
    write(dir.path(), files);
    let sides = Sides::find(dir.path());
    (dir, sides)
}

const ROUTER: &str = r#"{"types": {
    "query_0_SparseStaticEmbedding": "sentence_transformers.sparse_encoder.models.SparseStaticEmbedding",
    "document_0_MLMTransformer": "sentence_transformers.sparse_encoder.models.MLMTransformer",
    "document_1_SpladePooling": "sentence_transformers.sparse_encoder.models.SpladePooling"},
    "structure": {"query": ["query_0_SparseStaticEmbedding"],
                  "document": ["document_0_MLMTransformer", "document_1_SpladePooling"]},
    "parameters": {"default_route": "document", "allow_empty_key": true}}"#;

#[test]
fn a_router_names_both_sides() {
    let weights = "query_0_SparseStaticEmbedding/model.safetensors";
    let (dir, found) = sides(&[("router_config.json", ROUTER), (weights, "")]);
    let found = found.unwrap();
    assert_eq!(
        found.documents,
        dir.path().join("document_0_MLMTransformer")
    );
    assert_eq!(found.queries, QuerySide::Table(dir.path().join(weights)));
    // An older class and its file, in the router's own folder.
    let modules = r#"[{"idx": 0, "name": "0", "path": "0_Router", "type": "sentence_transformers.models.Router"}]"#;
    let old = ROUTER.replace("SparseStaticEmbedding", "IDF");
    let (dir, found) = sides(&[
        ("modules.json", modules),
        ("0_Router/router_config.json", &old),
        ("0_Router/query_0_IDF/idf.json", "{}"),
    ]);
    let path = dir.path().join("0_Router/query_0_IDF/idf.json");
    assert_eq!(found.unwrap().queries, QuerySide::Table(path));
    let second = ROUTER.replace("SparseStaticEmbedding", "MLMTransformer");
    let (dir, found) = sides(&[("router_config.json", &second)]);
    let path = dir.path().join("query_0_MLMTransformer");
    assert_eq!(found.unwrap().queries, QuerySide::Model(path));
    let same = ROUTER.replace(
        "query_0_SparseStaticEmbedding\"]",
        "document_0_MLMTransformer\"]",
    );
    let (_dir, found) = sides(&[("router_config.json", &same)]);
    assert_eq!(found.unwrap().queries, QuerySide::SameModel);
}

#[test]
fn a_router_that_cannot_be_followed_is_refused() {
    let refused = |files: &[(&str, &str)]| sides(files).1.unwrap_err().to_string();
    let outside = ROUTER.replace("document_0_MLMTransformer", "../../etc");
    let message = refused(&[("router_config.json", &outside)]);
    assert!(message.contains("outside the model folder"), "{message}");
    // Documents can be encoded all the same.
    let unknown = ROUTER.replace("models.SparseStaticEmbedding", "models.Surprise");
    let (_dir, found) = sides(&[("router_config.json", &unknown)]);
    assert_eq!(
        found.unwrap().queries,
        QuerySide::Unknown("Surprise".into())
    );
}

#[test]
fn a_folder_without_a_router_may_have_a_table_or_a_second_model() {
    let found = |files: &[(&str, &str)]| {
        let (dir, sides) = sides(files);
        let sides = sides.unwrap();
        assert_eq!(sides.documents, dir.path());
        (sides.queries, dir)
    };
    let (queries, dir) = found(&[("config.json", "{}"), ("idf.json", "{}")]);
    assert_eq!(queries, QuerySide::Table(dir.path().join("idf.json")));
    let (queries, dir) = found(&[("query_token_weights.txt", "")]);
    assert_eq!(
        queries,
        QuerySide::Table(dir.path().join("query_token_weights.txt"))
    );
    let (queries, dir) = found(&[("query_0_MLMTransformer/config.json", "{}")]);
    assert_eq!(
        queries,
        QuerySide::Model(dir.path().join("query_0_MLMTransformer"))
    );
    let modules = r#"[{"idx": 0, "path": "", "type": "sentence_transformers.sparse_encoder.models.MLMTransformer"}]"#;
    let (queries, _dir) = found(&[("modules.json", modules)]);
    assert_eq!(queries, QuerySide::SameModel);
}

#[test]
fn tables_of_all_kinds_say_the_same() {
    let dir = tempfile::tempdir().unwrap();
    let values: Vec<u8> = [0.0_f32, 1.5, 0.25]
        .iter()
        .flat_map(|v| v.to_le_bytes())
        .collect();
    let halves: Vec<u8> = [0.0_f32, 1.5, 0.25]
        .iter()
        .flat_map(|&v| half::f16::from_f32(v).to_le_bytes())
        .collect();
    for (name, dtype, shape, bytes) in [
        ("a.safetensors", safetensors::Dtype::F32, vec![3], &values),
        (
            "b.safetensors",
            safetensors::Dtype::F16,
            vec![1, 3],
            &halves,
        ),
    ] {
        let view = safetensors::tensor::TensorView::new(dtype, shape, bytes).unwrap();
        let bytes = safetensors::serialize([("weight", view)], None).unwrap();
        std::fs::write(dir.path().join(name), bytes).unwrap();
    }
    write(
        dir.path(),
        &[
            ("idf.json", r#"{"a": 1.5, "b": 0.25, "[UNK]": 0}"#),
            ("query_token_weights.txt", "a\t1.5\nb\t0.25\n"),
        ],
    );
    for name in [
        "a.safetensors",
        "b.safetensors",
        "idf.json",
        "query_token_weights.txt",
    ] {
        let mut table = QueryTable::open(&dir.path().join(name), &tokenizer(), 4).unwrap();
        let weights: Vec<_> = (0..5).map(|id| table.weight(id)).collect();
        assert_eq!(weights, [0.0, 1.5, 0.25, 0.0, 0.0], "{name}");
        table.leave_out(|id| id == 1);
        assert_eq!((table.weight(1), table.len()), (0.0, 1));
    }
    assert_eq!(QueryTable::ones(4).len(), 4);
}

#[test]
fn tables_that_do_not_belong_are_refused() {
    let dir = tempfile::tempdir().unwrap();
    for (name, text, words) in [
        (
            "a.json",
            r#"{"x": 1, "y": 2, "a": 1}"#,
            "knows 1 of its 3 terms",
        ),
        ("b.json", r#"["a"]"#, "not a map"),
        ("c.json", r#"{"a": 0}"#, "no term has a positive weight"),
        ("d.txt", "a 1.5\n", "line 1 is not a term"),
        ("e.txt", "a\tNaN\n", "not finite"),
        ("f.safetensors", "x", "header too small"),
    ] {
        write(dir.path(), &[(name, text)]);
        let error = QueryTable::open(&dir.path().join(name), &tokenizer(), 4).unwrap_err();
        let message = error.to_string();
        assert!(
            message.contains(words) && message.contains(name),
            "{message}"
        );
    }
    write(dir.path(), &[("a.txt", "a\t1\n")]);
    assert!(QueryTable::open(&dir.path().join("a.txt"), &tokenizer(), 4).is_ok());
}
