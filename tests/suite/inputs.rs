//! What is read, what is not, and what is said about it.

use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::common::runs::{Bench, corpus};
use crate::common::{fails, ok};
use serde_json::Value;

fn documents(bench: &Bench, input: &str, output: &str) -> Command {
    let mut command = bench.program();
    command
        .args(["documents", input, "--compress", "none", "--threads", "1"])
        .args(["--output", output]);
    command
}

fn topics(bench: &Bench, input: &str, output: &str) -> Command {
    let mut command = bench.program();
    command.args(["topics", input, "--output", output]);
    command
}

/// Runs to success and returns stderr.
fn says(command: &mut Command) -> String {
    let output = command.output().unwrap();
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success(), "{command:?}\n{stderr}");
    stderr
}

fn records(file: &Path) -> Vec<Value> {
    let text = fs_err::read_to_string(file).unwrap();
    let lines = text.lines();
    lines
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

/// Docids and texts of a collection that was made with `--contents`.
fn texts(bench: &Bench, output: &str) -> Vec<(String, String)> {
    let records = records(&bench.at(output).join("documents/part-00000.jsonl"));
    let text = |record: &Value, key: &str| record[key].as_str().unwrap().to_owned();
    let pairs = records.iter();
    pairs
        .map(|record| (text(record, "id"), text(record, "contents")))
        .collect()
}

fn qids(bench: &Bench, output: &str) -> Vec<String> {
    let topics = fs_err::read_to_string(bench.at(output)).unwrap();
    let qids = topics.lines().filter_map(|line| line.split_once('\t'));
    qids.map(|(qid, _)| qid.to_owned()).collect()
}

const DOCUMENT: &str = "{\"id\": \"a\", \"text\": \"b c\"}\n";

#[test]
fn a_field_that_no_record_has_is_an_error() {
    let bench = Bench::new(0);
    let lines: String = (0..30)
        .map(|i| match i {
            0 => "{\"id\": 0, \"title\": \"t\", \"text\": \"a\", \"url\": \"u\"}\n".to_owned(),
            _ => format!("{{\"id\": {i}, \"title\": \"t\", \"text\": \"a\"}}\n"),
        })
        .collect();
    bench.write("c.jsonl", lines);
    let error = fails(
        1,
        documents(&bench, "c.jsonl", "o").args(["--fields", "title,txet"]),
    );
    assert!(
        error.contains("none of the first 30 records has the field \"txet\" (keys of the first: id, title, text, url)")
            && error.contains("correct --fields"),
        "{error}"
    );
    let fields = ["--fields", "title, text ,url", "--contents"];
    let stderr = says(documents(&bench, "c.jsonl", "o").args(fields));
    assert!(
        stderr.contains("field        \"url\" is in 1 of 30 records"),
        "{stderr}"
    );
    assert!(!stderr.contains("\"title\" is in"), "{stderr}");
    let texts = texts(&bench, "o");
    assert_eq!((&*texts[0].1, &*texts[1].1), ("t a u", "t a"));
}

#[test]
fn a_folder_is_read_as_what_is_in_it() {
    let bench = Bench::new(0);
    fs_err::create_dir(bench.at("set")).unwrap();
    bench.write("set/queries.jsonl", DOCUMENT);
    let error = fails(1, &mut documents(&bench, "set", "o"));
    assert!(
        error.contains("set: it holds topics (queries.jsonl) and no documents"),
        "{error}"
    );
    bench.write("set/docs.jsonl", DOCUMENT.replace("\"a\"", "\"d\""));
    bench.write("set/notes.txt", "x");
    let stderr = says(&mut documents(&bench, "set", "o"));
    for expected in [
        "device       cpu, fp32",
        "input        set/docs.jsonl",
        "not read     set/notes.txt: its name tells no format",
        "not read     set/queries.jsonl: these are topics",
    ] {
        assert!(stderr.contains(expected), "{stderr}");
    }
    bench.write("set/more.jsonl.zst", "x");
    let error = fails(1, &mut documents(&bench, "set", "o2"));
    assert!(
        error.contains("set/more.jsonl.zst: this is compressed with Zstandard"),
        "{error}"
    );
    // The file itself can be read as whatever is wanted.
    ok(&mut documents(&bench, "set/queries.jsonl", "o3"));

    fs_err::create_dir(bench.at("corpus")).unwrap();
    bench.write("corpus/corpus.jsonl", DOCUMENT);
    let error = fails(1, &mut topics(&bench, "corpus", "t.tsv"));
    assert!(
        error.contains("corpus: it holds documents (corpus.jsonl) and no topics"),
        "{error}"
    );
}

#[test]
fn nothing_to_encode_is_not_passed_over_in_silence() {
    let bench = Bench::new(0);
    bench.write("empty.jsonl", "\n\n");
    bench.write("bad.jsonl", "{\n[\n");
    let error = fails(1, &mut documents(&bench, "empty.jsonl", "o"));
    assert!(error.contains("the input holds no documents"), "{error}");
    let error = fails(1, &mut topics(&bench, "empty.jsonl", "t.tsv"));
    assert!(error.contains("the input holds no topics"), "{error}");
    assert!(!bench.at("t.tsv").exists());
    for (input, rejected) in [("empty.jsonl", 0), ("bad.jsonl", 2)] {
        let output = format!("{input}-out");
        let stderr =
            says(documents(&bench, input, &output).args(["--on-error", "skip", "--quiet"]));
        let expected = format!("none of the {rejected} records can be used");
        assert!(stderr.contains(&expected), "{stderr}");
    }
}

#[test]
fn a_flood_of_bad_records_ends_the_run() {
    let bench = Bench::new(0);
    let long = "x".repeat(100_000);
    bench.write("bad.jsonl", format!("{long}\n{DOCUMENT}"));
    ok(documents(&bench, "bad.jsonl", "o").args(["--on-error", "skip"]));
    let rejected = records(&bench.at("o/rejected.jsonl"));
    assert!(rejected[0]["text"].as_str().unwrap().len() <= 1024);
    assert_eq!(rejected[0]["bytes"], 100_000);
    assert_eq!(rejected[0]["sha256"].as_str().unwrap().len(), 64);
    ok(bench.program().args(["verify", "o"]));

    bench.write("many.jsonl", "x\n".repeat(10_001));
    let command = &mut documents(&bench, "many.jsonl", "o2");
    command.args(["--on-error", "skip", "--input-format", "jsonl"]);
    let error = fails(1, command);
    assert!(
        error.contains("more than 10000 records cannot be used (--max-errors)"),
        "{error}"
    );
}

#[test]
fn what_a_terminal_obeys_is_never_printed() {
    let bench = Bench::new(0);
    let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    let how = zip::write::SimpleFileOptions::default();
    for name in ["a\u{1b}]0;x\u{7}/corpus.jsonl", "b\u{1b}[31m/corpus.jsonl"] {
        zip.start_file(name, how).unwrap();
    }
    bench.write("set.zip", zip.finish().unwrap().into_inner());
    bench.write("\u{1b}[31m.jsonl", "{\"\\u001b[31m\": 1}\n");
    let docid = "\\u001b[31m".repeat(1_000_000);
    bench.write(
        "id.jsonl",
        format!("{{\"id\": \"{docid}\", \"text\": \"\"}}\n"),
    );
    for input in ["set.zip", "\u{1b}[31m.jsonl", "id.jsonl", "\u{1b}[32m"] {
        let error = fails(1, &mut documents(&bench, input, "o"));
        assert!(!error.contains('\u{1b}'), "{error:?}");
        assert!(error.len() < 2000, "{}", error.len());
        assert!(error.contains("u{1b}"), "{error}");
    }
}

#[test]
fn formats_that_are_not_read_are_named() {
    let bench = Bench::new(0);
    for (name, bytes, expected) in [
        ("a.parquet", &b"PAR1\x15\x04"[..], "this is a Parquet file"),
        ("a.jsonl.zst", b"\x28\xB5\x2F\xFD\x00", "with Zstandard"),
        ("a.bz2", b"BZh91AY&SY\x00", "with bzip2"),
        (
            "a.jsonl",
            b"version https://git-lfs.github.com/spec/v1\noid sha256:00\n",
            "a Git LFS pointer",
        ),
        ("b.jsonl.gz", b"binary \x01\x02", "the content is not gzip"),
        ("c.jsonl", b"<!DOCTYPE html><html>", "an HTML page"),
        (
            "d.jsonl",
            b"{\"id\": 18446744073709551616, \"text\": \"\"}",
            "a number over 64 bits",
        ),
    ] {
        bench.write(name, bytes);
        let error = fails(1, &mut documents(&bench, name, "o"));
        assert!(error.contains(expected) && error.contains(name), "{error}");
        assert!(!error.contains("--input-format"), "{error}");
    }
    let mut tar = vec![b'a'; 1024];
    tar[257..262].copy_from_slice(b"ustar");
    let mut gz = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gz.write_all(&tar).unwrap();
    bench.write("set.tar.gz", gz.finish().unwrap());
    let error = fails(1, &mut documents(&bench, "set.tar.gz", "o"));
    assert!(error.contains("this is a tar archive"), "{error}");
    // What a server decompressed on the way is read all the same.
    bench.write("plain.jsonl.gz", DOCUMENT);
    ok(&mut documents(&bench, "plain.jsonl.gz", "o"));
    bench.write("t.jsonl", "{\"text\": \"a\"}\n");
    let error = fails(1, &mut topics(&bench, "t.jsonl", "t.tsv"));
    assert!(
        error.contains("no qid") && error.contains("--id-field"),
        "{error}"
    );
}

#[cfg(unix)]
#[test]
fn pipes_are_read_where_the_user_names_them_and_nowhere_else() {
    let bench = Bench::new(3);
    let mkfifo = |name: &str| {
        let made = Command::new("mkfifo").arg(bench.at(name)).status();
        assert!(made.unwrap().success());
    };
    mkfifo("pipe");
    let path = bench.at("pipe");
    let writer = std::thread::spawn(move || fs_err::write(path, DOCUMENT).unwrap());
    ok(&mut documents(&bench, "pipe", "o"));
    writer.join().unwrap();

    fs_err::create_dir(bench.at("set")).unwrap();
    bench.write("set/a.jsonl", DOCUMENT);
    mkfifo("set/b.jsonl");
    let error = fails(1, &mut documents(&bench, "set", "o2"));
    assert!(error.contains("set/b.jsonl: this is a pipe"), "{error}");
    let error = fails(1, &mut documents(&bench, "/dev/zero", "o2"));
    assert!(error.contains("/dev/zero: this is a device"), "{error}");

    // A part of a collection that became a pipe neither blocks nor is it read.
    ok(&mut bench.documents_with("c", &["--compress", "none"]));
    let part = "c/documents/part-00000.jsonl";
    fs_err::remove_file(bench.at(part)).unwrap();
    mkfifo(part);
    for command in ["verify", "index"] {
        let mut program = bench.program();
        program.args([command, "c"]);
        if command == "index" {
            program.args(["--output", "i"]);
        }
        let output = program.output().unwrap();
        assert_eq!(output.status.code(), Some(1), "{command}");
        let text = [output.stdout, output.stderr].concat();
        let text = String::from_utf8(text).unwrap();
        assert!(text.contains("this is a pipe"), "{command}: {text}");
    }
}

#[test]
fn published_collections_are_read_as_they_are() {
    let bench = Bench::new(0);
    // `ir_datasets export NAME docs --format jsonl`, on standard input.
    let mut command = documents(&bench, "-", "ir");
    let mut child = command
        .arg("--contents")
        .stdin(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    stdin
        .write_all(b"{\"doc_id\": \"7\", \"text\": \"b c\", \"title\": \"a\"}\n")
        .unwrap();
    drop(stdin);
    assert!(child.wait().unwrap().success());
    assert_eq!(texts(&bench, "ir"), [("7".to_owned(), "a b c".to_owned())]);

    fs_err::create_dir(bench.at("msmarco")).unwrap();
    bench.write("msmarco/collection.tsv", "0\ta b\n1\tc\n");
    bench.write("msmarco/queries.dev.small.tsv", "10\ta\n11\tb\n");
    bench.write("msmarco/qrels.dev.small.tsv", "10\t0\t0\t1\n");
    ok(documents(&bench, "msmarco", "ms").arg("--contents"));
    let expected = [("0", "a b"), ("1", "c")].map(|(id, text)| (id.to_owned(), text.to_owned()));
    assert_eq!(texts(&bench, "ms"), expected);
    ok(&mut topics(&bench, "msmarco", "ms.tsv"));
    assert_eq!(qids(&bench, "ms.tsv"), ["10", "11"]);

    let passage = "{\"pid\": \"msmarco_passage_00_7\", \"passage\": \"c\", \"docid\": \"msmarco_doc_00_0\"}\n";
    bench.write("v2.jsonl", passage);
    ok(documents(&bench, "v2.jsonl", "v2").arg("--contents"));
    let expected = ("msmarco_passage_00_7".to_owned(), "c".to_owned());
    assert_eq!(texts(&bench, "v2"), [expected]);

    bench.write(
        "key.jsonl",
        "{\"key\": \"k\", \"id\": \"no\", \"text\": \"a\"}\n",
    );
    ok(documents(&bench, "key.jsonl", "key").args(["--id-field", "key", "--contents"]));
    assert_eq!(texts(&bench, "key")[0].0, "k");
}

#[test]
fn topics_of_trec_and_those_that_are_judged() {
    let bench = Bench::new(0);
    bench.write(
        "topics.txt",
        "<top>\n<num> Number:  051\n<title> Topic:  abc\n<desc> Description: \nb\nc\n</top>\n\n\
         <top>\n<num> Number: 301\n<title> d\n<desc> e\n</top>\n",
    );
    let read = |name: &str, args: &[&str]| {
        ok(topics(&bench, "topics.txt", name).args(args));
        let topics = records(&bench.at(name));
        let pair = |topic: &Value| {
            let text = |key: &str| topic[key].as_str().unwrap().to_owned();
            (text("qid"), text("title"))
        };
        topics.iter().map(pair).collect::<Vec<_>>()
    };
    let pairs = |pairs: [(&str, &str); 2]| pairs.map(|(a, b)| (a.to_owned(), b.to_owned()));
    assert_eq!(read("t.jsonl", &[]), pairs([("51", "abc"), ("301", "d")]));
    assert_eq!(
        read("d.jsonl", &["--fields", "title,desc"]),
        pairs([("51", "abc b c"), ("301", "d e")])
    );
    bench.write("qrels.tsv", "query-id\tcorpus-id\tscore\n301\td1\t1\n");
    bench.write("qrels.txt", "301 0 d1 1\n");
    for (qrels, output) in [("qrels.tsv", "a.tsv"), ("qrels.txt", "b.tsv")] {
        ok(topics(&bench, "topics.txt", output).args(["--qrels", qrels]));
        assert_eq!(qids(&bench, output), ["301"]);
    }
    let error = fails(
        1,
        topics(&bench, "topics.txt", "c.tsv").args(["--qrels", "topics.txt"]),
    );
    assert!(error.contains("not usable qrels"), "{error}");
    bench.write("cut.txt", "<top>\n<num> 1\n<title> a\n");
    let error = fails(1, &mut topics(&bench, "cut.txt", "c.tsv"));
    assert!(
        error.contains("cut.txt:1: the topic does not end"),
        "{error}"
    );
}

#[test]
fn shards_with_a_plan_are_the_bytes_of_one_run() {
    let bench = Bench::new(0);
    fs_err::create_dir(bench.at("set")).unwrap();
    let lines = corpus(150);
    let lines: Vec<&str> = lines.lines().collect();
    bench.write("set/a.jsonl", lines[..70].join("\n"));
    let mut gz = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    let bad = format!("{{\n{}\n{}\n[", lines[70..120].join("\n"), lines[3]);
    gz.write_all(bad.as_bytes()).unwrap();
    bench.write("set/b.jsonl.gz", gz.finish().unwrap());
    bench.write("set/c.jsonl", lines[120..].join("\n") + "\nthe end");

    let skip = ["--on-error", "skip"];
    let run = |output: &str, args: &[&str]| {
        let mut command = bench.program();
        command
            .args(["documents", "set", "--quiet", "--part-size", "20"])
            .args(["--output", output])
            .args(args);
        command
    };
    let plan = |output: &str, args: &[&str]| {
        let mut command = bench.program();
        command
            .args(["plan", "set", "--part-size", "20", "--output", output])
            .args(args);
        command
    };
    let error = fails(1, &mut plan("plan.json", &[]));
    assert!(error.contains("b.jsonl.gz:1: not valid JSON"), "{error}");
    let stderr = says(&mut plan("plan.json", &skip));
    assert!(
        stderr.contains("150 in 8 parts, 4 records rejected, 1 of them duplicates"),
        "{stderr}"
    );
    let error = fails(1, &mut plan("plan.json", &skip));
    assert!(error.contains("never overwritten"), "{error}");

    ok(&mut run("whole", &skip));
    let mut join = bench.program();
    join.args(["join", "--quiet", "--output", "joined"]);
    for shard in ["1/3", "2/3", "3/3"] {
        let output = shard.replace('/', "-");
        let args = [&skip[..], &["--parts", shard]].concat();
        let planned = [&args[..], &["--plan", "plan.json"]].concat();
        ok(&mut run(&output, &planned));
        let unplanned = format!("{output}-unplanned");
        ok(&mut run(&unplanned, &args));
        assert!(bench.files(&output) == bench.files(&unplanned), "{shard}");
        // What is whole is kept, also by a run that reads without the plan.
        ok(run(&output, &planned).arg("--resume"));
        ok(run(&output, &args).arg("--resume"));
        join.arg(output);
    }
    ok(&mut join);
    assert!(bench.files("joined") == bench.files("whole"));

    let other = ["--plan", "plan.json", "--part-size", "30"];
    let error = fails(
        1,
        bench
            .program()
            .args(["documents", "set", "--output", "x"])
            .args(other),
    );
    assert!(
        error.contains("--part-size differs; make it anew: splade-export plan"),
        "{error}"
    );
}
