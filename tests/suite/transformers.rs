//! Weights of every architecture against Hugging Face transformers: small random checkpoints of all
//! kinds, made by `tests/transformers/make.py`, encoded by the program as a user would.

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};
use std::process::Command;

use serde::Deserialize;
use splade_export::{
    Aggregation, BatchBudget, EncoderSettings, HeadChoice, Operators, Precision, SparseVector,
    SpladeEncoder,
};

use super::cuda::StandIn;
use crate::common::{distance, fixtures, ok, program, root, settings};

/// How far a weight may be from that of transformers; a sum over many tokens, relative to the largest.
const TOLERANCE: f32 = 1e-4;
/// In half precision. Measured: 0.07 at most, of a random ModernBERT.
const HALF_TOLERANCE: f32 = 1e-1;
/// Of a weight between two ways to compute the same graph on the CPU. Rounding moves some of random checkpoints
/// by 2e-5: ONNX Runtime's own fused operators are as far from transformers there.
const PLAIN_TOLERANCE: f32 = 5e-5;

/// `reference.json`
#[derive(Deserialize)]
struct Reference {
    max_length: usize,
    given: bool,
    tokens: u64,
    documents: BTreeMap<String, Weights>,
    /// True for a model that gives each token one weight.
    token_weights: bool,
    /// Of single weights, and of logarithms of logarithms, the sum is refused.
    aggregations: Vec<String>,
    /// What `--query-weights` is given.
    query_weights: String,
    /// The texts as queries, where they are compared.
    queries: Option<BTreeMap<String, HashMap<String, f32>>>,
}

impl Reference {
    /// Fewest terms that a text has.
    fn least_terms(&self) -> usize {
        if self.token_weights { 1 } else { 20 }
    }
}

/// Term -> weight by aggregation.
type Weights = HashMap<String, HashMap<String, f32>>;

/// A line of `corpus.jsonl`.
#[derive(Deserialize)]
struct Document {
    id: String,
    text: String,
}

/// A line of a collection.
#[derive(Deserialize)]
struct Line {
    id: String,
    vector: HashMap<String, f32>,
}

/// A line of topics.
#[derive(Deserialize)]
struct Topic {
    qid: String,
    vector: HashMap<String, f32>,
}

/// The Python with transformers; `None` where `scripts/test.sh` says that there is none for this platform.
fn python() -> Option<PathBuf> {
    let python = std::env::var_os("SPLADE_EXPORT_TRANSFORMERS").expect(
        "SPLADE_EXPORT_TRANSFORMERS is not set: run scripts/test.sh, \
         or scripts/setup.sh transformers and eval \"$(scripts/setup.sh --print-env)\"",
    );
    if python.is_empty() {
        eprintln!("skipped: torch is not pinned for this platform");
        return None;
    }
    Some(python.into())
}

#[test]
fn every_architecture_has_the_weights_of_transformers() {
    let Some(python) = python() else { return };
    let dir = tempfile::tempdir().unwrap();
    let checkpoints = dir.path().join("checkpoints");
    let names = ok(Command::new(python)
        .arg(root().join("tests/transformers/make.py"))
        .arg(fixtures().join("corpus.jsonl"))
        .arg(&checkpoints));
    let mut failures = Vec::new();
    let stand_in = StandIn::new();
    for name in names.lines() {
        let reference = fs_err::read(checkpoints.join(name).join("reference.json")).unwrap();
        let reference: Reference = serde_json::from_slice(&reference).unwrap();
        failures.extend(compare(name, &reference, &checkpoints, dir.path()));
        failures.extend(compare_fused(name, &reference, &checkpoints));
        failures.extend(compare_plain(name, &reference, &checkpoints));
        failures.extend(compare_queries(name, &reference, &checkpoints, dir.path()));
        failures.extend(strays_on_gpu(name, &checkpoints, stand_in.as_ref()));
    }
    assert!(names.lines().count() >= 36, "made: {names}");
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

/// What keeps a GPU from doing all of a batch.
fn strays_on_gpu(name: &str, checkpoints: &Path, stand_in: Option<&StandIn>) -> Vec<String> {
    let Some(stand_in) = stand_in else {
        return Vec::new();
    };
    let (corpus, model) = (checkpoints.join("corpus.jsonl"), checkpoints.join(name));
    let output = checkpoints.join(format!("{name}-on-gpu"));
    let options = ["--device", "cuda", "--model", model.to_str().unwrap()];
    let asked = stand_in.run(&mut stand_in.documents(&corpus, &output, &options));
    let strays = asked.strays().into_iter();
    strays
        .map(|what| format!("{name} on a GPU: {what}"))
        .collect()
}

/// Max and sum, each text in a batch of its own and all in batches; what differs too much.
fn compare(name: &str, reference: &Reference, checkpoints: &Path, dir: &Path) -> Vec<String> {
    let model = checkpoints.join(name);
    let mut failures = Vec::new();
    for aggregation in &reference.aggregations {
        check_reference(name, aggregation, reference);
        // A batch never reaches beyond its part.
        for part_size in ["1", "1000"] {
            let output = dir.join(format!("{name}-{aggregation}-{part_size}"));
            let mut command = program();
            command.arg("documents");
            if reference.given {
                command.args(["--max-length", &reference.max_length.to_string()]);
            }
            ok(command
                .args(["--quiet", "--step", "none", "--special-tokens", "keep"])
                .args([
                    "--compress",
                    "none",
                    "--threads",
                    "2",
                    "--aggregation",
                    aggregation,
                ])
                .args(["--part-size", part_size, "--model"])
                .arg(&model)
                .arg("--output")
                .arg(&output)
                .arg(checkpoints.join("corpus.jsonl")));
            check_manifest(name, &output, reference);
            let found = largest_difference(&output, aggregation, reference);
            eprintln!("{name} {aggregation} part size {part_size}: {found:.1e}");
            if found > TOLERANCE {
                failures.push(format!(
                    "{name} {aggregation} part size {part_size}: {found}"
                ));
            }
        }
    }
    failures
}

/// The texts as topics, in the way that the folder names; what differs too much.
fn compare_queries(
    name: &str,
    reference: &Reference,
    checkpoints: &Path,
    dir: &Path,
) -> Option<String> {
    let expected = reference.queries.as_ref()?;
    let output = dir.join(format!("{name}-topics.jsonl"));
    ok(program()
        .args([
            "topics",
            "--quiet",
            "--step",
            "none",
            "--special-tokens",
            "keep",
            "--query-weights",
            &reference.query_weights,
        ])
        .arg("--model")
        .arg(checkpoints.join(name))
        .arg("--output")
        .arg(&output)
        .arg(checkpoints.join("corpus.jsonl")));
    let text = fs_err::read_to_string(output).unwrap();
    let topics = text
        .lines()
        .map(|line| serde_json::from_str::<Topic>(line).unwrap());
    let found: HashMap<_, _> = topics.map(|topic| (topic.qid, topic.vector)).collect();
    assert_eq!(found.len(), expected.len(), "{name}");
    let differences = expected
        .iter()
        .map(|(qid, weights)| distance(weights, &found[qid]));
    let largest = differences.fold(0.0, f32::max);
    eprintln!("{name} queries: {largest:.1e}");
    (largest > TOLERANCE).then(|| format!("{name} queries: {largest}"))
}

/// The operators for GPUs, computed by the processor: what differs too much.
fn compare_fused(name: &str, reference: &Reference, checkpoints: &Path) -> Vec<String> {
    let batches = BatchBudget {
        length_multiple: 8,
        ..BatchBudget::default()
    };
    let mut failures = Vec::new();
    for (precision, tolerance) in [
        (Precision::Fp32, TOLERANCE),
        (Precision::Fp16, HALF_TOLERANCE),
    ] {
        let settings = EncoderSettings {
            head: HeadChoice::InGraph(Operators::Fused),
            precision: Some(precision),
            batches: Some(batches),
            ..settings(Aggregation::Max)
        };
        let vectors = encode(name, reference, checkpoints, settings);
        let difference =
            |(id, vector): (&String, _)| distance(&reference.documents[id]["max"], vector);
        let found = vectors.iter().map(difference).fold(0.0, f32::max);
        eprintln!("{name} fused {precision}: {found:.1e}");
        if found > tolerance {
            failures.push(format!("{name} fused {precision}: {found}"));
        }
    }
    failures
}

/// The plain operators, and those that suit this processor: what differs too much.
fn compare_plain(name: &str, reference: &Reference, checkpoints: &Path) -> Option<String> {
    let encode = |head| {
        let settings = EncoderSettings {
            head,
            batches: Some(BatchBudget::default()),
            ..settings(Aggregation::Max)
        };
        encode(name, reference, checkpoints, settings)
    };
    let plain = encode(HeadChoice::InGraph(Operators::Plain));
    let best = encode(HeadChoice::Best);
    assert!(plain.values().any(|vector| !vector.is_empty()), "{name}");
    let differences = plain.iter().map(|(id, vector)| distance(vector, &best[id]));
    let found = differences.fold(0.0, f32::max);
    eprintln!("{name} plain: {found:.1e}");
    (found > PLAIN_TOLERANCE).then(|| format!("{name} plain: {found}"))
}

/// Returns the vectors of all documents by their ids.
fn encode(
    name: &str,
    reference: &Reference,
    checkpoints: &Path,
    settings: EncoderSettings,
) -> HashMap<String, HashMap<String, f32>> {
    let corpus = fs_err::read_to_string(checkpoints.join("corpus.jsonl")).unwrap();
    let documents = corpus.lines().map(serde_json::from_str);
    let documents: Vec<Document> = documents.collect::<Result<_, _>>().unwrap();
    let settings = EncoderSettings {
        max_length: Some(reference.max_length),
        ..settings
    };
    let encoder = SpladeEncoder::open(checkpoints.join(name)).unwrap();
    let encoder = encoder.settings(settings).build().unwrap();
    let texts: Vec<&str> = documents.iter().map(|d| d.text.as_str()).collect();
    let vectors = encoder.encode(&texts).unwrap();
    // As a collection has them.
    let term = |id| match encoder.vocabulary().term(id) {
        term if term.is_empty() || term.contains(char::is_whitespace) => format!("[id:{id}]"),
        term => term.to_owned(),
    };
    let named = |vector: &SparseVector| {
        let entries = vector.0.iter();
        entries.map(|e| (term(e.term), e.weight)).collect()
    };
    let vectors = vectors.iter().map(named);
    documents.into_iter().map(|d| d.id).zip(vectors).collect()
}

/// The comparison means something: columns at zero and above it, different texts with different weights.
fn check_reference(name: &str, aggregation: &str, reference: &Reference) {
    assert!(reference.documents.len() > 20, "{name}");
    let vectors = || reference.documents.values().map(|w| &w[aggregation]);
    for (vector, next) in vectors().zip(vectors().skip(1)) {
        assert!(
            (reference.least_terms()..1000).contains(&vector.len()),
            "{name}: {}",
            vector.len()
        );
        assert!(distance(vector, next) > 0.2, "{name}");
    }
}

fn check_manifest(name: &str, output: &Path, reference: &Reference) {
    let manifest = fs_err::read(output.join("manifest.json")).unwrap();
    let manifest: serde_json::Value = serde_json::from_slice(&manifest).unwrap();
    assert_eq!(manifest["counts"]["tokens"], reference.tokens, "{name}");
    assert_eq!(
        manifest["encoding"]["max_length"], reference.max_length,
        "{name}"
    );
}

fn largest_difference(output: &Path, aggregation: &str, reference: &Reference) -> f32 {
    let mut largest = 0.0_f32;
    let mut documents = 0;
    for part in fs_err::read_dir(output.join("documents")).unwrap() {
        for line in fs_err::read_to_string(part.unwrap().path())
            .unwrap()
            .lines()
        {
            let line: Line = serde_json::from_str(line).unwrap();
            let expected = &reference.documents[&line.id][aggregation];
            let scale = expected.values().copied().fold(1.0, f32::max);
            let scale = if aggregation == "sum" { scale } else { 1.0 };
            let difference = distance(expected, &line.vector) / scale;
            largest = largest.max(difference);
            documents += 1;
        }
    }
    assert_eq!(documents, reference.documents.len());
    largest
}
