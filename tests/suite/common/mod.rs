//! What the tests share: the real model, the real ONNX Runtime, the real program.
#![allow(dead_code, reason = "each test file uses its own share")]

pub mod hub;
pub mod runs;
pub mod synthetic;
pub mod tiny_model;

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use assert_cmd::cargo::CommandCargoExt;
use splade_export::{
    Aggregation, BatchBudget, Device, DeviceChoice, EncoderSettings, SparseVector, SpladeEncoder,
};

/// The demo model's folder.
pub fn model_folder() -> PathBuf {
    let folder = std::env::var_os("SPLADE_EXPORT_MODEL")
        .expect("SPLADE_EXPORT_MODEL is not set: run scripts/test.sh, or eval \"$(scripts/setup.sh --print-env)\"");
    folder.into()
}

pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

pub fn fixtures() -> PathBuf {
    root().join("fixtures")
}

/// A test collection beside the checkout, where there is one.
pub fn shared(name: &str) -> Option<PathBuf> {
    let folder = root().parent()?.join("shared").join(name);
    if folder.exists() {
        return Some(folder);
    }
    eprintln!("skipped: there is no {}", folder.display());
    None
}

/// The program with the demo model.
pub fn program() -> Command {
    let mut command = Command::cargo_bin("splade-export").unwrap();
    command.env("SPLADE_EXPORT_MODEL", model_folder());
    command
}

/// The program without a model: for commands that need none.
pub fn tool() -> Command {
    let mut command = Command::cargo_bin("splade-export").unwrap();
    command.env_remove("SPLADE_EXPORT_MODEL");
    command
}

/// Runs a script of the project.
pub fn script(name: &str) -> Command {
    let mut command = Command::new("bash");
    command.arg(root().join("scripts").join(name));
    command
}

/// Runs to success and returns stdout.
pub fn ok(command: &mut Command) -> String {
    let started = Instant::now();
    let output = command.output().unwrap();
    println!("{:.1} s: {command:?}", started.elapsed().as_secs_f64());
    assert!(
        output.status.success(),
        "{command:?}\n{}\n{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout).unwrap()
}

/// Runs to failure with this exit code and returns stderr.
pub fn fails(code: i32, command: &mut Command) -> String {
    let output = command.output().unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(code), "{command:?}\n{stderr}");
    stderr
}

/// Encodes texts with the demo model and this budget.
pub fn encode(
    aggregation: Aggregation,
    texts: &[&str],
    max_length: usize,
    budget: BatchBudget,
) -> Vec<HashMap<String, f32>> {
    encode_with(settings(aggregation), texts, max_length, budget)
}

/// Returns how the tests encode: on the CPU in fp32, in one thread, special tokens kept.
pub fn settings(aggregation: Aggregation) -> EncoderSettings {
    EncoderSettings {
        aggregation: Some(aggregation),
        keep_special_tokens: true,
        threads: 1,
        device: DeviceChoice::Device(Device::Cpu),
        ..EncoderSettings::default()
    }
}

/// Encodes texts with the demo model and these settings.
pub fn encode_with(
    settings: EncoderSettings,
    texts: &[&str],
    max_length: usize,
    budget: BatchBudget,
) -> Vec<HashMap<String, f32>> {
    let settings = EncoderSettings {
        max_length: Some(max_length),
        batches: Some(budget),
        ..settings
    };
    let encoder = SpladeEncoder::open(model_folder()).unwrap();
    let encoder = encoder.settings(settings).build().unwrap();
    let vectors = encoder.encode(texts).unwrap();
    vectors.iter().map(|v| by_term(&encoder, v)).collect()
}

/// Returns the weights by term.
pub fn by_term(encoder: &SpladeEncoder, vector: &SparseVector) -> HashMap<String, f32> {
    let term = |id| encoder.vocabulary().term(id).to_owned();
    vector.0.iter().map(|e| (term(e.term), e.weight)).collect()
}

/// The texts of a BEIR corpus, title and text joined by a space.
pub fn texts(corpus: &Path) -> HashMap<String, String> {
    fs_err::read_to_string(corpus)
        .unwrap()
        .lines()
        .map(|line| {
            let record: serde_json::Value = serde_json::from_str(line).unwrap();
            let get = |key: &str| record[key].as_str().unwrap_or_default().to_owned();
            let (title, text) = (get("title"), get("text"));
            let joined = [title, text]
                .iter()
                .filter(|t| !t.is_empty())
                .cloned()
                .collect::<Vec<_>>()
                .join(" ");
            (get("_id"), joined)
        })
        .collect()
}

/// True if weights in int8 have eight bits: without VNNI their products would not fit, and they have seven.
pub fn has_vnni() -> bool {
    #[cfg(target_arch = "x86_64")]
    return std::arch::is_x86_feature_detected!("avx512vnni")
        || std::arch::is_x86_feature_detected!("avxvnni");
    #[cfg(not(target_arch = "x86_64"))]
    true
}

/// The largest difference between two vectors over the union of their terms.
pub fn distance(a: &HashMap<String, f32>, b: &HashMap<String, f32>) -> f32 {
    let terms = a.keys().chain(b.keys());
    terms
        .map(|t| (a.get(t).unwrap_or(&0.0) - b.get(t).unwrap_or(&0.0)).abs())
        .fold(0.0, f32::max)
}
