//! Long texts in windows: each term has its largest weight in any window.

use std::collections::HashMap;
use std::fmt::Write;

use crate::common::runs::Bench;
use crate::common::{by_term, distance, fails, model_folder, ok, program, settings};
use serde_json::Value;
use splade_export::internals::{Batch, TextTokenizer, TextWindows};
use splade_export::{
    Aggregation, BatchBudget, EncoderSettings, LongTexts, Model, Pruning, SpladeEncoder,
};

/// Words that are one token each for the demo model, in an order without a short period.
fn words(count: usize) -> Vec<String> {
    let model = Model::open(&model_folder()).unwrap();
    let terms = model.vocabulary.terms().iter();
    let known: Vec<&String> = terms
        .filter(|term| term.len() > 3 && term.bytes().all(|b| b.is_ascii_lowercase()))
        .collect();
    let mut state = 1_usize;
    (0..count)
        .map(|_| {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            known[(state >> 33) % known.len()].clone()
        })
        .collect()
}

fn encoder(settings: EncoderSettings) -> SpladeEncoder {
    let encoder = SpladeEncoder::open(model_folder()).unwrap();
    encoder.settings(settings).build().unwrap()
}

fn plain(max_length: usize) -> EncoderSettings {
    EncoderSettings {
        max_length: Some(max_length),
        ..settings(Aggregation::Max)
    }
}

fn windows(max_length: usize, stride: Option<usize>) -> EncoderSettings {
    EncoderSettings {
        long: LongTexts::Windows,
        stride,
        ..plain(max_length)
    }
}

fn manifest(bench: &Bench, output: &str) -> Value {
    let text = fs_err::read(bench.at(output).join("manifest.json")).unwrap();
    serde_json::from_slice(&text).unwrap()
}

#[test]
fn a_document_of_20_000_tokens_has_the_maximum_over_its_windows() {
    let words = words(19_990);
    let text = words.join(" ");
    for (length, stride) in [(512, None), (512, Some(300)), (200, None)] {
        let room = length - 2;
        let step = stride.unwrap_or(room);
        let count = 1 + (words.len() - room).div_ceil(step);
        let pieces: Vec<String> = (0..count)
            .map(|at| words[at * step..words.len().min(at * step + room)].join(" "))
            .collect();
        let apart = encoder(plain(length));
        let mut expected: HashMap<String, f32> = HashMap::new();
        for piece in &pieces {
            let tokens = apart.tokens(piece).unwrap();
            assert!(!tokens.truncated && tokens.ids.len() <= length);
            let vector = apart.encode(&[piece]).unwrap().remove(0);
            for (term, weight) in by_term(&apart, &vector) {
                let largest = expected.entry(term).or_default();
                *largest = largest.max(weight);
            }
        }
        let joined = encoder(windows(length, stride));
        let tokens = joined.tokens(&text).unwrap();
        assert_eq!(tokens.ids.len(), words.len() + 2);
        assert_eq!(joined.window_count(&tokens), count);
        let vector = joined.encode(&["short", &text, ""]).unwrap().remove(1);
        let difference = distance(&by_term(&joined, &vector), &expected);
        assert!(difference <= 1e-5, "{length} {stride:?}: {difference}");
    }
}

#[test]
fn no_batch_of_windows_is_larger_than_one_of_texts() {
    let model = Model::open(&model_folder()).unwrap();
    let tokenizer = TextTokenizer::new(&model, 512).unwrap();
    let tokenizer = tokenizer.whole_texts().unwrap();
    let text = words(20_000).join(" ");
    let texts = vec![tokenizer.tokenize(&text).unwrap(); 3];
    let windows = TextWindows::cut(texts, 512, Some(64));
    let budget = BatchBudget::default();
    for batch in Batch::plan(&windows, budget) {
        assert!(batch.rows.len() * batch.length <= budget.tokens);
    }
}

#[test]
fn a_text_in_pieces_has_the_tokens_of_the_whole() {
    let model = Model::open(&model_folder()).unwrap();
    let whole = TextTokenizer::new(&model, 512).unwrap();
    let whole = whole.whole_texts().unwrap();
    // Over a piece in bytes, with gaps of all kinds, accents, Chinese, and a word that is too long to be one.
    let unit = "Naïve  cafés\t\tunaffable;\r\n\r\n 中文 文 don't\u{a0}stop \u{85}x ";
    let text = unit.repeat(3000) + &"a".repeat(70_000) + &unit.repeat(1000);
    let tokens = whole.tokenize(&text).unwrap();
    let expected = model.tokenizer.encode_fast(text.as_str(), true).unwrap();
    assert!(tokens.ids == expected.get_ids());
    assert_eq!((tokens.before, tokens.after), (1, 1));
    assert!(!tokens.blank && !tokens.truncated);
    let blank = whole.tokenize(&" \n".repeat(70_000)).unwrap();
    assert!(blank.blank);
    assert_eq!(blank.ids.len(), 2);
}

#[test]
fn pruning_is_that_of_the_whole_document() {
    let text = words(300).join(" ");
    let all = encoder(windows(32, Some(10)));
    let few = encoder(EncoderSettings {
        pruning: Pruning {
            top_k: Some(7),
            min_weight: Some(0.2),
            ..Pruning::default()
        },
        ..windows(32, Some(10))
    });
    let mut expected = all.encode(&[&text]).unwrap().remove(0);
    few.pruning().apply(&mut expected);
    assert_eq!(expected.len(), 7);
    assert_eq!(few.encode(&[&text]).unwrap()[0], expected);
}

/// Documents of 0 to some hundred tokens.
fn long_corpus(documents: usize) -> String {
    let mut corpus = String::new();
    for n in 0..documents {
        let letters = (0..(n * 37) % 230).map(|i| char::from(b'a' + ((i * i + n) % 26) as u8));
        let text: Vec<String> = letters.map(String::from).collect();
        let record = serde_json::json!({"id": format!("d{n}"), "text": text.join(" ")});
        writeln!(corpus, "{record}").unwrap();
    }
    corpus
}

#[test]
fn the_bytes_depend_neither_on_threads_nor_on_the_output() {
    let bench = Bench::new(0);
    bench.write("corpus.jsonl", long_corpus(50));
    let long = ["--long", "windows", "--max-length", "32", "--stride", "20"];
    let run = |output: &str, more: &[&str]| {
        ok(&mut bench.documents_with(output, &[&long, more].concat()));
        bench.files(output)
    };
    let one = run("one", &[]);
    assert!(one == run("three", &["--threads", "3"]));
    let manifest = manifest(&bench, "one");
    let encoding = &manifest["encoding"];
    assert_eq!(encoding["long"], "windows");
    assert_eq!(encoding["stride"], 20);
    let lengths = (0..50).map(|n| (n * 37) % 230);
    let split: Vec<usize> = lengths.filter(|&length| length > 30).collect();
    let windows = split.iter().map(|length| 1 + (length - 30).div_ceil(20));
    let counts = &manifest["counts"];
    assert_eq!(counts["split"], split.len());
    assert_eq!(counts["windows"], windows.sum::<usize>());
    assert_eq!(counts["truncated"], 0);

    // What is said, and what verify finds in it.
    let mut command = bench.program();
    command.args(["documents", "corpus.jsonl", "--output", "said"]);
    let output = command.args(long).output().unwrap();
    let stderr = String::from_utf8(output.stderr).unwrap();
    let said = format!(
        "windows      {} documents were split into {} of at most 32 tokens",
        counts["split"], counts["windows"]
    );
    assert!(stderr.contains(&said), "{stderr}");
    ok(bench.program().args(["verify", "said"]));
    // The largest weight of the corpus is known at the end, when only the weights are left.
    run("late", &["--normalize", "corpus"]);
    let late = self::manifest(&bench, "late");
    assert_eq!(late["counts"]["windows"], counts["windows"]);
}

#[test]
fn windows_that_hold_every_text_change_nothing() {
    let bench = Bench::new(60);
    ok(&mut bench.documents_with("cut", &[]));
    ok(&mut bench.documents_with("windows", &["--long", "windows"]));
    let part = |output: &str| {
        fs_err::read(bench.at(output).join("documents/part-00001.jsonl.gz")).unwrap()
    };
    assert!(part("cut") == part("windows"));
    let cut = manifest(&bench, "cut");
    assert_eq!(cut["encoding"]["long"], Value::Null);
    assert_eq!(cut["counts"]["windows"], Value::Null);
}

#[test]
fn the_length_that_the_folder_states_is_said() {
    let bench = Bench::new(9);
    let stated = bench.at("model").join("sentence_bert_config.json");
    fs_err::write(stated, r#"{"max_seq_length": 20}"#).unwrap();
    let said = |output: &str, args: &[&str]| {
        let mut command = bench.program();
        command.args(["documents", "corpus.jsonl", "--output", output]);
        String::from_utf8(command.args(args).output().unwrap().stderr).unwrap()
    };
    let summary = said("default", &[]);
    assert!(
        summary.contains(" at 20 tokens, as sentence_bert_config.json says\n"),
        "{summary}"
    );
    let summary = said("windows", &["--long", "windows"]);
    assert!(
        summary.contains(" of at most 20 tokens, as sentence_bert_config.json says\n"),
        "{summary}"
    );
    let summary = said("other", &["--max-length", "30"]);
    assert!(summary.contains(" at 30 tokens\n"), "{summary}");
    let model = ok(bench.program().args(["model", "model"]));
    assert!(
        model.contains("20 tokens (as sentence_bert_config.json says), up to 64\n"),
        "{model}"
    );
}

#[test]
fn what_windows_cannot_do_is_refused() {
    let bench = Bench::new(3);
    let refused = |args: &[&str]| fails(2, &mut bench.documents_with("out", args));
    let error = refused(&["--long", "windows", "--aggregation", "sum"]);
    assert!(error.contains("--aggregation sum"), "{error}");
    let error = refused(&["--stride", "5"]);
    assert!(error.contains("add --long windows"), "{error}");
    for stride in ["0", "7"] {
        let args = ["--long", "windows", "--max-length", "8", "--stride", stride];
        let error = refused(&args);
        assert!(error.contains("it takes 1 to 6"), "{error}");
    }
    assert!(!bench.at("out").exists());
    let mut explain = bench.program();
    explain.args(["explain", "a b", "--query", "--long", "windows"]);
    let error = fails(2, &mut explain);
    assert!(error.contains("--long is for documents"), "{error}");
}

#[test]
fn an_explanation_tells_the_windows() {
    let text = words(100).join(" ");
    let run = |args: &[&str]| {
        let mut command = program();
        ok(command
            .args(["explain", &text, "--max-length", "32"])
            .args(args))
    };
    assert!(run(&[]).contains("they were cut off"));
    let whole = run(&["--long", "windows"]);
    assert!(whole.contains("\nwindows: 4\n"), "{whole}");
    let json = run(&["--long", "windows", "--json"]);
    let json: Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json["windows"], 4);
    assert_eq!(json["truncated"], false);
    assert_eq!(json["tokens"].as_array().unwrap().len(), 100);
}

#[test]
fn a_report_knows_the_words_of_all_windows() {
    let bench = Bench::new(0);
    bench.write("corpus.jsonl", long_corpus(9));
    let args = ["--long", "windows", "--max-length", "16", "--contents"];
    ok(&mut bench.documents_with("out", &args));
    let mut report = bench.program();
    ok(report.args(["report", "out", "--output", "report.html", "--quiet"]));
    let page = fs_err::read_to_string(bench.at("report.html")).unwrap();
    assert!(page.contains("over at most 16 tokens, in windows"));
}
