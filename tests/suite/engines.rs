//! Every format by the command line: what its reader finds is what the collection, or Pyserini's topics, hold.

use std::collections::BTreeMap;
use std::process::Command;

use proptest::prelude::*;
use serde_json::Value;

use super::formats::{Vectors, assert_same, numbers, read};
use crate::common::runs::Bench;
use crate::common::{fails, ok};

fn json_lines(text: &str) -> Vec<Value> {
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

/// Counts the words of a pseudo-document.
fn counted(text: &str) -> BTreeMap<String, f64> {
    let mut vector = BTreeMap::new();
    for term in text.split_whitespace() {
        *vector.entry(term.to_owned()).or_default() += 1.0;
    }
    vector
}

/// Names the terms of indices and values.
fn named(vector: &Value, terms: &[String]) -> BTreeMap<String, f64> {
    let indices = vector["indices"].as_array().unwrap();
    let values = vector["values"].as_array().unwrap();
    let ids = indices.iter().map(|id| id.as_u64().unwrap() as usize);
    ids.zip(values)
        .map(|(id, value)| (terms[id].clone(), value.as_f64().unwrap()))
        .collect()
}

/// Reads the clauses of a search request.
fn clauses(request: &Value) -> BTreeMap<String, f64> {
    let should = request["query"]["bool"]["should"].as_array();
    let clause = |clause: &Value| {
        if let Some(term) = clause.get("term") {
            let term = &term["splade"];
            let name = term["value"].as_str().unwrap().to_owned();
            return (name, term["boost"].as_f64().unwrap());
        }
        let feature = &clause["rank_feature"];
        let name = feature["field"].as_str().unwrap();
        let name = name.strip_prefix("splade.").unwrap();
        let name = name.replace("%2E", ".").replace("%25", "%");
        (name, feature["boost"].as_f64().unwrap())
    };
    should.map_or(BTreeMap::new(), |all| all.iter().map(clause).collect())
}

/// Reads all lines of a format's parts.
fn part_lines(bench: &Bench, folder: &str) -> String {
    let parts = bench.files(&format!("{folder}/documents"));
    parts
        .into_iter()
        .map(|(_, bytes)| String::from_utf8(bytes).unwrap())
        .collect()
}

/// Pairs of an action and a document -> vectors of what `vector` makes of the document.
fn bulk(text: &str, vector: impl Fn(&Value) -> BTreeMap<String, f64>) -> Vectors {
    json_lines(text)
        .chunks(2)
        .map(|pair| {
            let id = pair[0]["index"]["_id"].as_str().unwrap().to_owned();
            (id, vector(&pair[1]["splade"]))
        })
        .collect()
}

/// Every format of documents, the collection last.
const FORMATS: &str = "pseudo-text,elasticsearch,elasticsearch-features,opensearch-seismic,ciff,seismic,qdrant,npz,json-vectors";

#[test]
fn every_format_of_one_conversion_holds_what_the_collection_holds() {
    let bench = Bench::new(90);
    ok(&mut bench.documents_with("weights", &["--step", "none"]));
    let mut convert = convert(&bench, "weights");
    ok(convert.args(["--model", "model", "--format", FORMATS]));
    let expected: Vectors = json_lines(&part_lines(&bench, "out"))
        .iter()
        .map(document)
        .collect();
    assert_eq!(expected.len(), 90);
    all_formats_hold(&bench, &expected);
}

fn convert(bench: &Bench, collection: &str) -> Command {
    let mut convert = bench.program();
    convert.args(["convert", collection, "--output", "out", "--quiet"]);
    convert.args(["--compress", "none"]);
    convert
}

/// A line of a collection.
fn document(line: &Value) -> (String, BTreeMap<String, f64>) {
    let docid = line["id"].as_str().unwrap().to_owned();
    (docid, numbers(&line["vector"]))
}

/// Compares every format in `out` with the vectors, read by somebody else's reader where there is one.
fn all_formats_hold(bench: &Bench, expected: &Vectors) {
    let terms = fs_err::read_to_string(bench.at("out/npz/doc/doc-terms.txt")).unwrap();
    let terms: Vec<String> = terms.lines().map(str::to_owned).collect();
    let texts = part_lines(bench, "out/pseudo-text");
    let texts = texts.lines().map(|line| line.split_once('\t').unwrap());
    let texts: Vectors = texts
        .map(|(id, text)| (id.to_owned(), counted(text)))
        .collect();
    assert_same("pseudo-text", &texts, expected);
    let text = |text: &Value| counted(text.as_str().unwrap());
    let found = bulk(&part_lines(bench, "out/elasticsearch"), text);
    assert_same("elasticsearch", &found, expected);
    let features = part_lines(bench, "out/elasticsearch-features");
    let plain = |name: &str| name.replace("%2E", ".").replace("%25", "%");
    let found = bulk(&features, |vector| {
        let numbers = numbers(vector).into_iter();
        numbers.map(|(name, n)| (plain(&name), n)).collect()
    });
    assert_same("elasticsearch-features", &found, expected);
    let tokens = part_lines(bench, "out/opensearch-seismic");
    let found = bulk(&tokens, |vector| {
        let numbers = numbers(vector).into_iter();
        let term = |id: String| terms[id.parse::<usize>().unwrap()].clone();
        numbers.map(|(id, n)| (term(id), n)).collect()
    });
    assert_same("opensearch-seismic", &found, expected);
    let lines = json_lines(&part_lines(bench, "out/seismic"));
    assert_same("seismic", &lines.iter().map(document).collect(), expected);
    let points = json_lines(&part_lines(bench, "out/qdrant"));
    let points = points.iter().map(|point| {
        let id = point["payload"]["docid"].as_str().unwrap().to_owned();
        (id, named(&point["vector"]["splade"], &terms))
    });
    assert_same("qdrant", &points.collect(), expected);
    let Some(python) = crate::formats::python() else {
        return;
    };
    let folder = bench.dir.path();
    let ciff = read(&python, &["ciff", "out/ciff/index.ciff"], folder);
    assert_same("ciff", &ciff, expected);
    let npz = read(&python, &["npz", "out/npz", "doc"], folder);
    assert_same("npz", &npz, expected);
}

/// A collection of anything that a model may have as a term: punctuation, JSON's and the engines' special characters, CJK.
fn collections() -> impl Strategy<Value = Vectors> {
    let term = prop_oneof![
        "[a-z]{1,6}",
        "##[a-z]{1,3}",
        "[.%\"\\\\:{}\\[\\]'<>&*?#^~|/-]{1,4}",
        "[\u{e9}\u{731c}\u{1f600}\u{fe0f}]{1,3}",
        "[0-9]{1,3}",
    ];
    let vector = prop::collection::btree_map(term, (1_u32..=255).prop_map(f64::from), 0..40);
    let docid = "[A-Za-z0-9\"\\\\/.\u{e9}\u{732b}-]{1,12}";
    prop::collection::btree_map(docid, vector, 1..60)
}

proptest! {
    // Each case starts the program and two readers of others.
    #![proptest_config(ProptestConfig { cases: 6, max_shrink_iters: 20, ..ProptestConfig::default() })]

    #[test]
    fn every_format_holds_any_collection(expected in collections()) {
        let bench = Bench::new(1);
        let mut lines = String::new();
        for (docid, vector) in &expected {
            let impacts: BTreeMap<_, _> = vector.iter().map(|(term, impact)| (term, *impact as u32)).collect();
            let line = serde_json::json!({"id": docid, "contents": "", "vector": impacts});
            lines.push_str(&format!("{line}\n"));
        }
        fs_err::create_dir(bench.at("collection")).unwrap();
        bench.write("collection/part.jsonl", lines);
        ok(convert(&bench, "collection").args(["--format", FORMATS]));
        all_formats_hold(&bench, &expected);
    }
}

#[test]
fn topics_of_every_format_hold_what_pyserinis_hold() {
    let bench = Bench::new(30);
    let topics = |name: &str, format: &str| {
        let mut command = bench.program();
        command.args(["topics", "corpus.jsonl", "--quiet", "--output", name]);
        ok(command.args(["--format", format]));
        fs_err::read_to_string(bench.at(name)).unwrap()
    };
    let vectors = |text: &str, id: &str, vector: &dyn Fn(&Value) -> BTreeMap<String, f64>| {
        let lines = json_lines(text);
        let lines = lines.iter();
        lines
            .map(|line| (line[id].as_str().unwrap().to_owned(), vector(line)))
            .collect::<Vectors>()
    };
    let member = |line: &Value| numbers(&line["vector"]);
    let expected = vectors(&topics("a.jsonl", "jsonl"), "qid", &member);
    assert_eq!(expected.len(), 30);
    assert_eq!(
        vectors(&topics("b", "json-vectors"), "qid", &member),
        expected
    );
    assert_eq!(vectors(&topics("c", "seismic"), "id", &member), expected);
    for (name, format) in [("d", "elasticsearch"), ("e", "opensearch-features")] {
        assert_eq!(
            vectors(&topics(name, format), "qid", &clauses),
            expected,
            "{format}"
        );
    }
    for (name, format, separator) in [
        ("f", "ciff", ':'),
        ("g", "pseudo-text", '\t'),
        ("h", "tsv", '\t'),
    ] {
        let text = topics(name, format);
        let lines = text.lines().map(|line| line.split_once(separator).unwrap());
        let found: Vectors = lines
            .map(|(id, text)| (id.to_owned(), counted(text)))
            .collect();
        assert_eq!(found, expected, "{format}");
    }
    ok(bench.program().args([
        "documents",
        "corpus.jsonl",
        "--format",
        "npz",
        "--output",
        "m",
        "--quiet",
    ]));
    let terms = fs_err::read_to_string(bench.at("m/npz/doc/doc-terms.txt")).unwrap();
    let terms: Vec<String> = terms.lines().map(str::to_owned).collect();
    let query = |line: &Value| named(&line["query"], &terms);
    assert_eq!(vectors(&topics("i", "qdrant"), "qid", &query), expected);
    let tokens = |line: &Value| {
        let Some(tokens) = line["query"].get("neural_sparse") else {
            return BTreeMap::new();
        };
        let numbers = numbers(&tokens["splade"]["query_tokens"]).into_iter();
        let term = |id: String| terms[id.parse::<usize>().unwrap()].clone();
        numbers.map(|(id, n)| (term(id), n)).collect()
    };
    assert_eq!(
        vectors(&topics("j", "opensearch-seismic"), "qid", &tokens),
        expected
    );

    let mut command = bench.program();
    command.args(["topics", "corpus.jsonl", "--quiet", "--output", "x"]);
    let error = fails(2, command.args(["--format", "xml"]));
    assert!(
        error.contains("take one of json-vectors") && error.contains("or tsv or jsonl"),
        "{error}"
    );
    assert!(!bench.at("x").exists());
}

/// The folder of the documents takes the topics too, which is what lsr-benchmark wants to read.
#[test]
fn topics_as_matrices_lie_beside_the_documents_and_hold_what_pyserinis_hold() {
    let bench = Bench::new(30);
    let topics = |output: &str, more: &[&str]| {
        let mut command = bench.program();
        command.args(["topics", "corpus.jsonl", "--quiet", "--output", output]);
        command.args(more);
        command
    };
    let mut documents = bench.program();
    documents.args(["documents", "corpus.jsonl", "--quiet", "--output", "m"]);
    ok(documents.args(["--format", "npz"]));
    let before = bench.files("m");
    ok(&mut topics("m/npz", &["--format", "npz"]));
    let names: Vec<String> = bench
        .files("m/npz/query")
        .into_iter()
        .map(|f| f.0)
        .collect();
    let expected = ["query-embeddings.npz", "query-ids.txt", "query-terms.txt"];
    assert_eq!(names, expected);
    let manifest = fs_err::read(bench.at("m/npz.manifest.json")).unwrap();
    let manifest: Value = serde_json::from_slice(&manifest).unwrap();
    assert_eq!(manifest["format"], "npz");
    assert_eq!(manifest["file"]["name"], "query/query-embeddings.npz");
    assert_eq!(manifest["counts"]["topics"], 30);
    // The documents were not touched, and nothing is left beside.
    let all = bench.files("m");
    assert_eq!(all.len(), before.len() + 4);
    assert!(before.iter().all(|file| all.contains(file)));

    let error = fails(1, &mut topics("m/npz", &["--format", "npz"]));
    assert!(error.contains("m/npz/query: it exists already"), "{error}");
    assert!(bench.files("m") == all);

    ok(&mut topics(
        "weights",
        &["--format", "npz", "--step", "none"],
    ));
    ok(&mut topics("again", &["--format", "npz", "--threads", "1"]));
    assert!(bench.files("again/query") == bench.files("m/npz/query"));

    let Some(python) = crate::formats::python() else {
        return;
    };
    for (output, step) in [("m/npz", "0.1"), ("weights", "none")] {
        let name = format!("{step}.jsonl");
        ok(&mut topics(&name, &["--step", step]));
        let text = fs_err::read_to_string(bench.at(&name)).unwrap();
        let expected: Vectors = json_lines(&text)
            .iter()
            .map(|line| {
                (
                    line["qid"].as_str().unwrap().to_owned(),
                    numbers(&line["vector"]),
                )
            })
            .collect();
        let found = read(&python, &["npz", output, "query"], bench.dir.path());
        let as_floats = |vectors: &Vectors| -> Vec<(String, Vec<(String, u32)>)> {
            let bits = |vector: &BTreeMap<String, f64>| {
                let entries = vector.iter();
                entries
                    .map(|(t, w)| (t.clone(), (*w as f32).to_bits()))
                    .collect()
            };
            let vectors = vectors.iter();
            vectors
                .map(|(qid, vector)| (qid.clone(), bits(vector)))
                .collect()
        };
        assert_eq!(as_floats(&found), as_floats(&expected), "{output}");
    }
}
