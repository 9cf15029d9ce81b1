//! Tests with Lucene itself, of three versions, and Anserini: their checks pass on our indexes, and nothing differs from
//! an index that Anserini made of the same collection.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::common::runs::Bench;
use crate::common::synthetic::Synthetic;
use crate::common::{fails, ok, program, root, script, shared, tool};

fn variable(name: &str) -> PathBuf {
    let value = std::env::var_os(name);
    value
        .unwrap_or_else(|| panic!("{name} is not set: run scripts/test.sh, or scripts/setup.sh old-anserini newest-anserini and eval \"$(scripts/setup.sh --print-env)\""))
        .into()
}

/// Returns the jar of Anserini 1.7.1, which the scripts use.
fn usual_jar() -> PathBuf {
    variable("ANSERINI_JAR")
}

/// Returns the jar of Anserini 2.3.0, which has Lucene 10.5.
fn newest_jar() -> PathBuf {
    variable("ANSERINI_NEWEST_JAR")
}

fn java(jar: &Path) -> Command {
    let mut command = Command::new(variable("JAVA_HOME").join("bin/java"));
    command
        .args(["-ea:org.apache.lucene...", "-Xmx2g", "-cp"])
        .arg(jar);
    command
}

/// Runs Lucene's own check, with assertions on, by an old version, the usual one and the newest.
fn check(index: &Path) {
    check_with(&variable("ANSERINI_OLD_JAR"), index);
    check_with(&usual_jar(), index);
    check_with(&newest_jar(), index);
}

fn check_with(jar: &Path, index: &Path) {
    let report = ok(java(jar)
        .arg("org.apache.lucene.index.CheckIndex")
        .arg(index)
        .arg("-slow"));
    assert!(
        report.contains("No problems were detected with this index."),
        "{report}"
    );
}

fn lucene(arguments: &[&Path]) {
    lucene_with(&usual_jar(), arguments);
}

fn lucene_with(jar: &Path, arguments: &[&Path]) {
    let mut command = Command::new(variable("SPLADE_EXPORT_PYTHON"));
    command.env("ANSERINI_JAR", jar);
    command.arg("-B").arg(root().join("tests/lucene/lucene.py"));
    ok(command.args(arguments));
}

fn index(inputs: &[&Path], output: &Path, options: &[&str]) {
    ok(tool()
        .arg("index")
        .args(inputs)
        .arg("--output")
        .arg(output)
        .args(options));
}

/// Documents by docid, with their terms in order.
type Documents = Vec<(String, BTreeMap<String, u32>)>;

fn write(documents: &Documents, path: &Path) {
    let mut text = String::new();
    for (docid, vector) in documents {
        let docid = serde_json::Value::from(docid.as_str());
        let vector = serde_json::to_string(vector).unwrap();
        writeln!(
            text,
            r#"{{"id": {docid}, "contents": "", "vector": {vector}}}"#
        )
        .unwrap();
    }
    fs_err::write(path, text).unwrap();
}

fn anserini_index(collection: &Path, output: &Path, options: &[&str]) {
    ok(script("build_index.sh")
        .arg(collection)
        .arg(output)
        .args(["--threads", "1", "--optimize"])
        .args(options));
}

/// Checks that both searchers write the same run files on both indexes, byte for byte.
fn same_runs(ours: &Path, theirs: &Path, topics: &Path, dir: &Path) {
    // The judgment does not matter: only the run files are compared.
    let qrels = dir.join("qrels.tsv");
    fs_err::write(&qrels, "query-id\tcorpus-id\tscore\n1\t1\t1\n").unwrap();
    for searcher in ["anserini", "pyserini"] {
        let run = |index: &Path| {
            let run = dir.join("run");
            ok(script("evaluate.sh")
                .arg("--index")
                .arg(index)
                .arg("--topics")
                .arg(topics)
                .arg("--qrels")
                .arg(&qrels)
                .arg("--run")
                .arg(&run)
                .args(["--searcher", searcher, "--hits", "1000", "--overwrite"]));
            fs_err::read(run).unwrap()
        };
        let (ours, theirs) = (run(ours), run(theirs));
        assert!(ours.len() > 10_000, "{searcher} found nothing");
        assert!(ours == theirs, "{searcher}: the run files differ");
    }
}

/// Checks that the searchers of the usual and of the newest Anserini rank both indexes in the same way.
fn same_rankings(ours: &Path, theirs: &Path, topics: &Path, dir: &Path) {
    let rank = |jar: &Path, index: &Path| {
        let run = dir.join("ranking");
        lucene_with(jar, &[Path::new("rank"), index, topics, &run]);
        fs_err::read(run).unwrap()
    };
    let expected = rank(&usual_jar(), theirs);
    assert!(expected.len() > 10_000, "nothing was found");
    for (jar, index) in [
        (usual_jar(), ours),
        (newest_jar(), ours),
        (newest_jar(), theirs),
    ] {
        assert!(
            rank(&jar, index) == expected,
            "{} on {}",
            jar.display(),
            index.display()
        );
    }
}

/// Returns documents with document frequencies at the borders of blocks and levels of skip data, impacts at both ends,
/// and any Unicode.
fn borders() -> Documents {
    let mut terms: Vec<(String, usize)> = [
        1, 2, 127, 128, 129, 255, 256, 257, 1023, 1024, 1025, 8191, 8192, 8193, 8300,
    ]
    .iter()
    .map(|&df| (format!("df{df}"), df))
    .collect();
    let odd = [
        "\u{1}",
        "\u{7f}",
        "é",
        "e\u{301}",
        "ß",
        "漢字",
        "한국어",
        "עברית",
        "\u{200b}",
        "\u{feff}",
        "\u{ffff}",
        "\u{10000}",
        "\u{10ffff}",
        "🦀",
        "🦀🦀",
        "\"",
        "\\",
        "a b",
        "\t",
        "",
        "[id:3]",
        "##ing",
        "▁casa",
    ];
    terms.extend(odd.iter().map(|term| ((*term).to_owned(), 3)));
    // Terms that are prefixes of others, deeper than a block; terms of the greatest length.
    terms.extend((1..200).map(|n| ("p".repeat(n), n)));
    terms.extend((0..120).map(|n| (format!("long{}{n:03}", "x".repeat(300)), 2)));
    terms.extend((0..3).map(|n| (format!("{}{n}", "y".repeat(32_765)), 2)));
    let documents = (0..8300_usize).map(|doc| {
        let has = terms
            .iter()
            .filter(|(_, df)| doc % (8300 / df) == 0 && doc / (8300 / df) < *df);
        let mut vector: BTreeMap<String, u32> = has
            .enumerate()
            .map(|(i, (term, _))| {
                let impact = match (doc + i) % 50 {
                    0 => 1 << 24,
                    1 => 1 << 20,
                    rest => 1 + u32::try_from(rest * 37 + i).unwrap() % 300,
                };
                (term.clone(), impact)
            })
            .collect();
        // Every other document has impacts of 2^31 - 1 in all, which is Lucene's limit.
        let sum: u32 = vector.values().sum();
        vector.insert(
            "all".to_owned(),
            if doc % 2 == 0 { 1 } else { 0x7fff_ffff - sum },
        );
        // Docids of many lengths, one of the greatest.
        let docid = match doc {
            0 => "i".repeat(32_766),
            doc => format!("{}-{doc}", "é".repeat(doc % 17)),
        };
        (docid, vector)
    });
    let largest = BTreeMap::from([("all".to_owned(), 0x7fff_ffff)]);
    documents.chain([("largest".to_owned(), largest)]).collect()
}

#[test]
fn lucene_accepts_border_cases_many_segments_and_joined_indexes() {
    let dir = tempfile::tempdir().unwrap();
    let at = |name: &str| dir.path().join(name);
    let one = |docid: &str, terms: &[(&str, u32)]| -> Documents {
        let vector = terms
            .iter()
            .map(|(term, impact)| ((*term).to_owned(), *impact));
        vec![(docid.to_owned(), vector.collect())]
    };
    let borders = borders();
    for df in [1, 127, 128, 129, 1023, 1024, 1025, 8191, 8192, 8193] {
        let term = format!("df{df}");
        assert_eq!(
            borders
                .iter()
                .filter(|(_, vector)| vector.contains_key(&term))
                .count(),
            df
        );
    }
    let same_term =
        (0..5000).map(|n| (n.to_string(), BTreeMap::from([("t".to_owned(), 1 + n % 3)])));
    for (name, documents) in [
        ("one", one("d", &[("a", 1), ("b", 0x7fff_fff7), ("c", 7)])),
        ("one-term-one-document", one("e", &[("t", 1)])),
        ("one-term", same_term.collect()),
        ("borders", borders),
    ] {
        write(&documents, &at(&format!("{name}.jsonl")));
        index(&[&at(&format!("{name}.jsonl"))], &at(name), &[]);
        check(&at(name));
    }

    // Many documents, small segments; then joined, and merged into one.
    let mut text = Vec::new();
    Synthetic::default().write(0..9000, &mut text).unwrap();
    fs_err::write(at("synthetic.jsonl"), text).unwrap();
    index(
        &[&at("synthetic.jsonl")],
        &at("segments"),
        &["--segment-memory", "3"],
    );
    assert!(at("segments/_4.si").exists());
    check(&at("segments"));
    let all = [&*at("borders"), &at("segments"), &at("one")];
    index(&all, &at("joined"), &["--merge"]);
    check(&at("joined"));
    index(&all, &at("merged"), &["--merge", "--force-merge"]);
    assert!(!at("merged/_1.si").exists());
    check(&at("merged"));
    // What Lucene reads is the same in both.
    lucene(&[Path::new("same"), &at("joined"), &at("merged"), &at("work")]);

    // A collection whose documents have no terms: an index without documents.
    fs_err::write(at("empty.jsonl"), "{\"id\": 1, \"vector\": {}}\n").unwrap();
    index(&[&at("empty.jsonl")], &at("empty"), &[]);
    check(&at("empty"));

    // Lucene goes on with them as with its own.
    for name in ["borders", "joined"] {
        lucene(&[Path::new("change"), &at(name)]);
        // What a newer Lucene has merged, an older one does not read.
        check_with(&usual_jar(), &at(name));
        // What is no longer ours is not joined by hand: the message says so.
        let error = fails(
            1,
            tool()
                .args(["index", "--merge"])
                .arg(at(name))
                .arg("--output")
                .arg(at("x")),
        );
        assert!(
            error.contains("not an index as splade-export writes it"),
            "{error}"
        );
        assert!(!at("x").exists());
    }
}

/// The newest Lucene goes on with an index as with its own, too.
#[test]
fn the_newest_lucene_changes_an_index() {
    let dir = tempfile::tempdir().unwrap();
    let at = |name: &str| dir.path().join(name);
    let mut text = Vec::new();
    Synthetic::default().write(0..9000, &mut text).unwrap();
    fs_err::write(at("input.jsonl"), text).unwrap();
    index(
        &[&at("input.jsonl")],
        &at("index"),
        &["--segment-memory", "3"],
    );
    lucene_with(&newest_jar(), &[Path::new("change"), &at("index")]);
    check_with(&newest_jar(), &at("index"));
}

/// What an index was made of stands where Lucene keeps such things.
#[test]
fn lucene_keeps_what_an_index_was_made_of() {
    let bench = Bench::new(60);
    for (name, jar) in [("usual", usual_jar()), ("newest", newest_jar())] {
        ok(&mut bench.index_with(name, &[]));
        check(&bench.at(name));
        lucene_with(&jar, &[Path::new("origin"), &bench.at(name)]);
    }
}

/// The sum of a document's impacts that we accept is the one that Lucene accepts.
#[test]
fn lucene_has_the_same_limit_for_the_impacts_of_a_document() {
    for jar in [usual_jar(), newest_jar()] {
        let dir = tempfile::tempdir().unwrap();
        lucene_with(&jar, &[Path::new("limit"), dir.path()]);
    }
}

#[test]
fn a_synthetic_index_is_what_anserini_makes() {
    let dir = tempfile::tempdir().unwrap();
    let at = |name: &str| dir.path().join(name);
    // Anserini repeats each term as often as its impact says: smaller ones keep it from taking minutes.
    let synthetic = Synthetic {
        largest: 30,
        ..Synthetic::default()
    };
    // In one file for Anserini, whose order of files is that of the file system; in two for us.
    let (collection, halves) = (at("collection"), at("halves"));
    let mut text = Vec::new();
    for (name, numbers) in [("a.jsonl", 0..50_000), ("b.jsonl", 50_000..100_000)] {
        let start = text.len();
        synthetic.write(numbers, &mut text).unwrap();
        fs_err::create_dir_all(&halves).unwrap();
        fs_err::write(halves.join(name), &text[start..]).unwrap();
    }
    fs_err::create_dir(&collection).unwrap();
    fs_err::write(collection.join("all.jsonl"), text).unwrap();
    let mut topics = Vec::new();
    synthetic.write_topics(50, &mut topics).unwrap();
    fs_err::write(at("topics.tsv"), topics).unwrap();

    index(&[&halves], &at("ours"), &[]);
    check(&at("ours"));
    anserini_index(&collection, &at("theirs"), &[]);
    lucene(&[Path::new("same"), &at("ours"), &at("theirs"), &at("work")]);
    same_runs(&at("ours"), &at("theirs"), &at("topics.tsv"), dir.path());
    same_rankings(&at("ours"), &at("theirs"), &at("topics.tsv"), dir.path());
    // The merged index is no larger than theirs.
    let size = |name: &str| -> u64 {
        fs_err::read_dir(at(name))
            .unwrap()
            .map(|entry| entry.unwrap().metadata().unwrap().len())
            .sum()
    };
    index(&[&halves], &at("merged"), &["--force-merge"]);
    check_with(&usual_jar(), &at("merged"));
    let (ours, merged, theirs) = (size("ours"), size("merged"), size("theirs"));
    println!("bytes: {ours} in segments, {merged} in one, {theirs} of Anserini");
    assert!(merged <= theirs, "{merged} {theirs}");
}

#[test]
fn scifact_is_what_anserini_makes() {
    let Some(scifact) = shared("data/scifact") else {
        return;
    };
    let dir = tempfile::tempdir().unwrap();
    let at = |name: &str| dir.path().join(name);
    let options = ["--max-length", "256", "--step", "0.01", "--min-impact", "0"];
    ok(program()
        .arg("documents")
        .args(options)
        .args(["--contents", "--store-raw", "--output"])
        .arg(at("collection"))
        .arg("--index")
        .arg(at("ours"))
        .arg(&scifact));
    ok(program()
        .arg("topics")
        .args(options)
        .arg("--output")
        .arg(at("topics.tsv"))
        .arg(&scifact));
    check(&at("ours"));
    // One file, as Anserini takes several in the order of the file system. With the texts stored, so that they are compared too.
    anserini_index(&at("collection"), &at("theirs"), &["--store-raw"]);
    lucene(&[Path::new("same"), &at("ours"), &at("theirs"), &at("work")]);
    same_runs(&at("ours"), &at("theirs"), &at("topics.tsv"), dir.path());
    same_rankings(&at("ours"), &at("theirs"), &at("topics.tsv"), dir.path());
}
