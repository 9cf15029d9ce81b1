//! The real Anserini and Pyserini: index, search, score.

use std::path::Path;

use crate::common::{fails, fixtures, ok, program, script, shared};
use serde_json::Value;

fn evaluate(dir: &Path, topics: &Path, qrels: &Path, searcher: &str) -> (Value, Vec<u8>) {
    let (run, json) = (
        dir.join(format!("{searcher}.run")),
        dir.join(format!("{searcher}.json")),
    );
    ok(script("evaluate.sh")
        .arg("--index")
        .arg(dir.join("index"))
        .arg("--topics")
        .arg(topics)
        .arg("--qrels")
        .arg(qrels)
        .args(["--overwrite", "--run"])
        .arg(&run)
        .args(["--searcher", searcher, "--json"])
        .arg(&json));
    let scores = serde_json::from_slice(&fs_err::read(json).unwrap()).unwrap();
    (scores, fs_err::read(run).unwrap())
}

fn ndcg(scores: &Value) -> f64 {
    let text = scores.to_string();
    scores["nDCG@10"]
        .as_f64()
        .or_else(|| scores["measures"]["nDCG@10"].as_f64())
        .unwrap_or_else(|| panic!("no nDCG@10 in {text}"))
}

#[test]
fn the_fixtures_are_indexed_searched_and_scored_alike_by_both_searchers() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    let collection = dir.join("collection");
    ok(program()
        .args(["documents", "--part-size", "40", "--output"])
        .arg(&collection)
        .arg(fixtures()));
    let qrels = fixtures().join("qrels/test.tsv");
    ok(script("build_index.sh")
        .arg(&collection)
        .arg(dir.join("index")));

    let error = fails(
        1,
        script("build_index.sh")
            .arg(&collection)
            .arg(dir.join("index")),
    );
    assert!(error.contains("--overwrite"), "{error}");

    let topics = |name: &str| {
        let path = dir.join(name);
        ok(program()
            .args(["topics", "--output"])
            .arg(&path)
            .arg(fixtures()));
        path
    };
    let (tsv, jsonl) = (topics("t.tsv"), topics("t.jsonl"));
    let (scores, run) = evaluate(dir, &tsv, &qrels, "pyserini");
    assert!((ndcg(&scores) - 0.7226).abs() < 0.01, "{scores}");
    let (_, anserini) = evaluate(dir, &tsv, &qrels, "anserini");
    assert!(run == anserini, "the two searchers differ");
    let (_, from_jsonl) = evaluate(dir, &jsonl, &qrels, "pyserini");
    assert!(run == from_jsonl, "the two topic formats differ");

    // A collection that lost a part is noticed, and no index is left.
    fs_err::remove_file(collection.join("documents/part-00001.jsonl.gz")).unwrap();
    let error = fails(
        1,
        script("build_index.sh")
            .arg(&collection)
            .arg(dir.join("index2")),
    );
    assert!(error.contains("error:"), "{error}");
    assert!(!dir.join("index2").exists());
}

#[test]
fn scifact_has_its_published_effectiveness_and_sizes() {
    let Some(scifact) = shared("data/scifact") else {
        return;
    };
    for (step, min_impact, impacts_a_document, tolerance) in [
        ("0.01", "0", Some(17_471.0), 0.003),
        ("0.1", "1", None, 0.006),
    ] {
        let dir = tempfile::tempdir().unwrap();
        let dir = dir.path();
        let collection = dir.join("collection");
        let common = [
            "--max-length",
            "256",
            "--special-tokens",
            "keep",
            "--step",
            step,
            "--min-impact",
            min_impact,
        ];
        ok(program()
            .arg("documents")
            .args(common)
            .arg("--output")
            .arg(&collection)
            .arg(&scifact));
        let topics = dir.join("topics.tsv");
        ok(program()
            .arg("topics")
            .args(common)
            .arg("--output")
            .arg(&topics)
            .arg(&scifact));
        ok(script("build_index.sh")
            .arg(&collection)
            .arg(dir.join("index")));
        let (scores, _) = evaluate(dir, &topics, &scifact.join("qrels/test.tsv"), "anserini");
        let expected = if step == "0.01" { 0.6436 } else { 0.6444 };
        assert!((ndcg(&scores) - expected).abs() < tolerance, "{scores}");
        let manifest: Value =
            serde_json::from_slice(&fs_err::read(collection.join("manifest.json")).unwrap())
                .unwrap();
        let counts = &manifest["counts"];
        assert_eq!(counts["documents"], 5183);
        assert!((counts["max_weight"].as_f64().unwrap() - 2.7023).abs() < 1e-4);
        if let Some(expected) = impacts_a_document {
            let sum = counts["impact_sum"].as_f64().unwrap() / 5183.0;
            assert!((sum / expected - 1.0).abs() < 1e-3, "{sum}");
        }
    }
}
