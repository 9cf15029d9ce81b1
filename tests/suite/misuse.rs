//! What a user does by mistake, and what is said then.

use crate::common::fails;
use crate::common::ok;
use crate::common::runs::Bench;

#[test]
fn mistakes_are_told_with_their_cause_once_and_change_nothing() {
    let bench = Bench::new(40);
    ok(&mut bench.documents_with("out", &["--index", "ix"]));
    fs_err::create_dir(bench.at("folder")).unwrap();
    bench.write("empty.jsonl", "");
    let before = bench.files(".");
    for (arguments, code, expected) in [
        (
            &["index", "ix", "--output", "x"][..],
            1,
            "ix: this is a Lucene index, and impacts are read from a collection; name the collection",
        ),
        (
            &["convert", "ix", "--output", "x"],
            1,
            "ix: this is a Lucene index",
        ),
        (
            &["convert", "out", "--output", "x", "--model", "model"],
            2,
            "--model gives terms their token ids, and none of these formats has any; leave it out",
        ),
        (
            &["report", "ix", "--output", "x"],
            1,
            "ix: this is a Lucene index",
        ),
        (
            &["index", "--merge", "ix", "./ix", "--output", "x"],
            1,
            "./ix is named twice: name each index once",
        ),
        (
            &["index", "--merge", "out", "--output", "x"],
            1,
            "out holds no Lucene index",
        ),
        (
            &["documents", "corpus.jsonl", "--output", "x", "--index", "x"],
            2,
            "--output and --index need a folder each",
        ),
        (
            &[
                "documents",
                "corpus.jsonl",
                "--output",
                "x",
                "--index",
                "x/documents/y",
            ],
            2,
            "--output and --index need a folder each",
        ),
        (
            &[
                "documents",
                "corpus.jsonl",
                "--output",
                "./x/y",
                "--index",
                "x",
            ],
            2,
            "--output and --index need a folder each",
        ),
        (
            &["documents", "folder", "--output", "x"],
            1,
            "folder: nothing to read: no corpus.jsonl",
        ),
        (
            &["documents", "empty.jsonl", "--output", "x"],
            1,
            "the input holds no documents",
        ),
        (
            &["topics", "corpus.jsonl", "--output", "x"],
            2,
            "say --format tsv, jsonl",
        ),
        (
            &[
                "topics",
                "corpus.jsonl",
                "--output",
                "x.tsv",
                "--qrels",
                "folder",
            ],
            1,
            "folder: this is a folder, not a file",
        ),
        (
            &["report", "out", "--output", "folder"],
            1,
            "folder: this is there already",
        ),
        (
            &["report", "out", "--output", "corpus.jsonl/x.html"],
            1,
            "corpus.jsonl",
        ),
        (
            &["explain", "a", "--query", "--query-weights", "folder"],
            1,
            "folder",
        ),
        (
            &["explain", "a", "--query", "--query-weights", "none.json"],
            1,
            "none.json",
        ),
        (
            &["explain", "a", "--model", "folder"],
            1,
            "folder: not a model folder",
        ),
        (
            &["explain", "a", "--onnxruntime", "folder"],
            1,
            "folder: no such file, named by --onnxruntime",
        ),
        (&["model", ""], 2, "a value is required for"),
        (
            &["verify", "out", "--index", "out"],
            1,
            "out holds no Lucene index",
        ),
        (
            &["join", "out", "--output", "x"],
            1,
            "out: this collection is not a shard",
        ),
    ] {
        let error = fails(code, bench.program().args(arguments));
        assert!(error.contains(expected), "{arguments:?}: {error}");
        let causes = error.matches("os error").count();
        assert!(
            causes <= 1 && !error.contains(".unfinished-"),
            "{arguments:?}: {error}"
        );
        let mut places = ["folder", "none.json"].iter();
        assert!(
            places.all(|place| error.matches(&format!("{place}:")).count() <= 1),
            "{error}"
        );
        assert!(bench.files(".") == before, "{arguments:?}");
        assert!(!bench.at("x").exists(), "{arguments:?}");
    }
}

#[test]
fn an_index_may_lie_beside_the_documents_and_a_report_in_a_new_folder() {
    let bench = Bench::new(40);
    ok(&mut bench.documents_with("out", &["--index", "out/index"]));
    ok(bench.program().args(["verify", "out"]));
    ok(bench.program().args([
        "report",
        "out",
        "--quiet",
        "--output",
        "new/folder/report.html",
    ]));
    assert!(bench.at("new/folder/report.html").is_file());
}
