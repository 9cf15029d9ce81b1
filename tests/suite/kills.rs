//! Runs that are killed at any step or moment go on to the same bytes.

use std::process::Command;
use std::time::Instant;

use crate::common::ok;
use crate::common::runs::{Bench, corpus};

pub(crate) const FAULT: &str = "SPLADE_EXPORT_FAULT";

/// What a run writes.
#[derive(Clone, Copy)]
pub(crate) enum Made {
    Collection,
    Both,
    Index,
}

impl Made {
    pub(crate) fn run(self, bench: &Bench, output: &str, args: &[&str]) -> Command {
        let index = format!("{output}-index");
        match self {
            Self::Collection => bench.documents_with(output, args),
            Self::Both => bench.documents_with(output, &[args, &["--index", &index]].concat()),
            Self::Index => bench.index_with(&index, args),
        }
    }

    pub(crate) fn files(self, bench: &Bench, output: &str) -> Vec<(String, Vec<u8>)> {
        let mut files = Vec::new();
        for folder in [output.to_owned(), format!("{output}-index")] {
            if bench.at(&folder).exists() {
                files.extend(bench.files(&folder));
            }
        }
        files
    }

    pub(crate) fn remove(self, bench: &Bench, output: &str) {
        for folder in [output.to_owned(), format!("{output}-index")] {
            if bench.at(&folder).exists() {
                fs_err::remove_dir_all(bench.at(&folder)).unwrap();
            }
        }
    }
}

/// Kills a run at every point at which it changes the disk, resumes, and compares.
fn kill_everywhere(bench: &Bench, made: Made, args: &[&str]) -> usize {
    kill_at_each(1, bench, made, args)
}

/// The same at every so many points.
fn kill_at_each(step: usize, bench: &Bench, made: Made, args: &[&str]) -> usize {
    ok(&mut made.run(bench, "reference", args));
    let reference = made.files(bench, "reference");
    for point in (1..).step_by(step) {
        let output = "killed";
        let mut killed = made.run(bench, output, args);
        let killed = killed
            .env(FAULT, format!("kill:{point}"))
            .output()
            .unwrap()
            .status;
        if killed.success() {
            return point - 1;
        }
        assert_eq!(killed.code(), None, "it was killed at point {point}");
        ok(made.run(bench, output, args).arg("--resume"));
        assert!(made.files(bench, output) == reference, "point {point}");
        made.remove(bench, output);
    }
    unreachable!()
}

#[test]
fn a_run_killed_at_any_step_resumes_to_the_same_bytes() {
    let bench = Bench::new(80);
    let points = kill_everywhere(&bench, Made::Collection, &[]);
    assert!(points >= 40, "{points} points");
}

#[test]
fn so_does_one_that_waits_for_the_largest_weight() {
    let bench = Bench::new(70);
    let points = kill_everywhere(&bench, Made::Collection, &["--normalize", "corpus"]);
    assert!(points >= 40, "{points} points");
}

#[test]
fn so_does_one_that_writes_an_index_too() {
    let bench = Bench::new(40);
    let points = kill_everywhere(&bench, Made::Both, &[]);
    assert!(points >= 100, "{points} points");
}

#[test]
fn so_does_one_that_writes_an_index_alone() {
    let bench = Bench::new(60);
    let points = kill_at_each(
        4,
        &bench,
        Made::Index,
        &["--normalize", "corpus", "--force-merge"],
    );
    assert!(points >= 100, "{points} points");
}

#[test]
fn so_does_one_that_skips_bad_records() {
    let bench = Bench::new(30);
    let mut lines = corpus(30);
    lines.insert_str(0, "{\n");
    lines.push_str("no json\n{\"id\": \"d3\", \"text\": \"twice\"}\n");
    bench.write("corpus.jsonl", lines);
    kill_everywhere(&bench, Made::Collection, &["--on-error", "skip"]);
    let rejected = fs_err::read_to_string(bench.at("reference/rejected.jsonl")).unwrap();
    assert_eq!(rejected.lines().count(), 3);
}

#[test]
fn so_does_one_of_long_texts_in_windows() {
    let bench = Bench::new(45);
    let args = ["--long", "windows", "--max-length", "8", "--stride", "5"];
    let points = kill_everywhere(&bench, Made::Collection, &args);
    assert!(points >= 40, "{points} points");
}

/// Again and again at moments that nobody chose, until it is done.
#[test]
fn a_run_killed_a_hundred_times_at_random_moments_ends_with_the_same_bytes() {
    let bench = Bench::new(2000);
    let run =
        |output: &str| Made::Both.run(&bench, output, &["--threads", "2", "--part-size", "50"]);
    let started = Instant::now();
    ok(&mut run("reference"));
    let whole = started.elapsed();
    let reference = Made::Both.files(&bench, "reference");
    // A fixed sequence: what is random is the machine.
    let mut state = 7_u64;
    let mut kills = 0;
    for round in 0.. {
        loop {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1);
            let wait = whole.mul_f64(0.1 + 0.5 * (state >> 40) as f64 / f64::from(1 << 24));
            let mut child = run("killed").arg("--resume").spawn().unwrap();
            std::thread::sleep(wait);
            child.kill().unwrap();
            if child.wait().unwrap().success() {
                break;
            }
            kills += 1;
        }
        assert!(
            Made::Both.files(&bench, "killed") == reference,
            "round {round}"
        );
        Made::Both.remove(&bench, "killed");
        if kills >= 100 {
            break;
        }
    }
}

/// Returns how many documents of the only part are in whole batches that a killed run kept.
fn kept_documents(bench: &Bench, output: &str) -> u64 {
    let path = bench.at(output).join(".unfinished/batches-00000");
    let Ok(log) = fs_err::read(path) else {
        return 0;
    };
    let u32_at = |at: usize| Some(u32::from_le_bytes(*log.get(at..)?.first_chunk::<4>()?));
    let mut documents = 0;
    let mut at = 8 + 64 + 8;
    while let (Some(length), Some(rows)) = (u32_at(at), u32_at(at + 16)) {
        at += 8 + length as usize;
        if at > log.len() {
            break;
        }
        documents += u64::from(rows);
    }
    documents
}

/// Of one part that takes the whole run, a kill loses no more than the batches that were being encoded: one of each thread.
#[test]
fn a_kill_in_the_middle_of_a_part_loses_only_the_batches_in_flight() {
    let bench = Bench::new(3000);
    let run = |output: &str| {
        let args = ["--threads", "2", "--part-size", "3000"];
        let mut command = Made::Both.run(&bench, output, &args);
        let count = bench.at(output).with_extension("batches");
        command.env(FAULT, format!("batches:{}", count.display()));
        command
    };
    let batches = |output: &str| {
        let count = bench.at(output).with_extension("batches");
        fs_err::metadata(count).unwrap().len()
    };
    let started = Instant::now();
    ok(&mut run("reference"));
    let whole = started.elapsed();
    let reference = Made::Both.files(&bench, "reference");
    let mut state = 11_u64;
    let (mut kills, mut useful, mut rounds) = (0_u32, 0, 0);
    while kills < 100 {
        let mut kept = 0;
        loop {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1);
            let wait = whole.mul_f64(0.2 + 0.6 * (state >> 40) as f64 / f64::from(1 << 24));
            let timings = bench.at("timings.json");
            // A run may be killed after it has written this, and nothing is ever overwritten.
            let _ = fs_err::remove_file(&timings);
            assert!(kills < 1000, "the runs do not come to an end");
            let mut command = run("killed");
            let mut child = command
                .arg("--resume")
                .arg("--timings")
                .arg(&timings)
                .spawn()
                .unwrap();
            std::thread::sleep(wait);
            child.kill().unwrap();
            if child.wait().unwrap().success() {
                // A run that was killed after its last write leaves nothing to time.
                let Ok(text) = fs_err::read(&timings) else {
                    break;
                };
                let timings: serde_json::Value = serde_json::from_slice(&text).unwrap();
                // Texts without a token are in no batch; they count as encoded in every run.
                let encoded = timings["documents"].as_u64().unwrap();
                assert!(
                    encoded + kept <= 3000,
                    "{encoded} encoded, {kept} were kept"
                );
                useful += u64::from(kept > 0);
                break;
            }
            kills += 1;
            let now = kept_documents(&bench, "killed");
            let is_whole = bench.at("killed/.unfinished/part-00000.json").exists()
                || bench.at("killed/manifest.json").exists();
            assert!(
                is_whole || now >= kept,
                "a kill took back what was kept: {now} < {kept}"
            );
            kept = now;
        }
        assert!(Made::Both.files(&bench, "killed") == reference);
        Made::Both.remove(&bench, "killed");
        rounds += 1;
    }
    let twice = batches("killed") - rounds * batches("reference");
    println!(
        "{kills} kills in {rounds} runs of {} batches each: {twice} batches were encoded twice, {:.2} a kill",
        batches("reference"),
        twice as f64 / f64::from(kills)
    );
    assert!(twice <= 2 * u64::from(kills));
    assert!(useful > 0, "no run went on with kept batches");
}
