//! Shares of a corpus, joined; collections and indexes, verified.

use crate::common::runs::{Bench, corpus};
use crate::common::{fails, ok};

/// A corpus with bad records at the beginning, in the middle and at the end.
fn bad_corpus(documents: usize) -> String {
    let mut lines: Vec<String> = corpus(documents).lines().map(str::to_owned).collect();
    lines.insert(documents / 2, "[1]".to_owned());
    lines.insert(20, "{\"id\": \"d5\", \"text\": \"again\"}".to_owned());
    lines.insert(0, "{".to_owned());
    lines.push("the end".to_owned());
    lines.push("really".to_owned());
    lines.join("\n")
}

const SKIP: [&str; 2] = ["--on-error", "skip"];

fn share(bench: &Bench, parts: &str, output: &str, args: &[&str]) {
    let index = format!("{output}-index");
    let more = ["--parts", parts, "--index", &index];
    ok(&mut bench.documents_with(output, &[&SKIP, &more[..], args].concat()));
}

#[test]
fn shares_joined_are_the_bytes_of_one_run() {
    // The last part full, and not.
    for documents in [95, 100] {
        let bench = Bench::new(0);
        bench.write("corpus.jsonl", bad_corpus(documents));
        ok(&mut bench.documents_with("whole", &[&SKIP[..], &["--index", "whole-index"]].concat()));
        for shares in [
            &["1/2", "2/2"][..],
            &["1/3", "2/3", "3/3"],
            &[
                "1/9", "2/9", "3/9", "4/9", "5/9", "6/9", "7/9", "8/9", "9/9",
            ],
            &["0-1", "2-2", "3-9"],
            &["1/1"],
        ] {
            let mut join = bench.program();
            join.args([
                "join",
                "--quiet",
                "--output",
                "joined",
                "--index",
                "joined-index",
            ]);
            let mut rejected = 0;
            let mut indexes = vec!["--indexes".to_owned()];
            for (i, parts) in shares.iter().enumerate().rev() {
                let output = format!("share-{i}");
                share(&bench, parts, &output, &[]);
                ok(bench
                    .program()
                    .args(["verify", &output, "--index"])
                    .arg(format!("{output}-index")));
                let manifest = fs_err::read(bench.at(&output).join("manifest.json")).unwrap();
                let manifest: serde_json::Value = serde_json::from_slice(&manifest).unwrap();
                rejected += manifest["accounting"]["rejected"].as_u64().unwrap();
                join.arg(&output);
                indexes.push(format!("{output}-index"));
            }
            assert_eq!(rejected, 5, "{shares:?}: each record is one share's");
            ok(join.args(indexes));
            assert!(
                bench.files("joined") == bench.files("whole"),
                "{documents} {shares:?}"
            );
            assert!(
                bench.files("joined-index") == bench.files("whole-index"),
                "{documents} {shares:?}"
            );
            for entry in fs_err::read_dir(bench.dir.path()).unwrap() {
                let path = entry.unwrap().path();
                let name = path.file_name().unwrap().to_string_lossy().into_owned();
                if name.starts_with("share-") || name.starts_with("joined") {
                    fs_err::remove_dir_all(path).unwrap();
                }
            }
        }
    }
}

#[test]
fn what_does_not_fit_is_not_joined() {
    let bench = Bench::new(100);
    share(&bench, "1/2", "a", &[]);
    share(&bench, "2/2", "b", &[]);
    let refused = |shares: &[&str]| {
        let error = fails(
            1,
            bench
                .program()
                .args(["join", "--output", "joined"])
                .args(shares),
        );
        assert!(!bench.at("joined").exists());
        error
    };
    assert!(refused(&["a"]).contains("2 of 5 parts are missing, the first is part 1"));
    assert!(refused(&["a", "a", "b"]).contains("part 0 is there twice"));
    share(&bench, "2/2", "other", &["--top-k", "3"]);
    assert!(refused(&["a", "other"]).contains("--top-k was not set"));
    ok(&mut bench.documents("whole"));
    assert!(refused(&["whole"]).contains("not a shard"));
    assert!(refused(&["nowhere"]).contains("nowhere"));
    for (name, parts) in [("first", "0-1"), ("rest", "2-3")] {
        share(&bench, parts, name, &[]);
    }
    assert!(refused(&["first", "rest"]).contains("the last parts are missing"));

    // The same names and sizes, but not the same text.
    bench.write("corpus.jsonl", corpus(100).replacen("\"d3\"", "\"x3\"", 1));
    share(&bench, "2/2", "changed", &[]);
    assert!(refused(&["a", "changed"]).contains("made of other input"));
    share(&bench, "2-9", "changed-range", &[]);
    assert!(refused(&["first", "changed-range"]).contains("made of other input"));

    bench.damage("b/documents/part-00001.jsonl.gz");
    let error = fails(
        1,
        bench
            .program()
            .args(["join", "--output", "joined", "a", "b"]),
    );
    assert!(
        error.contains("part-00001.jsonl.gz: it is damaged"),
        "{error}"
    );
    // What was copied before is kept; with the share made again it goes on.
    bench.write("corpus.jsonl", corpus(100));
    ok(bench
        .documents_with("b", &[&SKIP[..], &["--parts", "2/2"]].concat())
        .arg("--resume")
        .args(["--index", "b-index"]));
    ok(bench
        .program()
        .args(["join", "--output", "joined", "a", "b", "--resume"]));
    assert!(bench.files("joined") == bench.files("whole"));
    ok(bench
        .program()
        .args(["join", "--output", "joined", "a", "b", "--resume"]));
}

#[test]
fn parts_are_asked_for_in_a_way_that_can_be_done() {
    let bench = Bench::new(10);
    for parts in ["0/3", "4/3", "x", "5-3"] {
        let error = fails(2, &mut bench.documents_with("o", &["--parts", parts]));
        assert!(error.contains("3/16"), "{error}");
    }
    let args = ["--parts", "1/2", "--normalize", "corpus"];
    assert!(fails(2, &mut bench.documents_with("o", &args)).contains("needs the whole corpus"));
    let args = ["--parts", "1/2", "--index", "i", "--force-merge"];
    assert!(fails(2, &mut bench.documents_with("o", &args)).contains("splade-export join"));
    assert!(fails(2, &mut bench.index_with("i", &["--parts", "1/2"])).contains("--output"));
    assert!(fails(2, &mut bench.index_with("i", &SKIP)).contains("rejected.jsonl"));
    assert!(
        fails(2, &mut bench.documents_with("o", &["--max-errors", "3"]))
            .contains("--on-error skip")
    );
}

#[test]
fn every_record_is_accounted_for() {
    let bench = Bench::new(0);
    bench.write("corpus.jsonl", bad_corpus(50));
    let error = fails(1, &mut bench.documents("out"));
    assert!(error.contains("corpus.jsonl:1: not valid JSON"), "{error}");
    ok(&mut bench.documents_with("out", &SKIP));
    let manifest = fs_err::read(bench.at("out/manifest.json")).unwrap();
    let manifest: serde_json::Value = serde_json::from_slice(&manifest).unwrap();
    let accounting = &manifest["accounting"];
    assert_eq!(accounting["read"], 55);
    assert_eq!(accounting["written"], 50);
    assert_eq!(accounting["rejected"], 5);
    let rejected = fs_err::read_to_string(bench.at("out/rejected.jsonl")).unwrap();
    let rejected: Vec<serde_json::Value> = rejected
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(rejected[0]["line"], 1);
    assert_eq!(rejected[0]["file"], "corpus.jsonl");
    assert_eq!(rejected[1]["line"], 22);
    assert_eq!(rejected[1]["text"], "{\"id\": \"d5\", \"text\": \"again\"}");
    assert!(
        rejected[1]["reason"]
            .as_str()
            .unwrap()
            .contains("read before")
    );
    assert_eq!(rejected[4]["record"], 55);

    let limit = |most: &'static str| [&SKIP[..], &["--max-errors", most]].concat();
    let error = fails(1, &mut bench.documents_with("limited", &limit("4")));
    assert!(
        error.contains("corpus.jsonl:55") && error.contains("more than 4 records"),
        "{error}"
    );
    // More may be allowed later, and the run goes on.
    ok(bench.documents_with("limited", &limit("5")).arg("--resume"));
    assert!(bench.files("limited") == bench.files("out"));
}

#[test]
fn verify_finds_what_is_wrong() {
    let bench = Bench::new(60);
    ok(&mut bench.documents_with("out", &["--compress", "none", "--index", "out/index"]));
    let verify = |bench: &Bench| {
        let output = bench.program().args(["verify", "out"]).output().unwrap();
        let text =
            String::from_utf8(output.stdout).unwrap() + &String::from_utf8(output.stderr).unwrap();
        (output.status.code().unwrap(), text)
    };
    let (code, text) = verify(&bench);
    assert_eq!(code, 0, "{text}");
    assert!(
        text.contains("60 documents in 3 parts") && text.contains("index of"),
        "{text}"
    );
    ok(bench.program().args(["verify", "out/index"]));

    let part = "out/documents/part-00001.jsonl";
    let whole = fs_err::read_to_string(bench.at(part)).unwrap();
    let manifest = fs_err::read_to_string(bench.at("out/manifest.json")).unwrap();
    let cases = [
        (whole.replacen("\": 2,", "\": 0,", 1), "outside 1 to"),
        (whole.replacen("\"d21\"", "\"d0\"", 1), "used twice"),
        (
            whole.replacen("{\"id\"", "{\"ix\"", 1),
            "missing field `id`",
        ),
        (
            whole.lines().skip(1).map(|l| l.to_owned() + "\n").collect(),
            "bytes, where",
        ),
        (String::new(), "it has 0 bytes"),
    ];
    for (changed, expected) in cases {
        assert!(changed != whole, "{expected}");
        bench.write(part, &changed);
        let (code, text) = verify(&bench);
        assert_eq!(code, 1, "{text}");
        assert!(
            text.contains("part-00001.jsonl: ") && text.contains(expected),
            "{text}"
        );
    }
    fs_err::remove_file(bench.at(part)).unwrap();
    assert!(verify(&bench).1.contains("part-00001.jsonl: "));
    bench.write(part, &whole);

    for (from, to, expected) in [
        ("\"read\": 60", "\"read\": 61", "61 records were read"),
        ("\"postings\": ", "\"postings\": 1", "not the sums"),
        ("part-00002", "part-00003", "comes next"),
        (
            "\"format_version\": 1",
            "\"format_version\": 9",
            "format version 9",
        ),
    ] {
        bench.write("out/manifest.json", manifest.replacen(from, to, 1));
        let (code, text) = verify(&bench);
        assert_eq!(code, 1, "{text}");
        assert!(text.contains(expected), "{text}");
    }
    bench.write("out/manifest.json", &manifest);
    bench.write("out/documents/extra.jsonl", "{}");
    assert!(
        verify(&bench)
            .1
            .contains("extra.jsonl: it is not in the manifest")
    );
    fs_err::remove_file(bench.at("out/documents/extra.jsonl")).unwrap();

    let file = bench
        .files("out/index")
        .into_iter()
        .map(|(name, _)| name)
        .find(|name| name.ends_with(".doc"))
        .unwrap();
    let file = format!("out/index/{file}");
    bench.damage(&file);
    let (code, text) = verify(&bench);
    assert_eq!(code, 1, "{text}");
    assert!(text.contains(".doc"), "{text}");
    bench.damage(&file);
    ok(bench.program().args(["verify", "out"]));

    // An index of another collection.
    ok(&mut bench.documents_with("other", &["--top-k", "2", "--index", "other-index"]));
    let error = fails(
        1,
        bench
            .program()
            .args(["verify", "out", "--index", "other-index"]),
    );
    assert!(error.contains("the collection"), "{error}");
    let error = fails(1, bench.program().args(["verify", "nowhere"]));
    assert!(error.contains("nowhere"), "{error}");
}
