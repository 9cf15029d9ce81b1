//! Tests the commands that write an index: what they refuse, and that the same input gives the same bytes.
//! The module `lucene` tests what Lucene and Anserini say of the indexes.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::Write as _;
use std::path::Path;
use std::process::Command;

use crate::common::{fails, fixtures, ok, program, tool};

/// Returns name and content of each file in a folder.
pub(crate) fn files(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut files = BTreeMap::new();
    for entry in fs_err::read_dir(folder).unwrap() {
        let entry = entry.unwrap();
        let name = entry.file_name().to_string_lossy().into_owned();
        files.insert(name, fs_err::read(entry.path()).unwrap());
    }
    files
}

pub(crate) fn is_empty_or_missing(folder: &Path) -> bool {
    !folder.exists() || files(folder).is_empty()
}

/// Returns lines of documents with terms of a small vocabulary; a docid is `prefix` and its number.
pub(crate) fn lines(prefix: &str, numbers: std::ops::Range<u32>) -> String {
    let mut text = String::new();
    for number in numbers {
        write!(
            text,
            r#"{{"id": "{prefix}{number}", "contents": "", "vector": {{"#
        )
        .unwrap();
        for i in 0..=number % 40 {
            let term = (number.wrapping_mul(2_654_435_761) >> 7).wrapping_add(i * 37) % 5000;
            let comma = if i == 0 { "" } else { ", " };
            write!(text, r#"{comma}"t{term}": {}"#, 1 + (number + i) % 300).unwrap();
        }
        text.push_str("}}\n");
    }
    text
}

pub(crate) fn index(input: &Path, output: &Path) -> Command {
    let mut command = tool();
    command.arg("index").arg(input).arg("--output").arg(output);
    command
}

#[test]
fn a_line_that_cannot_be_indexed_is_refused_with_its_place_and_nothing_is_left() {
    let long = "x".repeat(32_767);
    let good = r#"{"id": "a", "vector": {"t": 1}}"#;
    let line = |id: &str, term: &str, impact: &str| {
        format!(
            r#"{good}{}{{"id": "{id}", "vector": {{"{term}": {impact}}}}}"#,
            "\n"
        )
    };
    let cases: Vec<(String, &str)> = vec![
        (
            line("b", "t", "0"),
            "bad.jsonl:2: term \"t\" has the impact 0, outside 1 to 2147483647",
        ),
        (
            line("b", "t", "-1"),
            "bad.jsonl:2: term \"t\" has the impact -1",
        ),
        (
            line("b", "t", "2147483648"),
            "bad.jsonl:2: term \"t\" has the impact 2147483648",
        ),
        (
            line("b", "t", "1.5"),
            "bad.jsonl:2: term \"t\" has the weight 1.5, which is not a whole number",
        ),
        (line("b", &long, "1"), "bad.jsonl:2: a term of 32767 bytes"),
        (line(&long, "t", "1"), "bad.jsonl:2: a docid of 32767 bytes"),
        (
            line("b", "t", "2147483647, \"u\": 1"),
            "bad.jsonl:2: document \"b\" has impacts of 2147483648 in all, over Lucene's limit of 2147483647",
        ),
        (line("", "t", "1"), "bad.jsonl:2: the docid \"\" is empty"),
        (
            line("b\\nc", "t", "1"),
            "bad.jsonl:2: the docid \"b\\nc\" has a line break in it",
        ),
        (line("a", "u", "1"), "bad.jsonl:1 and at "),
        (
            line("b", "t", "1, \"t\": 2"),
            "bad.jsonl:2: document \"b\" has the term \"t\" twice",
        ),
        (
            format!("{good}\n{{\"id\": 1"),
            "bad.jsonl:2: not a document",
        ),
        (
            format!("{good}\n\n{{\"_id\": \"b\", \"text\": \"x\"}}"),
            "bad.jsonl:3: not a document",
        ),
        (format!("{good}\n[1]"), "bad.jsonl:2: not a document"),
    ];
    let dir = tempfile::tempdir().unwrap();
    let output = dir.path().join("index");
    let bad = dir.path().join("bad.jsonl");
    for (text, message) in cases {
        fs_err::write(&bad, text).unwrap();
        let error = fails(1, &mut index(&bad, &output));
        assert!(error.contains(message), "{error}");
        assert!(!output.exists(), "{message}");
    }
}

#[test]
fn what_cannot_be_read_is_refused_and_nothing_is_left() {
    let dir = tempfile::tempdir().unwrap();
    let output = dir.path().join("index");
    let bad = dir.path().join("bad.jsonl");
    fs_err::write(&bad, b"{\"id\": \"\xff\", \"vector\": {}}\n").unwrap();
    let error = fails(1, &mut index(&bad, &output));
    assert!(error.contains("bad.jsonl:1: not UTF-8 (byte 9"), "{error}");

    // A gzip file that ends early is refused.
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gzip.write_all(lines("d", 0..2000).as_bytes()).unwrap();
    let gzip = gzip.finish().unwrap();
    fs_err::write(&bad, &gzip[..gzip.len() / 2]).unwrap();
    let error = fails(1, &mut index(&bad, &output));
    assert!(
        error.contains("bad.jsonl:") && error.contains("damaged"),
        "{error}"
    );

    let error = fails(1, &mut index(&dir.path().join("none"), &output));
    assert!(
        error.contains("none") && error.contains("check the path"),
        "{error}"
    );
    let folder = dir.path().join("folder");
    fs_err::create_dir(&folder).unwrap();
    let error = fails(1, &mut index(&folder, &output));
    assert!(error.contains("no .jsonl"), "{error}");
    fs_err::write(folder.join("README.md"), "x").unwrap();
    let error = fails(1, &mut index(&folder, &output));
    assert!(
        error.contains("README.md") && error.contains("move it"),
        "{error}"
    );
    assert!(!output.exists());
}

#[test]
fn what_is_in_the_output_folder_is_never_touched() {
    let dir = tempfile::tempdir().unwrap();
    let output = dir.path().join("index");
    let input = dir.path().join("input.jsonl");
    let folder = dir.path().join("folder");
    fs_err::create_dir(&folder).unwrap();
    fs_err::write(folder.join("README.md"), "x").unwrap();
    fs_err::write(&input, r#"{"id": "a", "vector": {"t": 1}}"#).unwrap();
    let error = fails(1, &mut index(&input, &folder));
    assert!(error.contains("is not empty"), "{error}");
    assert_eq!(files(&folder).len(), 1);
    ok(&mut index(&input, &output));
    let error = fails(1, &mut index(&input, &input));
    assert!(error.contains("is a file"), "{error}");
    let before = files(&output);
    let error = fails(1, &mut index(&input, &output));
    assert!(error.contains("is not empty"), "{error}");
    assert!(before == files(&output));
}

#[test]
fn wrong_usage_is_refused() {
    let usage: [&[&str]; 5] = [
        &["index"],
        &["index", "x"],
        &["index", "x", "--output", "y", "--threads", "0"],
        &["index", "x", "--output", "y", "--segment-memory", "0"],
        &["index", "--merge", "x", "--output", "y", "--store-raw"],
    ];
    for arguments in usage {
        fails(2, tool().args(arguments));
    }
}

#[test]
fn documents_write_both_outputs_in_one_pass() {
    let dir = tempfile::tempdir().unwrap();
    let at = |name: &str| dir.path().join(name);
    let documents = |arguments: &[&str]| {
        let mut command = program();
        command.args(["documents", "--part-size", "40"]);
        command
            .args(arguments)
            .current_dir(dir.path())
            .arg(fixtures());
        command
    };
    for (name, quantization) in [
        ("plain", &["--step", "0.1"][..]),
        ("corpus", &["--step", "0.01", "--normalize", "corpus"][..]),
    ] {
        let run = |outputs: &[&str]| {
            ok(&mut documents(
                &[quantization, outputs, &["--force-merge", "--store-raw"]].concat(),
            ));
        };
        let (both, collection, alone) = (
            format!("{name}-both"),
            format!("{name}-collection"),
            format!("{name}-alone"),
        );
        run(&["--output", &collection, "--index", &both]);
        run(&["--index", &alone]);
        assert!(files(&at(&both)) == files(&at(&alone)));
        // The index of the collection is the same: nothing was lost on the way without JSON.
        let later = at(&format!("{name}-later"));
        ok(index(&at(&collection), &later).args(["--force-merge", "--store-raw"]));
        assert!(files(&at(&both)) == files(&later));
        assert!(!at(&collection).join(".unfinished").exists());
    }

    let error = fails(2, &mut documents(&[]));
    assert!(error.contains("--output"), "{error}");
    let error = fails(2, &mut documents(&["--index", "x", "--step", "none"]));
    assert!(error.contains("--step none"), "{error}");
    let error = fails(2, &mut documents(&["--output", "x", "--force-merge"]));
    assert!(error.contains("--index"), "{error}");
    let error = fails(2, &mut documents(&["--output", "x", "--index", "x"]));
    assert!(error.contains("a folder each"), "{error}");
    assert!(!at("x").exists());
    // If one of the two folders is taken, the other is not created.
    let error = fails(
        1,
        &mut documents(&["--output", "plain-collection", "--index", "x"]),
    );
    assert!(error.contains("exists already"), "{error}");
    let error = fails(
        1,
        &mut documents(&["--output", "x", "--index", "plain-both"]),
    );
    assert!(error.contains("is not empty"), "{error}");
    assert!(!at("x").exists());

    // Weights are refused, and so is a collection that lost a part.
    ok(&mut documents(&["--output", "weights", "--step", "none"]));
    let error = fails(1, &mut index(&at("weights"), &at("x")));
    assert!(error.contains("holds weights"), "{error}");
    fs_err::remove_file(at("plain-collection/documents/part-00001.jsonl.gz")).unwrap();
    let error = fails(1, &mut index(&at("plain-collection"), &at("x")));
    assert!(error.contains("its manifest says 107"), "{error}");
    fs_err::remove_file(at("plain-collection/manifest.json")).unwrap();
    let error = fails(1, &mut index(&at("plain-collection"), &at("x")));
    assert!(error.contains("is not finished"), "{error}");
    assert!(!at("x").exists());
}

#[test]
fn the_same_input_gives_the_same_bytes_whatever_the_threads() {
    let dir = tempfile::tempdir().unwrap();
    let input = dir.path().join("input");
    fs_err::create_dir(&input).unwrap();
    // A gzip file counts for four times its size: many files, and so several parts.
    for file in 0..6 {
        let text = lines(&format!("d{file}-"), 0..12_000);
        fs_err::write(input.join(format!("{file}.jsonl")), text).unwrap();
    }
    for options in [&["--segment-memory", "1"][..], &["--force-merge"], &[]] {
        let mut first = None;
        for threads in ["1", "2", "7"] {
            let output = dir.path().join(format!("t{threads}"));
            ok(index(&input, &output)
                .args(options)
                .args(["--threads", threads]));
            let files = files(&output);
            if options.is_empty() {
                assert!(files.contains_key("_0.si") && !files.contains_key("unfinished"));
            }
            assert!(*first.get_or_insert_with(|| files.clone()) == files);
            fs_err::remove_dir_all(output).unwrap();
        }
    }
}

#[test]
fn indexes_are_joined_and_shared_docids_refused() {
    let dir = tempfile::tempdir().unwrap();
    let at = |name: &str| dir.path().join(name);
    for (name, text) in [
        ("a", lines("a", 0..500)),
        ("b", lines("b", 0..700)),
        ("c", lines("b", 699..800)),
        ("all", lines("a", 0..500) + &lines("b", 0..700)),
    ] {
        fs_err::write(at("input.jsonl"), text).unwrap();
        ok(&mut index(&at("input.jsonl"), &at(name)));
    }
    let merge = |inputs: &[&str], output: &str, options: &[&str]| {
        let mut command = tool();
        command
            .arg("index")
            .arg("--merge")
            .args(inputs.iter().map(|name| at(name)));
        command.arg("--output").arg(at(output)).args(options);
        command
    };
    ok(&mut merge(&["a", "b"], "joined", &[]));
    // Not a byte of the segments' data changes.
    let (a, b, joined) = (files(&at("a")), files(&at("b")), files(&at("joined")));
    assert!(joined["_0_Lucene90_0.doc"] == a["_0_Lucene90_0.doc"]);
    assert!(joined["_1_Lucene90_0.tim"] == b["_0_Lucene90_0.tim"]);
    assert_eq!(joined.len(), 2 * (a.len() - 1) + 1);
    // Merged into one, it is the index of the joined collection.
    ok(&mut merge(&["a", "b"], "merged", &["--force-merge"]));
    ok(&mut merge(&["joined"], "merged2", &["--force-merge"]));
    assert!(files(&at("merged")) == files(&at("all")));
    assert!(files(&at("merged2")) == files(&at("all")));

    let error = fails(1, &mut merge(&["a", "b", "c"], "x", &[]));
    assert!(
        error.contains("\"b699\" is used twice") && error.contains("b/_0"),
        "{error}"
    );
    let error = fails(1, &mut merge(&["a", "a"], "x", &[]));
    assert!(
        error.contains("a is named twice: name each index once"),
        "{error}"
    );
    let error = fails(1, &mut merge(&["a", "nothing"], "x", &[]));
    assert!(error.contains("nothing holds no Lucene index"), "{error}");
    let error = fails(1, &mut merge(&["a"], "b", &[]));
    assert!(error.contains("is not empty"), "{error}");
    let mut damaged = b["_0_Lucene90_0.doc"].clone();
    let middle = damaged.len() / 2;
    damaged[middle] ^= 1;
    fs_err::write(at("b/_0_Lucene90_0.doc"), damaged).unwrap();
    let error = fails(1, &mut merge(&["a", "b"], "x", &["--force-merge"]));
    assert!(error.contains("checksum"), "{error}");
    let error = fails(1, &mut merge(&["a", "b"], "x", &[]));
    assert!(error.contains("checksum"), "{error}");
    assert!(is_empty_or_missing(&at("x")));
}
