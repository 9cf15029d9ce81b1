//! What messages about a model, its settings and the device advise works when it is followed.

use std::path::Path;
use std::process::Command;

use crate::common::runs::Bench;
use crate::common::{fails, model_folder, ok, tool};

/// A command that is refused, the exit code, what is advised, and the same command after it.
type Case<'a> = (&'a [&'a str], i32, &'a str, &'a [&'a str]);

fn follow(bench: &Bench, cases: &[Case<'_>]) {
    for (number, (refused, code, advice, followed)) in cases.iter().enumerate() {
        let run = |options: &[&str]| {
            let mut command = bench.program();
            let output = format!("out-{number}");
            if options.first().is_some_and(|first| !first.starts_with('-')) {
                command.args(options);
            } else {
                command.args(["documents", "corpus.jsonl", "--quiet", "--output", &output]);
                command.args(options);
            }
            command
        };
        let error = fails(*code, &mut run(refused));
        assert!(error.contains(advice), "{refused:?}: {error}");
        ok(&mut run(followed));
    }
}

#[test]
fn what_is_advised_about_settings_of_the_encoder_works() {
    let bench = Bench::new(20);
    bench.write("queries.tsv", "1\ta b\n");
    bench.write("table.tsv", "a\t1.5\nb\t2\n");
    let topics = ["topics", "queries.tsv", "--output"];
    follow(
        &bench,
        &[
            (
                &["--max-length", "999"],
                2,
                "it takes 3 to 64 tokens",
                &["--max-length", "64"],
            ),
            (
                &["--max-length", "2"],
                2,
                "it takes 3 to 64 tokens",
                &["--max-length", "3"],
            ),
            (
                &["--stride", "4"],
                2,
                "add --long windows",
                &["--stride", "4", "--long", "windows"],
            ),
            (
                &["--long", "windows", "--max-length", "8", "--stride", "7"],
                2,
                "it takes 1 to 6",
                &["--long", "windows", "--max-length", "8", "--stride", "6"],
            ),
            (
                &["--long", "windows", "--aggregation", "sum"],
                2,
                "use --long truncate",
                &["--long", "truncate", "--aggregation", "sum"],
            ),
            (
                &["--device", "cpu,cuda"],
                2,
                "are all CPUs or all GPUs",
                &["--device", "cpu,cpu"],
            ),
            (
                &["--device", "cpu", "--precision", "fp16"],
                2,
                "choose fp32 (exact) or int8 (faster)",
                &["--device", "cpu", "--precision", "int8"],
            ),
            (
                &["--device", "cpu", "--precision", "fp16"],
                2,
                "choose fp32 (exact) or int8 (faster)",
                &["--device", "cpu", "--precision", "fp32"],
            ),
            (
                &["explain", "--query-weights", "table", "a"],
                1,
                "give one with --query-weights, a file of terms and weights, or leave that setting out",
                &["explain", "--query-weights", "table.tsv", "a"],
            ),
            (
                &["explain", "--query-weights", "table", "a"],
                1,
                "or leave that setting out",
                &["explain", "a"],
            ),
            (
                &[&topics[..], &["a.tsv", "--step", "none"]].concat(),
                2,
                "use --format jsonl",
                &[
                    &topics[..],
                    &["a.jsonl", "--step", "none", "--format", "jsonl"],
                ]
                .concat(),
            ),
            (
                &[&topics[..], &["a.xyz"]].concat(),
                2,
                "say --format tsv, jsonl or another one",
                &[&topics[..], &["a.xyz", "--format", "tsv"]].concat(),
            ),
        ],
    );
    // So much memory as is said to be needed.
    let mut command = bench.documents_with("memory", &["--max-memory", "1M"]);
    let error = fails(2, &mut command);
    let (_, needed) = error.split_once("about ").unwrap();
    let (needed, _) = needed.split_once(" MB are needed").unwrap();
    ok(&mut bench.documents_with("memory", &["--max-memory", &format!("{needed}M")]));
}

#[test]
fn what_is_advised_about_a_model_folder_works() {
    let bench = Bench::new(5);
    let explain = |options: &[&str]| {
        let mut command = bench.program();
        command.args(["explain", "a b"]).args(options);
        command
    };
    // What is missing is put there.
    for name in ["tokenizer.json", "config.json", "model.safetensors"] {
        fs_err::rename(bench.at("model").join(name), bench.at("away")).unwrap();
        let error = fails(1, &mut explain(&[]));
        assert!(
            error.contains("it must hold") && error.contains(name),
            "{error}"
        );
        fs_err::rename(bench.at("away"), bench.at("model").join(name)).unwrap();
        ok(&mut explain(&[]));
    }
    // A file that did not come whole is fetched again.
    let weights = fs_err::read(bench.at("model/model.safetensors")).unwrap();
    bench.write("model/model.safetensors", &weights[..weights.len() - 4]);
    let error = fails(1, &mut explain(&[]));
    assert!(error.contains("fetch it again"), "{error}");
    bench.write("model/model.safetensors", &weights);
    ok(&mut explain(&[]));
    // A pooling that only the maximum fits.
    fs_err::create_dir(bench.at("model/1_SpladePooling")).unwrap();
    let pooling = r#"{"pooling_strategy": "max", "activation_function": "log1p_relu"}"#;
    bench.write("model/1_SpladePooling/config.json", pooling);
    let error = fails(1, &mut explain(&["--aggregation", "sum"]));
    assert!(error.contains("--aggregation max only"), "{error}");
    ok(&mut explain(&["--aggregation", "max"]));
    fs_err::remove_dir_all(bench.at("model/1_SpladePooling")).unwrap();
    // A way for queries that is not known.
    let router = r#"{"types": {"query_0": "a.Magic\u001b", "": "a.MLMTransformer"},
        "structure": {"query": ["query_0"], "document": ["documents"]}}"#;
    bench.write("model/router_config.json", router);
    fs_err::create_dir(bench.at("model/documents")).unwrap();
    for name in ["tokenizer.json", "config.json", "model.safetensors"] {
        let to = bench.at("model/documents").join(name);
        fs_err::rename(bench.at("model").join(name), to).unwrap();
    }
    bench.write("queries.tsv", "1\ta b\n");
    let topics = |options: &[&str]| {
        let mut command = bench.program();
        command.args(["topics", "queries.tsv", "--output", "topics.tsv"]);
        command.args(options);
        command
    };
    let error = fails(1, &mut topics(&[]));
    let advice = r#"begins with the class "Magic\u{1b}", which is not known; give the weights of queries with --query-weights"#;
    assert!(error.contains(advice), "{error}");
    ok(&mut topics(&["--query-weights", "ones"]));
}

/// The command that a message prints for a tokenizer that is not in `tokenizer.json` makes it.
#[test]
fn the_command_for_another_tokenizer_makes_a_tokenizer_json() {
    let Some(python) = std::env::var_os("SPLADE_EXPORT_TRANSFORMERS").filter(|p| !p.is_empty())
    else {
        return;
    };
    let dir = tempfile::Builder::new()
        .prefix("it's a ")
        .tempdir()
        .unwrap();
    let model = dir.path().join("model");
    fs_err::create_dir(&model).unwrap();
    for name in ["config.json", "model.safetensors"] {
        fs_err::copy(model_folder().join(name), model.join(name)).unwrap();
    }
    let text = fs_err::read(model_folder().join("tokenizer.json")).unwrap();
    let tokenizer: serde_json::Value = serde_json::from_slice(&text).unwrap();
    let vocabulary = tokenizer["model"]["vocab"].as_object().unwrap();
    let mut terms: Vec<_> = vocabulary
        .iter()
        .map(|(term, id)| (id.as_u64(), term))
        .collect();
    terms.sort_unstable();
    let lines: String = terms.iter().map(|(_, term)| format!("{term}\n")).collect();
    fs_err::write(model.join("vocab.txt"), lines).unwrap();
    let config = r#"{"tokenizer_class": "ConvBertTokenizer", "do_lower_case": true}"#;
    fs_err::write(model.join("tokenizer_config.json"), config).unwrap();

    let explain = |model: &Path| {
        let mut command = tool();
        command
            .args(["explain", "how do planes fly", "--json", "--model"])
            .arg(model);
        command
    };
    let error = fails(1, &mut explain(&model));
    let (_, command) = error.split_once("Make one with:\n    python3 ").unwrap();
    let command = format!("\"$0\" {command}");
    ok(Command::new("sh").args(["-c", &command]).arg(python));
    assert_eq!(ok(&mut explain(&model)), ok(&mut explain(&model_folder())));
}

#[test]
fn without_a_gpu_the_advised_cpu_does() {
    let bench = Bench::new(5);
    let library = std::env::var("ORT_DYLIB_PATH").unwrap();
    fs_err::create_dir(bench.at("gpu")).unwrap();
    let copied = bench.at("gpu/libonnxruntime.so");
    fs_err::copy(library, &copied).unwrap();
    let explain = |device: &[&str]| {
        let mut command = bench.program();
        command
            .args(["explain", "a b", "--onnxruntime"])
            .arg(&copied);
        command.args(device);
        command
    };
    let leave_out = "leave --device out to use the CPU";
    let error = fails(1, &mut explain(&["--device", "cuda"]));
    assert!(
        error.contains(leave_out) && error.contains("has no CUDA"),
        "{error}"
    );
    ok(&mut explain(&[]));
    // With the provider's file, the driver is what is missing, where it is.
    bench.write("gpu/libonnxruntime_providers_cuda.so", "");
    let error = fails(1, &mut explain(&["--device", "cuda"]));
    if error.contains("libcuda.so.1 cannot be loaded") {
        assert!(error.contains(leave_out), "{error}");
    }
    ok(&mut explain(&[]));
}
