//! Runs that are killed, stopped, or run out of disk: nothing finished is lost.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use super::kills::{FAULT, Made};
use crate::common::runs::{Bench, corpus};
use crate::common::{fails, ok};

#[test]
fn a_full_disk_is_reported_and_nothing_finished_is_lost() {
    let bench = Bench::new(30);
    let run = |output: &str| Made::Both.run(&bench, output, &[]);
    ok(&mut run("reference"));
    let reference = Made::Both.files(&bench, "reference");
    for point in (1..).step_by(3) {
        let output = "full";
        let mut full = run(output);
        let result = full.env(FAULT, format!("full:{point}")).output().unwrap();
        if result.status.success() {
            assert!(point > 100);
            break;
        }
        let error = String::from_utf8(result.stderr).unwrap();
        assert_eq!(result.status.code(), Some(1), "{error}");
        assert!(error.contains("no space left"), "{error}");
        let kept = bench.at(output).exists();
        assert_eq!(kept, error.contains("--resume"), "{point}: {error}");
        ok(run(output).arg("--resume"));
        assert!(
            Made::Both.files(&bench, output) == reference,
            "point {point}"
        );
        Made::Both.remove(&bench, output);
    }
}

#[cfg(unix)]
#[test]
fn a_limit_of_file_sizes_is_reported_not_fatal() {
    let bench = Bench::new(60);
    let command = bench.documents("out");
    let program = command.get_program().to_owned();
    let mut limited = Command::new("bash");
    // A part has some kilobytes here: the first one fails.
    limited
        .args(["-c", "ulimit -f 4; exec \"$@\"", "bash"])
        .arg(program)
        .args(command.get_args())
        .args(["--compress", "none"])
        .env("SPLADE_EXPORT_MODEL", bench.at("model"))
        .current_dir(bench.dir.path());
    let error = fails(1, &mut limited);
    assert!(
        error.contains("part-0000") && error.contains("too large"),
        "{error}"
    );
    assert!(!bench.at("out").exists(), "no part was whole");
}

/// A run of which some parts are done.
fn interrupted(bench: &Bench, output: &str) {
    let mut command = bench.documents(output);
    let status = command.env(FAULT, "kill:34").status().unwrap();
    assert!(!status.success());
    assert!(
        bench
            .files(output)
            .iter()
            .any(|(name, _)| name.starts_with("documents/"))
    );
}

#[test]
fn resume_refuses_another_run_and_says_what_differs() {
    let bench = Bench::new(100);
    interrupted(&bench, "out");
    let before = bench.files("out");
    let refused = |command: &mut Command| fails(1, command.arg("--resume"));
    for (args, expected) in [
        (
            &["--part-size", "10"][..],
            "--part-size was 20 in the first run and is 10 now",
        ),
        (
            &["--max-length", "32"],
            "--max-length was 64 in the first run and is 32 now",
        ),
        (&["--step", "0.2"], "--step was 0.1"),
        (&["--compress", "none"], "--compress was gzip"),
        (&["--top-k", "3"], "--top-k was not set"),
        (&["--contents"], "--contents was false"),
        (&["--normalize", "text"], "--normalize was none"),
        (&["--parts", "1/2"], "--parts was not set"),
        (
            &["--long", "windows"],
            "--long was not set in the first run and is windows now",
        ),
    ] {
        let error = refused(&mut bench.documents_with("out", args));
        assert!(error.contains(expected), "{error}");
    }
    crate::common::tiny_model::write(&bench.at("other"), 2);
    let error = refused(bench.documents("out").args(["--model", "other"]));
    assert!(
        error.contains("the model's file model.safetensors"),
        "{error}"
    );

    assert!(bench.files("out") == before, "a refusal changes nothing");

    // The same size, other text in a part that was encoded: found when it is read again.
    let text = corpus(100);
    bench.write("corpus.jsonl", text.replacen("\"d15\"", "\"x15\"", 1));
    let error = refused(&mut bench.documents("out"));
    assert!(
        error.contains("the input differs") && error.contains("part 0"),
        "{error}"
    );
    bench.write("corpus.jsonl", text.clone() + "\n");
    let error = refused(&mut bench.documents("out"));
    assert!(error.contains("the input 1.bytes"), "{error}");
    bench.write("corpus.jsonl", text);
    let error = fails(1, &mut bench.documents("out"));
    assert!(
        error.contains("never overwritten") && error.contains("--resume"),
        "{error}"
    );
    ok(bench.documents("out").arg("--resume"));
    ok(&mut bench.documents("reference"));
    assert!(bench.files("out") == bench.files("reference"));
}

#[test]
fn resume_refuses_a_finished_index_of_another_run() {
    let bench = Bench::new(60);
    ok(&mut bench.index_with("alone", &[]));
    let whole = bench.files("alone");
    ok(&mut bench.index_with("alone", &["--resume"]));
    crate::common::tiny_model::write(&bench.at("other"), 2);
    for (other, expected) in [
        (
            &["--max-length", "8"][..],
            "--max-length was 64 in the first run and is 8 now",
        ),
        (&["--top-k", "3"], "--top-k was not set in the first run"),
        (&["--step", "0.05"], "--step was 0.1"),
        (&["--rounding", "floor"], "--rounding was nearest"),
        (
            &["--special-tokens", "keep"],
            "--special-tokens keep was false in the first run and is true now",
        ),
        (
            &["--long", "windows"],
            "--long was not set in the first run and is windows now",
        ),
        (
            &["--model", "other"],
            "the model's file model.safetensors was",
        ),
        (&["--store-raw"], "--store-raw was false"),
        (&["--force-merge"], "--force-merge was false"),
        (&["--segment-memory", "2M"], "--segment-memory was 67108864"),
    ] {
        let error = fails(1, bench.index_with("alone", other).arg("--resume"));
        assert!(error.contains(expected), "{error}");
        assert!(bench.files("alone") == whole);
        // What is advised works.
        ok(bench.index_with("another", other).arg("--resume"));
        fs_err::remove_dir_all(bench.at("another")).unwrap();
    }
    // So is one beside a finished collection.
    ok(&mut bench.documents("out"));
    let error = fails(
        1,
        &mut bench.documents_with("out", &["--top-k", "3", "--index", "alone", "--resume"]),
    );
    assert!(error.contains("--top-k was not set"), "{error}");
    ok(&mut bench.documents_with("short", &["--top-k", "3"]));
    let error = fails(
        1,
        &mut bench.documents_with("short", &["--top-k", "3", "--index", "alone", "--resume"]),
    );
    assert!(
        error.contains("alone: --resume goes on") && error.contains("--top-k was not set"),
        "{error}"
    );
}

#[test]
fn damaged_parts_are_reported_and_made_again() {
    let bench = Bench::new(100);
    ok(&mut bench.documents("reference"));
    let reference = bench.files("reference");

    interrupted(&bench, "out");
    bench.damage("out/documents/part-00000.jsonl.gz");
    bench.write("out/.unfinished/part-00001.json", "{");
    let output = bench.documents("out").arg("--resume").output().unwrap();
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success(), "{stderr}");
    assert!(
        stderr.contains("part-00000.jsonl.gz: its SHA-256"),
        "{stderr}"
    );
    assert!(stderr.contains("part-00001.json"), "{stderr}");
    assert!(bench.files("out") == reference);

    // A finished one too.
    ok(bench.documents("out").arg("--resume"));
    assert!(bench.files("out") == reference);
    bench.damage("out/documents/part-00003.jsonl.gz");
    fs_err::remove_file(bench.at("out/documents/part-00002.jsonl.gz")).unwrap();
    let output = bench.documents("out").arg("--resume").output().unwrap();
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert!(
        stderr.contains("part-00002") && stderr.contains("part-00003"),
        "{stderr}"
    );
    assert!(bench.files("out") == reference);

    // What is not ours is neither indexed nor removed.
    interrupted(&bench, "again");
    bench.write("again/documents/notes.txt", "mine");
    let error = fails(1, bench.documents("again").arg("--resume"));
    assert!(
        error.contains("notes.txt") && error.contains("move it away"),
        "{error}"
    );
    fs_err::create_dir(bench.at("precious")).unwrap();
    bench.write("precious/file", "mine");
    let error = fails(1, bench.documents("precious").arg("--resume"));
    assert!(error.contains("no output that --resume"), "{error}");
    assert_eq!(bench.files("precious").len(), 1);
}

/// Starts a run that waits for more input; the first parts are whole when this returns.
fn waiting(bench: &Bench, output: &str) -> Child {
    let mut command = bench.program();
    command.args([
        "documents",
        "-",
        "--part-size",
        "20",
        "--output",
        output,
        "--resume",
    ]);
    let mut child = command
        .stdin(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let stdin = child.stdin.as_mut().unwrap();
    stdin.write_all(corpus(75).as_bytes()).unwrap();
    stdin.flush().unwrap();
    let started = Instant::now();
    while !bench
        .at(output)
        .join(".unfinished/part-00002.json")
        .exists()
    {
        assert!(started.elapsed() < Duration::from_mins(1));
        std::thread::sleep(Duration::from_millis(5));
    }
    child
}

#[test]
fn a_run_that_is_started_again_waits_for_the_first_one_where_it_is_told_to() {
    let bench = Bench::new(100);
    ok(&mut bench.documents("whole"));
    let mut first = waiting(&bench, "out");
    let mut second = bench
        .program()
        .args(["documents", "-", "--part-size", "20", "--output", "out"])
        .args(["--resume", "--wait-for-lock", "600"])
        .stdin(
            fs_err::File::open(bench.at("corpus.jsonl"))
                .unwrap()
                .into_parts()
                .0,
        )
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let told = BufReader::new(second.stderr.take().unwrap());
    let mut lines = told.lines().map(Result::unwrap);
    assert!(lines.any(|line| line.starts_with("waiting ")));
    // It neither fails nor writes while the first one lives.
    assert!(second.try_wait().unwrap().is_none());
    first.kill().unwrap();
    first.wait().unwrap();
    lines.for_each(drop);
    assert!(second.wait().unwrap().success());
    let parts = |output: &str| bench.files(&format!("{output}/documents"));
    assert_eq!(parts("out"), parts("whole"));
}

#[test]
fn a_second_run_on_one_output_is_refused() {
    let bench = Bench::new(100);
    let mut child = waiting(&bench, "out");
    for resume in [&[][..], &["--resume"]] {
        let mut second = bench.program();
        second
            .args(["documents", "-", "--part-size", "20", "--output", "out"])
            .args(resume);
        let error = fails(1, second.stdin(Stdio::null()));
        assert!(error.contains("another run is writing"), "{error}");
    }
    child.kill().unwrap();
    child.wait().unwrap();
    // The dead one holds no lock.
    let mut again = bench.program();
    again.args([
        "documents",
        "-",
        "--part-size",
        "20",
        "--output",
        "out",
        "--resume",
    ]);
    again.stdin(
        fs_err::File::open(bench.at("corpus.jsonl"))
            .unwrap()
            .into_parts()
            .0,
    );
    ok(&mut again);
}

#[cfg(unix)]
#[test]
fn signals_leave_whole_parts_and_say_how_to_go_on() {
    let bench = Bench::new(100);
    let mut reference = bench.program();
    reference.args([
        "documents",
        "-",
        "--part-size",
        "20",
        "--output",
        "reference",
    ]);
    reference.stdin(
        fs_err::File::open(bench.at("corpus.jsonl"))
            .unwrap()
            .into_parts()
            .0,
    );
    ok(&mut reference);
    for (signal, code) in [("INT", 130), ("TERM", 143)] {
        let mut child = waiting(&bench, signal);
        let id = child.id().to_string();
        ok(Command::new("kill").args(["-s", signal, &id]));
        let mut stderr = BufReader::new(child.stderr.take().unwrap());
        // Waiting would close it otherwise, and the run could end before the signal comes.
        let stdin = child.stdin.take();
        let status = child.wait().unwrap();
        drop(stdin);
        assert_eq!(status.code(), Some(code));
        let mut said = String::new();
        while stderr.read_line(&mut said).unwrap() > 0 {}
        assert!(
            said.contains("interrupted; the same command goes on"),
            "{said}"
        );
        let mut again = bench.program();
        again.args([
            "documents",
            "-",
            "--part-size",
            "20",
            "--output",
            signal,
            "--resume",
        ]);
        again.stdin(
            fs_err::File::open(bench.at("corpus.jsonl"))
                .unwrap()
                .into_parts()
                .0,
        );
        ok(&mut again);
        assert!(bench.files(signal) == bench.files("reference"));
    }
}

#[test]
fn a_broken_input_can_be_corrected_and_the_run_goes_on() {
    let bench = Bench::new(100);
    let gzip = |bytes: &[u8]| {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    };
    let whole = gzip(corpus(100).as_bytes());
    let run = |output: &str| {
        let mut command = bench.program();
        command.args([
            "documents",
            "-",
            "--part-size",
            "20",
            "--output",
            output,
            "--resume",
        ]);
        command
    };
    let with = |mut command: Command, bytes: &[u8]| {
        bench.write("input", bytes);
        command.stdin(
            fs_err::File::open(bench.at("input"))
                .unwrap()
                .into_parts()
                .0,
        );
        command
    };
    ok(&mut with(run("reference"), &whole));
    // The stream ends in the middle.
    let error = fails(1, &mut with(run("out"), &whole[..whole.len() * 3 / 4]));
    assert!(
        error.contains("reading failed near line") && error.contains("--resume"),
        "{error}"
    );
    ok(&mut with(run("out"), &whole));
    assert!(bench.files("out") == bench.files("reference"));
}
