//! `documents` and `topics` as a user meets them.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::common::runs::files;
use crate::common::{fails, fixtures, ok, program};
use serde_json::Value;

fn documents(corpus: &Path, output: &Path) -> Command {
    let mut command = program();
    command
        .args(["documents", "--compress", "none", "--output"])
        .arg(output)
        .arg(corpus);
    command
}

fn part(output: &Path) -> String {
    fs_err::read_to_string(output.join("documents/part-00000.jsonl")).unwrap()
}

/// The documents of all parts.
fn all_lines(output: &Path) -> Vec<Value> {
    let parts = files(&output.join("documents"));
    let text: String = parts
        .iter()
        .map(|(_, bytes)| str::from_utf8(bytes).unwrap())
        .collect();
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

fn manifest(output: &Path) -> Value {
    serde_json::from_slice(&fs_err::read(output.join("manifest.json")).unwrap()).unwrap()
}

#[test]
fn the_same_bytes_with_one_and_two_threads_and_again() {
    let dir = tempfile::tempdir().unwrap();
    let run = |name: &str, threads: &str| {
        let output = dir.path().join(name);
        ok(program()
            .args([
                "documents",
                "--part-size",
                "10",
                "--threads",
                threads,
                "--output",
            ])
            .arg(&output)
            .arg(fixtures()));
        files(&output)
    };
    let one = run("one", "1");
    assert_eq!(one.len(), 12, "11 parts and the manifest, nothing else");
    assert_eq!(one, run("two", "2"));
    assert_eq!(one, run("four", "4"));
}

#[test]
fn part_size_does_not_change_the_documents_beyond_rounding_ties() {
    let dir = tempfile::tempdir().unwrap();
    let (a, b) = (dir.path().join("a"), dir.path().join("b"));
    ok(documents(&fixtures(), &a).args(["--threads", "2"]));
    ok(documents(&fixtures(), &b).args(["--part-size", "10"]));
    let counts = &manifest(&a)["counts"];
    assert_eq!(counts["documents"], 107);
    let lines = all_lines(&a);
    let in_parts = all_lines(&b);
    assert_eq!(in_parts.len(), 107);
    for (one, other) in lines.iter().zip(&in_parts) {
        assert_eq!(one["id"], other["id"]);
        let impacts = |line: &Value| -> BTreeMap<String, i64> {
            serde_json::from_value(line["vector"].clone()).unwrap()
        };
        let (one, other) = (impacts(one), impacts(other));
        assert!(one.keys().eq(other.keys()));
        let apart = one
            .iter()
            .map(|(term, impact)| impact.abs_diff(other[term]));
        assert!(apart.max().unwrap() <= 1);
    }
    let sum: u64 = lines
        .iter()
        .flat_map(|l| l["vector"].as_object().unwrap().values())
        .map(|v| v.as_u64().unwrap())
        .sum();
    assert_eq!(counts["impact_sum"], sum);
    assert!(lines.iter().all(|l| l["contents"] == ""));
    assert_eq!(
        lines
            .iter()
            .filter(|l| l["id"] == "0042" || l["id"] == "42")
            .count(),
        2
    );
}

#[test]
fn the_format_of_standard_input_does_not_depend_on_how_it_comes() {
    let dir = tempfile::tempdir().unwrap();
    let output = dir.path().join("out");
    let mut child = documents(Path::new("-"), &output)
        .stdin(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    for piece in ["\n", "a", "\tthe ca", "t sat\n"] {
        stdin.write_all(piece.as_bytes()).unwrap();
        stdin.flush().unwrap();
        std::thread::sleep(std::time::Duration::from_millis(100));
    }
    drop(stdin);
    assert!(child.wait().unwrap().success());
    assert_eq!(all_lines(&output)[0]["id"], "a");
}

#[test]
fn standard_input_gzip_zip_and_tsv_give_the_same_collection() {
    let dir = tempfile::tempdir().unwrap();
    let lines =
        "{\"_id\": \"a\", \"text\": \"the cat sat\"}\n{\"_id\": \"b\", \"text\": \"a dog\"}\n";
    let plain = dir.path().join("c.jsonl");
    fs_err::write(&plain, lines).unwrap();
    ok(&mut documents(&plain, &dir.path().join("plain")));
    let expected = part(&dir.path().join("plain"));

    let tsv = dir.path().join("c.tsv");
    fs_err::write(&tsv, "a\tthe cat sat\r\nb\ta dog\r\n").unwrap();
    ok(&mut documents(&tsv, &dir.path().join("tsv")));
    assert_eq!(part(&dir.path().join("tsv")), expected);

    let mut gz = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gz.write_all(lines.as_bytes()).unwrap();
    let output = dir.path().join("stdin");
    let mut child = documents(Path::new("-"), &output)
        .stdin(Stdio::piped())
        .spawn()
        .unwrap();
    child
        .stdin
        .take()
        .unwrap()
        .write_all(&gz.finish().unwrap())
        .unwrap();
    assert!(child.wait().unwrap().success());
    assert_eq!(part(&output), expected);
}

#[test]
fn weights_can_be_kept_pruned_and_normalized() {
    let dir = tempfile::tempdir().unwrap();
    let run = |name: &str, args: &[&str]| {
        let output = dir.path().join(name);
        ok(documents(&fixtures(), &output).args(args));
        (part(&output), manifest(&output))
    };
    let (floats, about) = run("floats", &["--step", "none", "--contents"]);
    assert_eq!(about["kind"], "weights");
    assert_eq!(about["quantization"], Value::Null);
    let first: Value = serde_json::from_str(floats.lines().next().unwrap()).unwrap();
    assert!(first["contents"].as_str().unwrap().len() > 50);

    let (pruned, about) = run("pruned", &["--top-k", "7"]);
    assert_eq!(about["counts"]["postings"], 7 * 107);
    for line in pruned.lines() {
        let line: Value = serde_json::from_str(line).unwrap();
        assert_eq!(line["vector"].as_object().unwrap().len(), 7);
    }

    // What one pass over the corpus must give, computed from the float weights.
    let (corpus, about) = run(
        "corpus",
        &[
            "--normalize",
            "corpus",
            "--rounding",
            "floor",
            "--part-size",
            "30",
        ],
    );
    let largest = about["counts"]["max_weight"].as_f64().unwrap();
    for (line, weights) in corpus.lines().zip(floats.lines()) {
        let line: Value = serde_json::from_str(line).unwrap();
        let weights: Value = serde_json::from_str(weights).unwrap();
        for (term, weight) in weights["vector"].as_object().unwrap() {
            let expected = (weight.as_f64().unwrap() / largest * 10.0 - 1e-5)
                .floor()
                .max(1.0);
            let impact = line["vector"][term].as_f64().unwrap();
            assert!((impact - expected).abs() <= 1.0 && impact >= 1.0);
        }
    }
    let (_, about) = run("text", &["--normalize", "text"]);
    assert_eq!(about["counts"]["max_impact"], 10);
}

#[test]
fn topics_are_written_for_anserini_and_for_pyserini() {
    let dir = tempfile::tempdir().unwrap();
    let (tsv, jsonl) = (dir.path().join("t.tsv"), dir.path().join("t.jsonl"));
    ok(program()
        .args(["topics", "--output"])
        .arg(&tsv)
        .arg(fixtures()));
    ok(program()
        .args(["topics", "--output"])
        .arg(&jsonl)
        .arg(fixtures()));
    let tsv = fs_err::read_to_string(tsv).unwrap();
    let jsonl = fs_err::read_to_string(jsonl).unwrap();
    assert_eq!(tsv.lines().count(), 25);
    for (repeated, encoded) in tsv.lines().zip(jsonl.lines()) {
        let (qid, repeated) = repeated.split_once('\t').unwrap();
        let encoded: Value = serde_json::from_str(encoded).unwrap();
        assert_eq!(encoded["qid"], qid);
        for (term, impact) in encoded["vector"].as_object().unwrap() {
            let count = repeated.split(' ').filter(|t| t == term).count();
            assert_eq!(count as u64, impact.as_u64().unwrap());
        }
    }
}

#[test]
fn bad_input_is_reported_with_its_place_and_leaves_nothing_behind() {
    let dir = tempfile::tempdir().unwrap();
    let good = b"{\"id\": \"a\", \"text\": \"x\"}\n";
    let cases: [(&str, &[u8], &str); 7] = [
        (
            "json.jsonl",
            b"{\"id\": \"b\", \"text\": \"x\"}\n{\"id\": \n",
            "json.jsonl:2: not valid JSON",
        ),
        ("id.jsonl", b"{\"text\": \"x\"}\n", "id.jsonl:1: no docid"),
        (
            "twice.jsonl",
            good,
            "twice.jsonl:1: docid \"a\" was read before",
        ),
        (
            "space.jsonl",
            b"{\"id\": \"a b\", \"text\": \"x\"}\n",
            "space.jsonl:1: docid \"a b\" contains white space",
        ),
        (
            "utf8.jsonl",
            b"{\"id\": \"c\", \"text\": \"\xff\"}\n",
            "utf8.jsonl:1: not UTF-8",
        ),
        (
            "array.jsonl",
            b"[{\"id\": \"c\"}]\n",
            "this is one JSON array",
        ),
        ("words.txt", b"hello world\n", "the format cannot be told"),
    ];
    let first = dir.path().join("first.jsonl");
    fs_err::write(&first, good).unwrap();
    for (name, content, expected) in cases {
        let bad = dir.path().join(name);
        fs_err::write(&bad, content).unwrap();
        let output = dir.path().join("out");
        let error = fails(1, documents(&first, &output).arg(&bad));
        assert!(error.contains(expected), "{error}");
        assert!(!output.exists(), "{name}");
    }
    let output = dir.path().join("out");
    let error = fails(
        1,
        &mut documents(&dir.path().join("nowhere.jsonl"), &output),
    );
    assert!(
        error.contains("nowhere.jsonl") && error.contains("check the path"),
        "{error}"
    );
    fs_err::create_dir(&output).unwrap();
    fs_err::write(output.join("precious"), "x").unwrap();
    let error = fails(1, &mut documents(&first, &output));
    assert!(error.contains("never overwritten"), "{error}");
}

#[test]
fn models_and_libraries_that_cannot_serve_are_refused() {
    let dir = tempfile::tempdir().unwrap();
    let output = dir.path().join("out");
    let run = |model: &Path| {
        let mut command = program();
        command
            .args(["documents", "--model"])
            .arg(model)
            .arg("--output")
            .arg(&output)
            .arg(fixtures());
        fails(1, &mut command)
    };
    let error = run(&dir.path().join("nowhere"));
    assert!(error.contains("not a model folder"), "{error}");
    let model = dir.path().join("model");
    fs_err::create_dir(&model).unwrap();
    assert!(run(&model).contains("missing here: tokenizer.json"));
    fs_err::copy(
        crate::common::model_folder().join("tokenizer.json"),
        model.join("tokenizer.json"),
    )
    .unwrap();
    assert!(run(&model).contains("config.json or model.onnx"));
    fs_err::copy(
        crate::common::model_folder().join("config.json"),
        model.join("config.json"),
    )
    .unwrap();
    assert!(run(&model).contains("model.safetensors"));

    // An encoder without the masked-language-model head, as sentence embedding models are.
    let bytes = fs_err::read(crate::common::model_folder().join("model.safetensors")).unwrap();
    let tensors = safetensors::SafeTensors::deserialize(&bytes).unwrap();
    let body: Vec<_> = tensors
        .tensors()
        .into_iter()
        .filter(|(name, _)| !name.starts_with("cls."))
        .collect();
    let weights = model.join("model.safetensors");
    fs_err::write(&weights, safetensors::serialize(body, None).unwrap()).unwrap();
    let error = run(&model);
    assert!(error.contains("no masked-language-model head"), "{error}");
    fs_err::write(&weights, &bytes[..bytes.len() - 100]).unwrap();
    assert!(run(&model).contains("its header promises"));
    fs_err::write(&weights, b"garbage garbage garbage").unwrap();
    assert!(run(&model).contains("not a safetensors file"));

    let error = fails(
        1,
        program()
            .args(["explain", "x", "--onnxruntime"])
            .arg(dir.path().join("no.so")),
    );
    assert!(error.contains("splade-export setup onnxruntime"), "{error}");
    let error = fails(
        1,
        program()
            .args(["explain", "x"])
            .env_remove("ORT_DYLIB_PATH")
            .env("SPLADE_EXPORT_CACHE", dir.path()),
    );
    assert!(error.contains("splade-export setup onnxruntime"), "{error}");
    assert!(!output.exists());
}

#[test]
fn an_untied_half_precision_checkpoint_with_new_names_gives_the_same_weights() {
    use safetensors::tensor::TensorView;
    let dir = tempfile::tempdir().unwrap();
    let from = crate::common::model_folder();
    fs_err::copy(
        from.join("tokenizer.json"),
        dir.path().join("tokenizer.json"),
    )
    .unwrap();
    let config = fs_err::read_to_string(from.join("config.json")).unwrap();
    let mut config: Value = serde_json::from_str(&config).unwrap();
    config["tie_word_embeddings"] = false.into();
    fs_err::write(dir.path().join("config.json"), config.to_string()).unwrap();
    let bytes = fs_err::read(from.join("model.safetensors")).unwrap();
    let tensors = safetensors::SafeTensors::deserialize(&bytes).unwrap();
    let mut changed: Vec<(String, Vec<u8>, Vec<usize>)> = Vec::new();
    for (name, view) in tensors.tensors() {
        let halves =
            |b: &[u8]| half::f16::from_f32(f32::from_le_bytes(b.try_into().unwrap())).to_le_bytes();
        let data: Vec<u8> = view.data().chunks_exact(4).flat_map(halves).collect();
        let name = name.replace("gamma", "weight").replace("beta", "bias");
        if name.ends_with("word_embeddings.weight") {
            changed.push((
                "cls.predictions.decoder.weight".into(),
                data.clone(),
                view.shape().to_vec(),
            ));
        }
        changed.push((name, data, view.shape().to_vec()));
    }
    let views = changed.iter().map(|(name, data, shape)| {
        (
            name.clone(),
            TensorView::new(safetensors::Dtype::F16, shape.clone(), data).unwrap(),
        )
    });
    let file = safetensors::serialize(views.collect::<Vec<_>>(), None).unwrap();
    fs_err::write(dir.path().join("model.safetensors"), file).unwrap();
    let explain = |model: &Path| -> Value {
        let text = ok(program()
            .args([
                "explain",
                "The weather is lovely today.",
                "--top-k",
                "5",
                "--json",
                "--model",
            ])
            .arg(model));
        serde_json::from_str(&text).unwrap()
    };
    let (a, b) = (explain(&from), explain(dir.path()));
    for i in 0..5 {
        let weight = |v: &Value| v["terms"][i]["weight"].as_f64().unwrap();
        assert_eq!(a["terms"][i]["term"], b["terms"][i]["term"]);
        assert!((weight(&a) - weight(&b)).abs() < 5e-3, "{a} {b}");
    }
}

#[test]
fn wrong_usage_exits_with_2() {
    fails(2, program().args(["documents", "--no-such-flag"]));
    fails(
        2,
        program().args(["documents", "x", "--output", "o", "--step", "-1"]),
    );
    fails(
        2,
        program().args(["documents", "x", "--output", "o", "--part-size", "0"]),
    );
    let error = fails(
        2,
        program().args(["explain", "x", "--step", "none", "--preset", "naver"]),
    );
    assert!(error.contains("--preset has no effect"), "{error}");
    let error = fails(2, program().args(["explain", "x", "--max-length", "513"]));
    assert!(error.contains("it takes 3 to 512 tokens"), "{error}");
    let error = fails(2, program().args(["topics", "x", "--output", "topics.txt"]));
    assert!(error.contains("--format"), "{error}");
}

#[test]
fn an_explanation_looks_like_this() {
    let text = ok(program().args(["explain", "The weather is lovely today.", "--top-k", "6"]));
    insta::assert_snapshot!(text);
}
