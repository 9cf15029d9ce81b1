//! Precision, device, memory and odd lengths, as a user meets them.

use std::collections::{BTreeSet, HashMap};
use std::fmt::Write;
use std::path::Path;
use std::process::Command;
use std::thread;

use crate::common::{
    by_term, distance, encode, fails, fixtures, has_vnni, model_folder, ok, program, settings,
    texts,
};
use serde_json::Value;
use splade_export::internals::{Batch, TextTokenizer, TextWindows};
use splade_export::{
    Aggregation, BatchBudget, Device, EncodeError, EncoderSettings, Model, Precision, SpladeEncoder,
};

pub(crate) fn documents(corpus: &Path, output: &Path, options: &[&str]) -> Command {
    let mut command = program();
    command
        .args(["documents", "--quiet", "--compress", "none", "--output"])
        .arg(output)
        .arg(corpus)
        .args(options);
    command
}

pub(crate) fn manifest(output: &Path) -> Value {
    serde_json::from_slice(&fs_err::read(output.join("manifest.json")).unwrap()).unwrap()
}

pub(crate) fn lines(output: &Path) -> Vec<Value> {
    let part = fs_err::read_to_string(output.join("documents/part-00000.jsonl")).unwrap();
    part.lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

pub(crate) fn terms(line: &Value) -> BTreeSet<String> {
    line["vector"]
        .as_object()
        .unwrap()
        .keys()
        .cloned()
        .collect()
}

#[test]
fn odd_lengths_stay_within_the_budget_and_give_the_same_terms_in_any_company() {
    let dir = tempfile::tempdir().unwrap();
    let words: Vec<String> = texts(&fixtures().join("corpus.jsonl"))
        .values()
        .flat_map(|text| {
            text.split_whitespace()
                .map(str::to_owned)
                .collect::<Vec<_>>()
        })
        .collect();
    let long: Vec<&str> = words
        .iter()
        .cycle()
        .take(100_000)
        .map(String::as_str)
        .collect();
    let long = long.join(" ");
    // One of 100,000 words, 10,000 of one word, and some of every length, in one part.
    let mut texts = vec![long.as_str()];
    texts.extend(words.iter().cycle().take(10_000).map(String::as_str));
    let mixed: Vec<String> = (0..200).map(|n| words[..n * 3].join(" ")).collect();
    texts.extend(mixed.iter().map(String::as_str));
    let mut corpus = String::new();
    for (i, text) in texts.iter().enumerate() {
        let record = serde_json::json!({"_id": format!("d{i}"), "text": text});
        writeln!(corpus, "{record}").unwrap();
    }
    let path = dir.path().join("corpus.jsonl");
    fs_err::write(&path, corpus).unwrap();

    let output = dir.path().join("all");
    ok(&mut documents(
        &path,
        &output,
        &["--part-size", "20000", "--step", "none"],
    ));
    let all = lines(&output);
    assert_eq!(all.len(), texts.len());
    assert_eq!(
        manifest(&output)["counts"]["truncated"]
            .as_u64()
            .map(|n| n > 0),
        Some(true)
    );
    // Words and texts that come twice, whatever they were batched with.
    let first = terms(&all[1]);
    assert!(!first.is_empty());
    assert!(words.len() < 10_000, "some words come twice");
    for line in all[1..=10_000].iter().step_by(words.len()) {
        assert_eq!(terms(line), first);
    }

    let model = Model::open(&model_folder()).unwrap();
    let tokenizer = TextTokenizer::new(&model, 512).unwrap();
    let tokens: Vec<_> = texts
        .iter()
        .map(|text| tokenizer.tokenize(text).unwrap())
        .collect();
    let tokens = TextWindows::cut(tokens, 512, None);
    for budget in [
        BatchBudget::default(),
        Device::Cpu.budget(),
        Device::Cuda(0).budget(),
    ] {
        for batch in Batch::plan(&tokens, budget) {
            assert!(batch.rows.len() <= budget.texts);
            assert!(batch.rows.len() * batch.length <= budget.tokens.max(512));
        }
    }
}

#[test]
fn int8_gives_the_same_bytes_whatever_the_threads_and_parts_and_says_what_it_is() {
    let dir = tempfile::tempdir().unwrap();
    let run = |name: &str, options: &[&str]| {
        let output = dir.path().join(name);
        let mut all = vec!["--precision", "int8"];
        all.extend(options);
        ok(&mut documents(&fixtures(), &output, &all));
        output
    };
    let one = run("one", &["--threads", "1"]);
    let two = run("two", &["--threads", "2"]);
    assert_eq!(lines(&one), lines(&two));
    // A text's weights are of itself alone, so parts do not matter either.
    let small = run("small", &["--part-size", "5"]);
    assert_eq!(lines(&small), lines(&one)[..5]);
    let encoding = &manifest(&one)["encoding"];
    assert_eq!(encoding["precision"], "int8");
    assert_eq!(encoding["device"], "cpu");
    assert_eq!(encoding["head"], "screened");
}

#[test]
fn the_sum_in_int8_is_near_that_in_fp32() {
    let dir = tempfile::tempdir().unwrap();
    let run = |precision: &str| {
        let output = dir.path().join(precision);
        let options = [
            "--precision",
            precision,
            "--aggregation",
            "sum",
            "--step",
            "none",
        ];
        ok(&mut documents(&fixtures(), &output, &options));
        assert_eq!(manifest(&output)["encoding"]["head"], "in-graph");
        lines(&output)
    };
    let total = |line: &Value| -> f64 {
        let weights = line["vector"].as_object().unwrap().values();
        weights.map(|weight| weight.as_f64().unwrap()).sum()
    };
    let most = if has_vnni() { 0.1 } else { 0.2 };
    for (a, b) in run("int8").iter().zip(&run("fp32")) {
        let (a, b) = (total(a), total(b));
        assert!((a - b).abs() < most * b, "{a} {b}");
    }
}

#[test]
fn timings_tell_where_the_time_went() {
    let dir = tempfile::tempdir().unwrap();
    let (output, file) = (dir.path().join("out"), dir.path().join("timings.json"));
    let mut command = documents(&fixtures(), &output, &["--timings"]);
    ok(command.arg(&file));
    let timings: Value = serde_json::from_slice(&fs_err::read(&file).unwrap()).unwrap();
    assert_eq!(timings["documents"], 107);
    for stage in ["read", "tokenize", "body", "head", "quantize", "write"] {
        assert!(timings["stages"][stage].as_f64().unwrap() > 0.0, "{stage}");
    }
    let share = timings["encoder_share"].as_f64().unwrap();
    assert!(share > 0.1 && share <= 1.0, "{share}");
    let padding = timings["padding"].as_f64().unwrap();
    assert!((0.0..0.5).contains(&padding), "{padding}");
    // More than there are terms, and far fewer than the vocabulary.
    let columns = timings["surviving_columns"].as_f64().unwrap();
    assert!(columns > 50.0 && columns < 3_000.0, "{columns}");

    // A file is no folder.
    let nowhere = file.join("nowhere.json");
    let other = dir.path().join("other");
    let mut command = documents(&fixtures(), &other, &["--timings"]);
    let message = fails(1, command.arg(&nowhere));
    assert!(message.contains("timings.json"), "{message}");
    assert!(!other.exists());
}

/// Encodes everything as one batch; run by the test below in a process with little memory.
#[test]
#[ignore = "takes gigabytes unless it is run by the test below"]
fn one_batch_of_everything() {
    let corpus = texts(&fixtures().join("corpus.jsonl"));
    let words: Vec<&str> = corpus
        .values()
        .flat_map(|text| text.split_whitespace())
        .collect();
    // The attention scores of a layer alone are 400 x 2 x 512 x 512 floats.
    let texts: Vec<String> = (0..400).map(|n| words[n..n + 600].join(" ")).collect();
    let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
    let everything = BatchBudget {
        tokens: usize::MAX,
        texts: usize::MAX,
        length_multiple: 1,
        ..BatchBudget::default()
    };
    let together = encode(Aggregation::Max, &texts, 512, everything);
    let apart = encode(Aggregation::Max, &texts[..9], 512, BatchBudget::default());
    for (a, b) in together.iter().zip(&apart) {
        assert!(distance(a, b) < 1e-5, "{}", distance(a, b));
    }
}

#[test]
#[cfg(target_os = "linux")]
fn a_batch_that_does_not_fit_is_halved() {
    let run = |kilobytes: &str| {
        Command::new("bash")
            .args([
                "-c",
                "ulimit -v \"$1\"; exec \"$0\" --exact encoder::one_batch_of_everything --ignored",
            ])
            .arg(std::env::current_exe().unwrap())
            .arg(kilobytes)
            .output()
            .unwrap()
    };
    let output = run("1500000");
    assert!(output.status.success(), "{output:?}");
    let report = String::from_utf8_lossy(&output.stdout);
    assert!(report.contains("1 passed"), "{report}");
    // ONNX Runtime would say in color what was returned as an error and dealt with.
    let log = String::from_utf8_lossy(&output.stderr);
    assert!(!log.contains("onnxruntime"), "{log}");
}

#[test]
fn half_precision_in_plain_operators_is_refused_by_the_library_too() {
    let settings = EncoderSettings {
        precision: Some(Precision::Fp16),
        ..settings(Aggregation::Max)
    };
    let encoder = SpladeEncoder::open(model_folder()).unwrap();
    let encoder = encoder.settings(settings).build();
    assert!(matches!(encoder, Err(EncodeError::Precision { .. })));
}

#[test]
fn eight_threads_share_an_encoder_and_get_the_weights_of_documents() {
    let dir = tempfile::tempdir().unwrap();
    let output = dir.path().join("out");
    ok(&mut documents(&fixtures(), &output, &["--step", "none"]));
    let written: Vec<(String, HashMap<String, f32>)> = lines(&output)
        .into_iter()
        .map(|line| {
            let vector = serde_json::from_value(line["vector"].clone()).unwrap();
            (line["id"].as_str().unwrap().to_owned(), vector)
        })
        .collect();
    let by_docid = texts(&fixtures().join("corpus.jsonl"));
    let texts: Vec<&str> = written
        .iter()
        .map(|(id, _)| by_docid[id].as_str())
        .collect();
    let encoder = SpladeEncoder::open(model_folder()).unwrap();
    // Fewer workers than threads, so that they have to share.
    let encoder = encoder.threads(3).build().unwrap();
    thread::scope(|scope| {
        let threads: Vec<_> = (0..8)
            .map(|_| scope.spawn(|| encoder.encode(&texts).unwrap()))
            .collect();
        for thread in threads {
            let vectors = thread.join().unwrap();
            assert_eq!(vectors.len(), written.len());
            for (vector, (docid, expected)) in vectors.iter().zip(&written) {
                assert_eq!(by_term(&encoder, vector), *expected, "{docid}");
            }
        }
    });
    assert!(encoder.encode(&[] as &[&str]).unwrap().is_empty());
    let blank = encoder.encode(&["", " "]).unwrap();
    assert!(blank.iter().all(|vector| vector.0.is_empty()));
}

#[test]
fn the_fingerprint_is_the_same_beside_loading_and_when_it_is_asked_for() {
    let open = || SpladeEncoder::open(model_folder()).unwrap().threads(1);
    let beside = open().with_fingerprint().build().unwrap();
    let later = open().build().unwrap();
    assert_eq!(beside.fingerprint().unwrap(), later.fingerprint().unwrap());
}

#[test]
fn a_long_text_without_white_space_is_cut_without_a_trace() {
    let model = Model::open(&model_folder()).unwrap();
    let whole = |text: &str| -> Vec<u32> {
        let encoding = model.tokenizer.encode(text, true).unwrap();
        let ids = encoding.get_ids();
        let mut kept = ids[..511].to_vec();
        kept.extend(ids.last());
        kept
    };
    let tokenizer = TextTokenizer::new(&model, 512).unwrap();
    let chinese = "中文沒有空格日本語も大".repeat(20_000);
    let titled = format!("a title {chinese}");
    let dotted = "international.organization/standards-body;".repeat(5_000);
    for text in [chinese, titled, dotted] {
        let tokens = tokenizer.tokenize(&text).unwrap();
        assert!(tokens.truncated);
        assert_eq!(tokens.ids, whole(&text));
    }
    // One word is one unknown token, however long: only its beginning is looked at.
    let word = tokenizer.tokenize(&"a".repeat(20 << 20)).unwrap();
    assert_eq!(word.ids.len(), 3);
    assert!(word.truncated);
}

#[test]
fn a_pooling_of_two_logarithms_is_taken_from_the_model_folder() {
    let dir = tempfile::tempdir().unwrap();
    for name in ["config.json", "model.safetensors", "tokenizer.json"] {
        fs_err::copy(model_folder().join(name), dir.path().join(name)).unwrap();
    }
    let pooling = dir.path().join("1_SpladePooling");
    fs_err::create_dir(&pooling).unwrap();
    let explain = |model: &Path, options: &[&str]| {
        let mut command = program();
        command
            .args(["explain", "how do planes fly", "--json", "--step", "none"])
            .arg("--model")
            .arg(model)
            .args(options);
        command
    };
    let weights = |text: String| -> Vec<(String, f64)> {
        let explained: Value = serde_json::from_str(&text).unwrap();
        let terms = explained["terms"].as_array().unwrap().iter();
        terms
            .map(|term| {
                let name = term["term"].as_str().unwrap().to_owned();
                (name, term["weight"].as_f64().unwrap())
            })
            .collect()
    };
    let says = |text: &str| fs_err::write(pooling.join("config.json"), text).unwrap();

    says(r#"{"pooling_strategy": "max", "activation_function": "log1p_relu"}"#);
    let once = weights(ok(&mut explain(&model_folder(), &[])));
    let twice = weights(ok(&mut explain(dir.path(), &[])));
    assert_eq!(once.len(), twice.len());
    for ((term, one), (same, two)) in once.iter().zip(&twice) {
        assert_eq!(term, same);
        assert!((one.ln_1p() - two).abs() < 1e-6, "{term} {one} {two}");
    }
    let error = fails(1, &mut explain(dir.path(), &["--aggregation", "sum"]));
    assert!(error.contains("--aggregation max only"), "{error}");

    says(r#"{"pooling_strategy": "sum", "activation_function": "relu"}"#);
    let sum = weights(ok(&mut explain(&model_folder(), &["--aggregation", "sum"])));
    assert_eq!(weights(ok(&mut explain(dir.path(), &[]))), sum);
    let max = explain(dir.path(), &["--aggregation", "max"]);
    assert_eq!(weights(ok(&mut { max })), once);
}
