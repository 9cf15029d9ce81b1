//! Indexes through kills, in a wrong order, with what is no file, and under a umask.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;
use std::time::Duration;

use super::index::{files, index, lines};
use crate::common::runs::{Bench, corpus};
use crate::common::{fails, ok, tool};

#[test]
fn a_killed_process_leaves_no_index_or_a_whole_one() {
    let dir = tempfile::tempdir().unwrap();
    let input = dir.path().join("input.jsonl");
    fs_err::write(&input, lines("d", 0..60_000)).unwrap();
    let whole = dir.path().join("whole");
    let arguments = ["--segment-memory", "1"];
    let started = std::time::Instant::now();
    ok(index(&input, &whole).args(arguments));
    let took = started.elapsed();
    let whole = files(&whole);
    let output = dir.path().join("output");
    let mut without = 0;
    let mut killed = 0;
    for step in 0..40 {
        let mut child = index(&input, &output)
            .args(arguments)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        thread::sleep(took * step / 36);
        child.kill().unwrap();
        killed += u32::from(!child.wait().unwrap().success());
        if output.join("segments_1").exists() {
            let mut left = BTreeMap::new();
            for entry in fs_err::read_dir(&output).unwrap() {
                let path = entry.unwrap().path();
                if path.is_file() {
                    let name = path.file_name().unwrap().to_string_lossy().into_owned();
                    left.insert(name, fs_err::read(path).unwrap());
                }
            }
            assert!(left == whole);
            fs_err::remove_dir_all(&output).unwrap();
        } else {
            without += 1;
            // Some of the runs go on in the folder as it was left.
            if output.exists() && step % 3 == 0 {
                ok(index(&input, &output).args(arguments));
                assert!(files(&output) == whole);
                fs_err::remove_dir_all(&output).unwrap();
            }
        }
    }
    assert!(killed > 5 && without > 5, "{killed} {without}");
    // Two processes at the same time do not disturb each other.
    fs_err::remove_dir_all(&output).ok();
    let mut first = index(&input, &output).args(arguments).spawn().unwrap();
    while !output.join("unfinished/lock").exists() && first.try_wait().unwrap().is_none() {
        thread::sleep(Duration::from_millis(1));
    }
    let error = fails(1, index(&input, &output).args(arguments));
    assert!(
        error.contains("another process") || error.contains("is not empty"),
        "{error}"
    );
    assert!(first.wait().unwrap().success());
    assert!(files(&output) == whole);
}

#[test]
fn join_takes_only_the_indexes_of_its_collections() {
    let bench = Bench::new(100);
    let shard = |parts: &str, name: &str, args: &[&str]| {
        let index = format!("{name}-index");
        let args = [&["--parts", parts, "--index", &index], args].concat();
        ok(&mut bench.documents_with(name, &args));
    };
    shard("1/2", "a", &[]);
    shard("2/2", "b", &[]);
    shard("2/2", "c", &["--step", "0.02"]);
    // Part 1 belongs to the second shard.
    bench.write(
        "corpus.jsonl",
        corpus(100).replace("\"d25\"", "\"another\""),
    );
    shard("2/2", "d", &[]);
    let join = |indexes: [&str; 2]| {
        let mut command = bench.program();
        command.args([
            "join", "--quiet", "--output", "joined", "--index", "ix", "a", "b",
        ]);
        command.arg("--indexes").args(indexes);
        command
    };
    for (indexes, message) in [
        (
            ["b-index", "a-index"],
            "b-index is the index of b, not of a: name the indexes in the order",
        ),
        (
            ["a-index", "c-index"],
            "c-index was made with another model or other settings, so it is not the index of b",
        ),
        (
            ["a-index", "d-index"],
            "d-index was made of other documents, so it is not the index of b",
        ),
        (
            ["a-index", "a-index"],
            "a-index is the index of a, not of b",
        ),
    ] {
        let error = fails(1, &mut join(indexes));
        assert!(error.contains(message), "{error}");
        assert!(!bench.at("joined").exists() && !bench.at("ix").exists());
    }
    ok(&mut join(["a-index", "b-index"]));
}

#[test]
#[cfg(unix)]
fn what_is_no_regular_file_in_an_index_is_refused_and_not_followed() {
    use std::os::unix::fs::symlink;

    let dir = tempfile::tempdir().unwrap();
    let at = |name: &str| dir.path().join(name);
    fs_err::write(at("input.jsonl"), lines("d", 0..50)).unwrap();
    ok(&mut index(&at("input.jsonl"), &at("good")));
    for name in ["_0.si", "_0.fdx", "_0_Lucene90_0.doc", "segments_1"] {
        for (kind, make) in [
            (
                "a pipe",
                &(|path: &Path| {
                    assert!(Command::new("mkfifo").arg(path).status().unwrap().success());
                }) as &dyn Fn(&Path),
            ),
            ("a link", &|path| symlink("/dev/zero", path).unwrap()),
        ] {
            let bad = at("bad");
            fs_err::create_dir(&bad).unwrap();
            for (name, bytes) in files(&at("good")) {
                fs_err::write(bad.join(name), bytes).unwrap();
            }
            fs_err::remove_file(bad.join(name)).unwrap();
            make(&bad.join(name));
            let mut merge = tool();
            merge
                .args(["index", "--merge"])
                .arg(&bad)
                .arg("--output")
                .arg(at("x"));
            for command in [tool().arg("verify").arg(&bad), &mut merge] {
                let mut command =
                    assert_cmd::Command::from_std(std::mem::replace(command, Command::new("true")));
                let ended = command.timeout(Duration::from_mins(1)).assert().code(1);
                let error = String::from_utf8_lossy(&ended.get_output().stderr).into_owned();
                assert!(error.contains(&format!("{name} is {kind}")), "{error}");
            }
            assert!(!at("x").exists());
            fs_err::remove_dir_all(bad).unwrap();
        }
    }
}

#[test]
#[cfg(unix)]
fn the_umask_says_who_may_read_an_index() {
    use std::os::unix::fs::PermissionsExt;

    let dir = tempfile::tempdir().unwrap();
    let input = dir.path().join("input.jsonl");
    fs_err::write(&input, lines("d", 0..50)).unwrap();
    for (umask, mode) in [("077", 0o600), ("022", 0o644), ("002", 0o664)] {
        let output = dir.path().join(umask);
        let program = index(&input, &output);
        let mut shell = Command::new("sh");
        shell.args(["-c", "umask $0; exec \"$@\"", umask]);
        shell.arg(program.get_program()).args(program.get_args());
        ok(&mut shell);
        for name in files(&output).keys() {
            let found = fs_err::metadata(output.join(name)).unwrap().permissions();
            assert_eq!(found.mode() & 0o777, mode, "{name} under {umask}");
        }
    }
}
