//! Collections that are damaged inside: every command that reads them names the file, the line, and a remedy.

use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;

use crate::common::fails;
use crate::common::runs::{Bench, files};

/// Lines that compression does not make much shorter, so that a file that is cut ends inside a line.
fn lines(count: usize) -> String {
    (0..count)
        .map(|i| {
            let weight = 1 + i * 7919 % 10_007;
            format!("{{\"id\": \"d{i}\", \"vector\": {{\"t{i}\": {weight}}}}}\n")
        })
        .collect()
}

fn gzip(text: &str) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(text.as_bytes()).unwrap();
    encoder.finish().unwrap()
}

/// Runs the commands that read other people's collections, and returns what they say of this one.
fn complaints(bench: &Bench) -> Vec<String> {
    [
        &["convert", "theirs", "--output", "out"][..],
        &["convert", "theirs", "--step", "0.1", "--index", "out"],
        &["index", "theirs", "--output", "out"],
    ]
    .into_iter()
    .map(|arguments| {
        let error = fails(1, bench.program().args(arguments).arg("--quiet"));
        assert!(!bench.at("out").exists(), "{arguments:?} left something");
        error
    })
    .collect()
}

#[test]
fn bytes_that_are_not_utf8_are_told_with_their_file_and_line() {
    let bench = Bench::new(0);
    fs_err::create_dir(bench.at("theirs")).unwrap();
    bench.write(
        "theirs/a.jsonl",
        "{\"id\": \"a\", \"vector\": {\"t\": 1}}\n",
    );
    for bytes in [
        &b"{\"id\": \"b\", \"vector\": {\"t\": 1}}\n{\"id\": \"c\", \"vector\": {\"caf\xe9\": 1}}\n"[..],
        b"{\"id\": \"b\", \"vector\": {\"t\": 1}}\n\xff\xfe\n",
        // Half of a character at the end of the file.
        b"{\"id\": \"b\", \"vector\": {\"t\": 1}}\n{\"id\": \"c\xe2\x82",
    ] {
        bench.write("theirs/b.jsonl", bytes);
        for error in complaints(&bench) {
            assert!(error.contains("theirs/b.jsonl:2: not UTF-8"), "{error}");
            assert!(error.contains("iconv -t UTF-8"), "{error}");
        }
    }
}

#[test]
fn a_compressed_file_that_is_cut_is_told_with_its_line() {
    let bench = Bench::new(0);
    fs_err::create_dir(bench.at("theirs")).unwrap();
    let whole = gzip(&lines(5000));
    for cut in [whole.len() / 2, whole.len() - 3] {
        bench.write("theirs/b.jsonl.gz", &whole[..cut]);
        for error in complaints(&bench) {
            let place = error.split("theirs/b.jsonl.gz:").nth(1);
            let line = place.and_then(|rest| rest.split(':').next());
            let line: usize = line.and_then(|line| line.parse().ok()).expect(&error);
            assert!((2..=5001).contains(&line), "{error}");
            assert!(error.contains("damaged or not whole"), "{error}");
        }
    }
}

#[test]
fn verify_names_the_line_at_which_a_part_cannot_be_read() {
    let bench = Bench::new(60);
    crate::common::ok(&mut bench.documents("out"));
    let part = "out/documents/part-00001.jsonl.gz";
    let whole = fs_err::read(bench.at(part)).unwrap();
    let verify = || {
        let output = bench.program().args(["verify", "out"]).output().unwrap();
        assert_eq!(output.status.code(), Some(1));
        String::from_utf8(output.stdout).unwrap()
    };
    bench.write(part, &whole[..whole.len() / 2]);
    let found = verify();
    assert!(found.contains(&format!("{part}: it has ")), "{found}");
    assert!(found.contains("part-00001.jsonl.gz:"), "{found}");
    assert!(found.contains("damaged or not whole"), "{found}");

    let mut broken = b"{\"id\": \"a\", \"vector\": {}}\n{\"id\": \"".to_vec();
    broken.extend_from_slice(b"\xff\", \"vector\": {}}\n");
    bench.write(part, broken);
    let found = verify();
    assert!(
        found.contains("part-00001.jsonl.gz:2: not UTF-8"),
        "{found}"
    );
    // Nothing was changed by looking.
    assert_eq!(files(&bench.at("out/documents")).len(), 3);
}
