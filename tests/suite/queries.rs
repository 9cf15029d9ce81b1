//! Queries in the way that a model's folder names: the same model, a second one, a table, or every term 1.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::common::runs::Bench;
use crate::common::{fails, fixtures, model_folder, ok, tool};
use serde::Deserialize;

/// Prints, for each topic of argv[2], the ids of its tokens by the tokenizer in argv[1], each once.
const REFERENCE: &str = r#"
import json, sys
from transformers import PreTrainedTokenizerFast
t = PreTrainedTokenizerFast(tokenizer_file=sys.argv[1])
rows = [json.loads(line) for line in open(sys.argv[2])]
print(json.dumps({r["_id"]: sorted(set(t(r["text"], add_special_tokens=False)["input_ids"])) for r in rows}))
"#;

const ROUTER: &str = r#"{"types": {"query_0_SparseStaticEmbedding": "x.SparseStaticEmbedding",
    "document_0_MLMTransformer": "x.MLMTransformer", "document_1_SpladePooling": "x.SpladePooling"},
    "structure": {"query": ["query_0_SparseStaticEmbedding"],
                  "document": ["document_0_MLMTransformer", "document_1_SpladePooling"]},
    "parameters": {"default_route": "document"}}"#;

#[derive(Deserialize)]
struct Topic {
    qid: String,
    vector: HashMap<String, f64>,
}

/// The weight of a term in the made tables: it tells one id from its neighbors.
fn weight(id: u32) -> f32 {
    f32::from(u16::try_from(id % 997).unwrap()) / 64.0
}

fn vocabulary() -> HashMap<String, u32> {
    let file = std::fs::read(model_folder().join("tokenizer.json")).unwrap();
    let tokenizer: serde_json::Value = serde_json::from_slice(&file).unwrap();
    serde_json::from_value(tokenizer["model"]["vocab"].clone()).unwrap()
}

fn copy_model(to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for file in ["config.json", "model.safetensors", "tokenizer.json"] {
        std::fs::copy(model_folder().join(file), to.join(file)).unwrap();
    }
}

/// Makes a folder as a router of sentence-transformers is saved.
fn router(folder: &Path) {
    copy_model(&folder.join("document_0_MLMTransformer"));
    let pooling = folder.join("document_1_SpladePooling");
    std::fs::create_dir(&pooling).unwrap();
    std::fs::write(
        pooling.join("config.json"),
        r#"{"pooling_strategy": "max"}"#,
    )
    .unwrap();
    let table = folder.join("query_0_SparseStaticEmbedding");
    std::fs::create_dir(&table).unwrap();
    std::fs::copy(
        model_folder().join("tokenizer.json"),
        table.join("tokenizer.json"),
    )
    .unwrap();
    let count = u32::try_from(vocabulary().len()).unwrap();
    let values: Vec<u8> = (0..count).flat_map(|id| weight(id).to_le_bytes()).collect();
    let shape = vec![values.len() / 4];
    let view = safetensors::tensor::TensorView::new(safetensors::Dtype::F32, shape, &values);
    let bytes = safetensors::serialize([("weight", view.unwrap())], None).unwrap();
    std::fs::write(table.join("model.safetensors"), bytes).unwrap();
    std::fs::write(folder.join("router_config.json"), ROUTER).unwrap();
}

/// Encodes the topics of the fixtures without ONNX Runtime.
fn topics(output: &Path, model: &Path, more: &[&str]) -> HashMap<String, HashMap<String, f64>> {
    ok(tool()
        .env("ORT_DYLIB_PATH", "/nowhere")
        .args(["topics", "--quiet", "--step", "none", "--output"])
        .arg(output)
        .arg("--model")
        .arg(model)
        .args(more)
        .arg(fixtures().join("queries.jsonl")));
    let text = std::fs::read_to_string(output).unwrap();
    let topics = text
        .lines()
        .map(|line| serde_json::from_str::<Topic>(line).unwrap());
    topics.map(|topic| (topic.qid, topic.vector)).collect()
}

/// The terms and weights of the topics by another tokenizer's code; `None` without transformers.
fn reference() -> Option<HashMap<String, HashMap<String, f64>>> {
    let python = std::env::var_os("SPLADE_EXPORT_TRANSFORMERS").filter(|path| !path.is_empty())?;
    let ids = ok(Command::new(python)
        .args(["-c", REFERENCE])
        .arg(model_folder().join("tokenizer.json"))
        .arg(fixtures().join("queries.jsonl")));
    let ids: HashMap<String, Vec<u32>> = serde_json::from_str(&ids).unwrap();
    let terms: HashMap<u32, String> = vocabulary().into_iter().map(|(t, id)| (id, t)).collect();
    let vector = |ids: Vec<u32>| {
        let known = ids.into_iter().filter(|id| !terms[id].starts_with('['));
        known
            .map(|id| (terms[&id].clone(), f64::from(weight(id))))
            .filter(|(_, weight)| *weight > 0.0)
            .collect()
    };
    Some(
        ids.into_iter()
            .map(|(qid, ids)| (qid, vector(ids)))
            .collect(),
    )
}

#[test]
fn a_table_gives_each_token_its_weight_without_onnx_runtime() {
    let dir = tempfile::tempdir().unwrap();
    let path = |name: &str| dir.path().join(name);
    router(&path("router"));
    copy_model(&path("opensearch"));
    let vocabulary = vocabulary();
    let weights: HashMap<_, _> = vocabulary
        .iter()
        .map(|(term, &id)| (term, weight(id)))
        .collect();
    let idf = serde_json::to_vec(&weights).unwrap();
    std::fs::write(path("opensearch").join("idf.json"), idf).unwrap();
    let lines: String = weights
        .iter()
        .map(|(term, weight)| format!("{term}\t{weight}\n"))
        .collect();
    std::fs::write(path("table.txt"), lines).unwrap();
    let file = path("table.txt");
    let found = [
        topics(&path("a.jsonl"), &path("router"), &[]),
        topics(
            &path("b.jsonl"),
            &path("router"),
            &["--query-weights", "table"],
        ),
        topics(&path("c.jsonl"), &path("opensearch"), &[]),
        topics(
            &path("d.jsonl"),
            &model_folder(),
            &["--query-weights", file.to_str().unwrap()],
        ),
    ];
    assert!(found[0].values().any(|vector| vector.len() > 3));
    for other in &found[1..] {
        assert_eq!(other, &found[0]);
    }
    if let Some(expected) = reference() {
        assert_eq!(found[0], expected);
    }
}

#[test]
fn every_term_can_weigh_one() {
    let dir = tempfile::tempdir().unwrap();
    let output = dir.path().join("ones.jsonl");
    let found = topics(&output, &model_folder(), &["--query-weights", "ones"]);
    let mut weights = found.values().flat_map(HashMap::values);
    assert!(weights.all(|&weight| (weight - 1.0).abs() < 1e-9));
}

#[test]
fn documents_of_a_router_are_those_of_its_model() {
    let dir = tempfile::tempdir().unwrap();
    let folder = dir.path().join("router");
    router(&folder);
    let explain = |model: &Path| {
        let mut command = tool();
        command
            .args(["explain", "how do planes fly", "--json", "--model"])
            .arg(model);
        command
    };
    let plain = ok(&mut explain(&model_folder()));
    assert_eq!(ok(&mut explain(&folder)), plain);
    // As a query the same text has its own terms alone.
    let query = ok(explain(&folder).arg("--query"));
    let query: serde_json::Value = serde_json::from_str(&query).unwrap();
    let terms = query["terms"].as_array().unwrap();
    assert!(!terms.is_empty() && terms.iter().all(|term| term["expansion"] == false));
    let by_model = ok(explain(&folder).args(["--query", "--query-weights", "model"]));
    assert_eq!(by_model, plain);
    let report = ok(tool().args(["model", "--json"]).arg(&folder));
    assert!(report.contains("query_0_SparseStaticEmbedding"), "{report}");
}

#[test]
fn a_second_model_encodes_queries() {
    let dir = tempfile::tempdir().unwrap();
    let path = |name: &str| dir.path().join(name);
    copy_model(&path("two"));
    copy_model(&path("two/query_0_MLMTransformer"));
    let encode = |output: PathBuf, model: &Path, more: &[&str]| {
        let mut command = tool();
        command.args(["topics", "--quiet", "--output"]).arg(&output);
        command.arg("--model").arg(model).args(more);
        ok(command.arg(fixtures().join("queries.jsonl")));
        std::fs::read(output).unwrap()
    };
    let plain = encode(path("plain.tsv"), &model_folder(), &[]);
    assert!(encode(path("two.tsv"), &path("two"), &[]) == plain);
    // The second model is really asked: without its weights nothing goes.
    std::fs::remove_file(path("two/query_0_MLMTransformer/model.safetensors")).unwrap();
    let mut command = tool();
    command.args(["topics", "--output"]).arg(path("no.tsv"));
    command.arg("--model").arg(path("two"));
    let message = fails(1, command.arg(fixtures().join("queries.jsonl")));
    assert!(message.contains("query_0_MLMTransformer"), "{message}");
    let named = model_folder();
    let more = ["--query-model", named.to_str().unwrap()];
    assert!(encode(path("named.tsv"), &path("two"), &more) == plain);
}

fn manifest(topics: &Path) -> serde_json::Value {
    let text = std::fs::read(format!("{}.manifest.json", topics.display())).unwrap();
    serde_json::from_slice(&text).unwrap()
}

#[test]
fn the_manifest_names_what_encoded_the_topics() {
    let dir = tempfile::tempdir().unwrap();
    let path = |name: &str| dir.path().join(name);
    router(&path("router"));
    copy_model(&path("plain"));
    let file = path("plain.jsonl");
    ok(tool()
        .args(["topics", "--quiet", "--max-length", "32", "--top-k", "9"])
        .arg("--model")
        .arg(path("plain"))
        .arg("--output")
        .arg(&file)
        .arg(fixtures().join("queries.jsonl")));
    let by_model = manifest(&file);
    assert_eq!(by_model["queries"]["weights"], "model");
    assert_eq!(by_model["queries"]["files"], by_model["model"]);
    assert!(by_model["model"]["model.safetensors"].is_string());
    assert_eq!(by_model["format"], "pyserini-topics");
    assert_eq!(by_model["encoding"]["max_length"], 32);
    assert_eq!(by_model["pruning"]["top_k"], 9);
    assert_eq!(by_model["quantization"]["step"], 0.1);
    let lines = std::fs::read_to_string(&file).unwrap();
    assert_eq!(by_model["counts"]["topics"], lines.lines().count());
    assert_eq!(by_model["file"]["name"], "plain.jsonl");
    assert_eq!(by_model["file"]["bytes"], lines.len());

    // The weights of the documents' model are not read for a table.
    topics(&path("table.jsonl"), &path("router"), &[]);
    let by_table = manifest(&path("table.jsonl"));
    assert_eq!(by_table["queries"]["weights"], "table");
    let names = |map: &serde_json::Value| -> Vec<String> {
        map.as_object().unwrap().keys().cloned().collect()
    };
    let documents = "document_0_MLMTransformer";
    assert_eq!(
        names(&by_table["model"]),
        [
            format!("{documents}/config.json"),
            format!("{documents}/tokenizer.json")
        ]
    );
    let table = "query_0_SparseStaticEmbedding";
    assert_eq!(
        names(&by_table["queries"]["files"]),
        [
            format!("{table}/model.safetensors"),
            format!("{table}/tokenizer.json")
        ]
    );
    assert_eq!(by_table["quantization"], serde_json::Value::Null);
    assert_eq!(by_table["kind"], "weights");

    let named = path("router");
    let more = ["--query-model", named.to_str().unwrap()];
    topics(&path("second.jsonl"), &path("plain"), &more);
    let second = manifest(&path("second.jsonl"));
    assert_eq!(second["queries"]["weights"], "table");
    assert_eq!(names(&second["model"]), ["config.json", "tokenizer.json"]);
    assert_eq!(
        second["model"]["config.json"],
        by_model["model"]["config.json"]
    );
}

#[test]
fn neither_topics_nor_their_manifest_are_written_over() {
    let dir = tempfile::tempdir().unwrap();
    let output = dir.path().join("t.tsv");
    let run = || {
        let mut command = tool();
        command.args(["topics", "--quiet", "--query-weights", "ones", "--output"]);
        command.arg(&output).arg("--model").arg(model_folder());
        command.arg(fixtures().join("queries.jsonl"));
        command
    };
    let beside = dir.path().join("t.tsv.manifest.json");
    std::fs::write(&beside, "mine").unwrap();
    let message = fails(1, &mut run());
    assert!(
        message.contains("t.tsv.manifest.json: it exists already"),
        "{message}"
    );
    assert_eq!(std::fs::read_to_string(&beside).unwrap(), "mine");
    assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 1);
    std::fs::remove_file(&beside).unwrap();
    ok(&mut run());
    let first = std::fs::read(&beside).unwrap();
    let message = fails(1, &mut run());
    assert!(message.contains("t.tsv: it exists already"), "{message}");
    // The same command elsewhere gives the same bytes.
    std::fs::remove_file(&output).unwrap();
    std::fs::remove_file(&beside).unwrap();
    ok(&mut run());
    assert_eq!(std::fs::read(&beside).unwrap(), first);
}

#[test]
fn a_missing_table_is_asked_for() {
    let dir = tempfile::tempdir().unwrap();
    let mut command = tool();
    command.args(["topics", "--query-weights", "table", "--output"]);
    command
        .arg(dir.path().join("t.tsv"))
        .arg("--model")
        .arg(model_folder());
    let message = fails(1, command.arg(fixtures().join("queries.jsonl")));
    assert!(
        message.contains("no table") && message.contains("--query-weights"),
        "{message}"
    );
}

#[test]
fn the_summary_of_topics_tells_their_length_and_where_it_comes_from() {
    let bench = Bench::new(1);
    bench.write("queries.tsv", "1\ta b c d e f g h i j\n2\ta b\n3\t\n");
    let said = |options: &[&str]| {
        let mut command = bench.program();
        command.args(["topics", "queries.tsv", "--output", "topics.tsv"]);
        let ended = command.args(options).output().unwrap();
        let said = String::from_utf8(ended.stderr).unwrap();
        assert!(ended.status.success(), "{said}");
        for name in ["topics.tsv", "topics.tsv.manifest.json"] {
            fs_err::remove_file(bench.at(name)).unwrap();
        }
        said
    };
    let stated = r#"{"max_seq_length": 8}"#;
    for (options, config, line) in [
        (&[][..], None, "truncated    0 at 64 tokens\n"),
        (
            &[],
            Some(stated),
            "truncated    1 at 8 tokens, as sentence_bert_config.json says\n",
        ),
        (
            &["--max-length", "6"],
            Some(stated),
            "truncated    1 at 6 tokens\n",
        ),
        (
            &["--query-weights", "ones"],
            Some(stated),
            "truncated    0 at 512 tokens\n",
        ),
    ] {
        if let Some(config) = config {
            bench.write("model/sentence_bert_config.json", config);
        }
        let said = said(options);
        assert!(
            said.contains(line) && said.contains("empty        1\n"),
            "{said}"
        );
    }
}
