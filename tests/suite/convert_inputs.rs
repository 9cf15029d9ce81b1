//! What `convert` reads: collections of other tools, several at once, and wrong ones.

use serde_json::Value;

use super::convert::{bench, convert, lines};
use crate::common::runs::{Bench, corpus};
use crate::common::{fails, ok};

#[test]
fn other_peoples_collections_are_read() {
    let bench = Bench::new(0);
    let folder = bench.at("theirs");
    fs_err::create_dir(&folder).unwrap();
    let first =
        "{\"id\": \"a\", \"contents\": \"x\", \"vector\": {\"wing\": 2.0, \"plane\": 0.26}}\n";
    fs_err::write(folder.join("1.json"), first).unwrap();
    fs_err::write(
        folder.join("2.jsonl"),
        "{\"id\": 7, \"vector\": {\"plane\": 1, \"air\": 0.5}}\n",
    )
    .unwrap();
    let plain = ["--compress", "none"];
    ok(&mut convert(&bench, &["theirs"], "out", &plain));
    let found = lines(&bench, "out");
    assert_eq!(
        found[0],
        serde_json::json!({"id": "a", "contents": "x", "vector": {"wing": 20, "plane": 3}})
    );
    assert_eq!(
        found[1]["vector"],
        serde_json::json!({"plane": 10, "air": 5})
    );
    ok(bench.program().args(["verify", "out"]));

    // Without a model, terms are numbered by their bytes.
    ok(&mut convert(
        &bench,
        &["theirs"],
        "points",
        &["--format", "qdrant", "--compress", "none"],
    ));
    let points = lines(&bench, "points/qdrant");
    assert_eq!(
        points[0]["vector"]["splade"],
        serde_json::json!({"indices": [1, 2], "values": [3.0, 20.0]})
    );

    // Whole numbers are impacts, which stay as they are.
    let whole = bench.write(
        "whole.jsonl",
        "{\"id\": \"a\", \"vector\": {\"t\": 300, \"u\": 1}}\n",
    );
    ok(&mut convert(
        &bench,
        &[whole.to_str().unwrap()],
        "whole",
        &plain,
    ));
    assert_eq!(
        lines(&bench, "whole")[0]["vector"],
        serde_json::json!({"t": 300, "u": 1})
    );
    let error = fails(
        1,
        &mut convert(&bench, &["whole.jsonl"], "ciff", &["--format", "ciff"]),
    );
    assert!(error.contains("--max-impact 255"), "{error}");
    assert!(!bench.at("ciff").exists());
    let rescaled = [
        "--format",
        "ciff,json-vectors",
        "--max-impact",
        "255",
        "--compress",
        "none",
    ];
    ok(&mut convert(&bench, &["whole.jsonl"], "ciff", &rescaled));
    assert_eq!(
        lines(&bench, "ciff")[0]["vector"],
        serde_json::json!({"t": 255, "u": 1})
    );

    for (content, expected) in [
        (
            "{\"id\": \"a\", \"vector\": {\"t\": 0.0}}\n",
            "not a positive number",
        ),
        (
            "{\"id\": \"a\", \"vector\": {\"t\": 1, \"t\": 2}}\n",
            "twice",
        ),
        (
            "{\"id\": \"a\", \"vector\": {}}\n{\"id\": \"a\", \"vector\": {}}\n",
            "the docid \"a\" is used twice",
        ),
        ("[1]\n", "bad.jsonl"),
    ] {
        bench.write("bad.jsonl", content);
        let error = fails(1, &mut convert(&bench, &["bad.jsonl"], "bad", &[]));
        assert!(
            error.contains(expected) && error.contains("bad.jsonl"),
            "{error}"
        );
        assert!(!bench.at("bad").exists());
    }
}

#[test]
fn several_collections_become_one() {
    let bench = bench(30);
    bench.write(
        "corpus.jsonl",
        corpus(70)
            .split_inclusive('\n')
            .skip(30)
            .collect::<String>(),
    );
    ok(&mut bench.documents_with("more", &["--step", "none"]));
    let args = ["--compress", "none", "--max-impact", "100"];
    ok(&mut convert(&bench, &["weights", "more"], "both", &args));
    let found = lines(&bench, "both");
    assert_eq!(found.len(), 70);
    let largest = found
        .iter()
        .flat_map(|d| d["vector"].as_object().unwrap().values());
    assert_eq!(largest.filter_map(Value::as_u64).max(), Some(100));
    ok(bench.program().args(["verify", "both"]));

    let error = fails(1, &mut convert(&bench, &["weights", "weights"], "x", &[]));
    assert!(error.contains("is used twice"), "{error}");
    ok(&mut bench.documents_with("impacts", &[]));
    let error = fails(2, &mut convert(&bench, &["weights", "impacts"], "x", &[]));
    assert!(error.contains("not of one kind"), "{error}");
    bench.write("theirs.jsonl", "{\"id\": \"a\", \"vector\": {}}\n");
    let error = fails(
        2,
        &mut convert(&bench, &["weights", "theirs.jsonl"], "x", &[]),
    );
    assert!(error.contains("has none"), "{error}");
}

#[test]
fn wrong_use_is_told_and_leaves_nothing() {
    let bench = bench(30);
    ok(&mut convert(
        &bench,
        &["weights"],
        "taken",
        &["--format", "json-vectors,seismic"],
    ));
    let taken = bench.files("taken");
    for (code, collection, output, args, expected) in [
        (
            2,
            "weights",
            "x",
            &["--format", "xml"][..],
            "\"xml\" is no --format; take one of json-vectors",
        ),
        (
            2,
            "weights",
            "x",
            &["--format", "ciff,npz,ciff"],
            "names ciff twice",
        ),
        (
            2,
            "weights",
            "x",
            &["--format", "elasticsearch,opensearch"],
            "the same files",
        ),
        (
            2,
            "weights",
            "x",
            &["--format", "ciff", "--step", "none"],
            "ciff takes impacts",
        ),
        (
            2,
            "weights",
            "x",
            &["--max-impact", "9", "--step", "1"],
            "cannot be used with",
        ),
        (
            2,
            "weights",
            "x",
            &["--keep-mass", "0"],
            "over 0 and at most 1",
        ),
        (2, "weights", "x", &["--index", "x"], "a folder each"),
        (1, "weights", "taken", &[], "exists already"),
        (
            1,
            "weights",
            "taken",
            &["--format", "seismic"],
            "exists already",
        ),
        (
            1,
            "weights",
            "taken",
            &["--resume", "--top-k", "3"],
            "--top-k was not set in the first run and is 3 now",
        ),
        (2, "taken/seismic", "x", &[], "is in the format seismic"),
        (1, "missing", "x", &[], "missing"),
    ] {
        let error = fails(code, &mut convert(&bench, &[collection], output, args));
        assert!(error.contains(expected), "{args:?}: {error}");
        assert!(!bench.at("x").exists());
    }
    assert!(bench.files("taken") == taken);
    ok(&mut convert(
        &bench,
        &["weights"],
        "pruned",
        &["--top-k", "9", "--step", "none"],
    ));
    let error = fails(
        2,
        &mut convert(&bench, &["pruned"], "x", &["--keep-mass", "0.5"]),
    );
    assert!(error.contains("was pruned already"), "{error}");
    let error = fails(
        2,
        &mut bench.documents_with("x", &["--format", "json-vectors,ciff", "--parts", "1/2"]),
    );
    assert!(error.contains("ciff cannot be joined"), "{error}");
}
