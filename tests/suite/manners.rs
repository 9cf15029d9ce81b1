//! How commands end, and what they say meanwhile: closed pipes, signals, sizes, versions.

use std::io::{Read, Write};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use flate2::Compression;
use flate2::write::GzEncoder;

use crate::common::ok;
use crate::common::runs::Bench;

/// Runs the program with standard output closed at once, and standard error too if asked for; gives the exit code.
fn into_closed_pipes(command: &mut Command, errors_too: bool) -> Option<i32> {
    let closed = || {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        writer
    };
    command.stdout(closed());
    if errors_too {
        command.stderr(closed());
    }
    command.status().unwrap().code()
}

#[test]
fn a_damaged_collection_fails_also_where_nobody_reads_what_is_found() {
    let bench = Bench::new(60);
    ok(&mut bench.documents_with("out", &["--index", "out/index"]));
    let verify = |path: &str| {
        let mut command = bench.program();
        command.args(["verify", path]);
        command
    };
    for errors_too in [false, true] {
        assert_eq!(into_closed_pipes(&mut verify("out"), errors_too), Some(0));
    }
    let damaged = |what: &str, paths: &[&str]| {
        bench.damage(what);
        for path in paths {
            for errors_too in [false, true] {
                let code = into_closed_pipes(&mut verify(path), errors_too);
                assert_eq!(code, Some(1), "{what} {path}");
            }
        }
        bench.damage(what);
    };
    damaged("out/documents/part-00001.jsonl.gz", &["out"]);
    let files = bench.files("out/index").into_iter();
    let postings = files
        .map(|(name, _)| name)
        .find(|name| name.ends_with(".doc"));
    damaged(
        &format!("out/index/{}", postings.unwrap()),
        &["out", "out/index"],
    );
    // What only reports goes on, too.
    let mut documents = bench.program();
    documents.args(["documents", "corpus.jsonl", "--output", "again"]);
    assert_eq!(into_closed_pipes(&mut documents, true), Some(0));
    ok(&mut verify("again"));
}

/// Sends Ctrl-C, and gives the exit code and what was said.
#[cfg(target_os = "linux")]
fn interrupt(mut child: Child) -> (Option<i32>, String) {
    ok(Command::new("kill").args(["-s", "INT", &child.id().to_string()]));
    let code = child.wait().unwrap().code();
    let mut said = String::new();
    let mut stderr = child.stderr.take().unwrap();
    stderr.read_to_string(&mut said).unwrap();
    (code, said)
}

/// Waits until a process catches Ctrl-C.
#[cfg(target_os = "linux")]
fn wait_for_handler(child: &Child) {
    let status = format!("/proc/{}/status", child.id());
    loop {
        let text = fs_err::read_to_string(&status).unwrap();
        let caught = text.lines().find_map(|line| line.strip_prefix("SigCgt:"));
        let caught = u64::from_str_radix(caught.unwrap().trim(), 16).unwrap();
        if caught & (1 << (2 - 1)) != 0 {
            return;
        }
        std::thread::sleep(Duration::from_millis(5));
    }
}

#[cfg(target_os = "linux")]
#[test]
fn an_interrupted_index_leaves_nothing_in_the_way_and_says_so() {
    let bench = Bench::new(60);
    ok(&mut bench.documents_with("out", &["--compress", "none"]));
    // More documents than can be read in minutes, in a small file.
    let lines = fs_err::read(bench.at("out/documents/part-00000.jsonl")).unwrap();
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    for _ in 0..1000 {
        encoder.write_all(&lines).unwrap();
    }
    let member = encoder.finish().unwrap();
    fs_err::create_dir(bench.at("endless")).unwrap();
    bench.write("endless/documents.jsonl.gz", member.repeat(1000));

    let index = |collection: &str| {
        let mut command = bench.program();
        command.args(["index", collection, "--output", "ix"]);
        command
    };
    let child = index("endless").stderr(Stdio::piped()).spawn().unwrap();
    wait_for_handler(&child);
    let (code, said) = interrupt(child);
    assert_eq!(code, Some(130));
    assert_eq!(
        said.trim(),
        "interrupted; no index was made; the same command makes it from the beginning"
    );
    ok(&mut index("out"));
    ok(bench.program().args(["verify", "out", "--index", "ix"]));
}

#[cfg(target_os = "linux")]
#[test]
fn an_interrupted_verification_says_so() {
    let bench = Bench::new(60);
    ok(&mut bench.documents_with("out", &["--compress", "none"]));
    // A part with a hole that takes minutes to read.
    let size = 1_u64 << 40;
    let part = bench.at("out/documents/part-00001.jsonl");
    let bytes = fs_err::metadata(&part).unwrap().len();
    let file = fs_err::File::options().write(true).open(&part).unwrap();
    file.set_len(size).unwrap();
    let manifest = fs_err::read_to_string(bench.at("out/manifest.json")).unwrap();
    let (from, to) = (
        format!("\"bytes\": {bytes},"),
        format!("\"bytes\": {size},"),
    );
    let changed = manifest.replace(&from, &to);
    let (from, to) = (
        format!("\"bytes\": {bytes}\n"),
        format!("\"bytes\": {size}\n"),
    );
    let changed = changed.replace(&from, &to);
    assert!(changed != manifest);
    bench.write("out/manifest.json", changed);
    let mut command = bench.program();
    command.args(["verify", "out"]).stderr(Stdio::piped());
    let child = command.spawn().unwrap();
    wait_for_handler(&child);
    let (code, said) = interrupt(child);
    assert_eq!(code, Some(130));
    assert_eq!(
        said.trim(),
        "interrupted; nothing was changed; the same command checks it from the beginning"
    );
}
