//! `convert`: what it makes of weights is what `documents` writes, whatever interrupts it.

use std::process::Command;

use serde_json::Value;

use crate::common::runs::{Bench, corpus};
use crate::common::{fails, ok};

const FAULT: &str = "SPLADE_EXPORT_FAULT";
/// How often `convert` is killed at every so many of its steps; the environment may ask for more.
const KILLS: &str = "SPLADE_EXPORT_TEST_KILLS";

/// Makes a bench with a collection of float weights, `weights`.
pub(crate) fn bench(documents: usize) -> Bench {
    let bench = Bench::new(documents);
    ok(&mut bench.documents_with("weights", &["--step", "none"]));
    bench
}

pub(crate) fn convert(bench: &Bench, collections: &[&str], output: &str, args: &[&str]) -> Command {
    let mut command = bench.program();
    command
        .arg("convert")
        .args(collections)
        .args(["--quiet", "--threads", "1", "--output", output])
        .args(args);
    command
}

/// The documents of a collection that is not compressed.
pub(crate) fn lines(bench: &Bench, output: &str) -> Vec<Value> {
    let files = bench.files(&format!("{output}/documents"));
    let texts = files
        .into_iter()
        .map(|(_, bytes)| String::from_utf8(bytes).unwrap());
    texts
        .flat_map(|text| {
            let lines = text.lines().map(|line| serde_json::from_str(line).unwrap());
            lines.collect::<Vec<Value>>()
        })
        .collect()
}

#[test]
fn of_weights_it_makes_every_byte_of_what_documents_writes() {
    let bench = bench(110);
    let formats = "json-vectors,pseudo-text,elasticsearch,opensearch-features,opensearch-seismic,ciff,seismic,qdrant,npz";
    let floats = "npz,seismic,json-vectors,qdrant,opensearch-seismic";
    for (number, (args, formats)) in [
        (&[][..], formats),
        (&["--preset", "anserini", "--top-k", "5"], formats),
        (&["--max-impact", "255", "--compress", "none"], formats),
        (
            &[
                "--normalize",
                "text",
                "--step",
                "0.02",
                "--keep-mass",
                "0.7",
            ],
            formats,
        ),
        (
            &[
                "--normalize",
                "corpus",
                "--min-weight",
                "0.4",
                "--rounding",
                "ceil",
            ],
            "ciff,npz",
        ),
        (
            &["--normalize", "3", "--min-impact", "0", "--top-k", "0"],
            "json-vectors",
        ),
        (
            &["--step", "none", "--keep-mass", "0.5", "--top-k", "7"],
            floats,
        ),
        (&["--step", "none"], "json-vectors"),
    ]
    .into_iter()
    .enumerate()
    {
        let [expected, found] = ["documents", "convert"].map(|name| format!("{name}-{number}"));
        let index = |output: &str| format!("{output}-index");
        let with_index = |output: &str| {
            let mut all = [args, &["--format", formats]].concat();
            let index = index(output);
            if !args.contains(&"none") || args.contains(&"--compress") {
                all.extend(["--index", "--segment-memory"]);
                let mut all: Vec<String> = all.into_iter().map(str::to_owned).collect();
                all.insert(all.len() - 1, index);
                all.push("1".to_owned());
                return all;
            }
            all.into_iter().map(str::to_owned).collect()
        };
        let all = with_index(&expected);
        let all: Vec<&str> = all.iter().map(String::as_str).collect();
        ok(&mut bench.documents_with(&expected, &all));
        let all = with_index(&found);
        let all: Vec<&str> = all.iter().map(String::as_str).collect();
        let mut convert = convert(&bench, &["weights"], &found, &all);
        // Where there are token ids, they are the model's.
        if formats.contains("npz") {
            convert.args(["--model", "model"]);
        }
        ok(&mut convert);
        assert!(bench.files(&expected) == bench.files(&found), "{args:?}");
        if all.contains(&"--index") {
            let files = bench.files(&index(&expected));
            assert!(
                !files.is_empty() && files == bench.files(&index(&found)),
                "{args:?}"
            );
        }
    }
}

#[test]
fn texts_rejected_records_and_shards_are_kept() {
    let bench = Bench::new(50);
    bench.write("corpus.jsonl", format!("{{\n{}no json\n", corpus(50)));
    let common = ["--on-error", "skip", "--contents", "--compress", "none"];
    let with = |more: &[&'static str]| [&common[..], more].concat();
    ok(&mut bench.documents_with("weights", &with(&["--step", "none"])));
    ok(&mut bench.documents_with("expected", &with(&[])));
    ok(&mut convert(
        &bench,
        &["weights"],
        "found",
        &["--compress", "none"],
    ));
    assert!(bench.at("found/rejected.jsonl").exists());
    assert!(bench.files("expected") == bench.files("found"));

    for shard in ["1/2", "2/2"] {
        let name = format!("weights-{}", &shard[..1]);
        ok(&mut bench.documents_with(&name, &with(&["--step", "none", "--parts", shard])));
        let converted = format!("shard-{}", &shard[..1]);
        ok(&mut convert(
            &bench,
            &[&name],
            &converted,
            &["--compress", "none"],
        ));
    }
    let error = fails(
        2,
        &mut convert(&bench, &["weights-1"], "x", &["--max-impact", "255"]),
    );
    assert!(error.contains("shard"), "{error}");
    let mut join = bench.program();
    ok(join.args([
        "join", "shard-2", "shard-1", "--output", "joined", "--quiet",
    ]));
    assert!(bench.files("joined") == bench.files("expected"));
}

/// Kills `convert` into four formats and an index at every so many steps, goes on, and compares.
#[test]
fn a_run_killed_at_any_step_goes_on_to_the_same_bytes() {
    let bench = bench(45);
    let kills: usize = std::env::var(KILLS).map_or(20, |kills| kills.parse().unwrap());
    let run = |output: &str| {
        let index = format!("{output}/index");
        convert(
            &bench,
            &["weights"],
            output,
            &[
                "--format",
                "json-vectors,ciff,npz,qdrant",
                "--index",
                &index,
            ],
        )
    };
    ok(&mut run("reference"));
    let reference = bench.files("reference");
    // Every point that changes the disk is one of these; how many there are, a run tells that is never killed.
    let killed_at = |point: usize| {
        let mut killed = run("killed");
        let killed = killed.env(FAULT, format!("kill:{point}"));
        !killed.output().unwrap().status.success()
    };
    let remove_killed = || {
        if bench.at("killed").exists() {
            fs_err::remove_dir_all(bench.at("killed")).unwrap();
        }
    };
    let mut points = 1;
    while killed_at(points) {
        remove_killed();
        points *= 2;
    }
    assert!(points > 100, "{points}");
    remove_killed();
    let mut done = 0;
    for number in 0..2 * kills {
        let point = 1 + number * points / (2 * kills);
        if killed_at(point) {
            done += 1;
        }
        ok(run("killed").arg("--resume"));
        assert!(bench.files("killed") == reference, "point {point}");
        remove_killed();
    }
    assert!(done >= kills, "{done} kills");
}

#[test]
fn impacts_stay_or_are_counted_in_what_they_stand_for() {
    let bench = bench(60);
    let plain = ["--compress", "none"];
    ok(&mut bench.documents_with("impacts", &["--step", "0.05", "--compress", "none"]));
    ok(&mut convert(&bench, &["impacts"], "same", &plain));
    assert!(bench.files("impacts") == bench.files("same"));
    // Pruning alone changes no impact, and counts in weights.
    ok(&mut convert(
        &bench,
        &["impacts"],
        "pruned",
        &["--compress", "none", "--min-weight", "1"],
    ));
    for (whole, pruned) in lines(&bench, "impacts").iter().zip(lines(&bench, "pruned")) {
        let mut expected = whole["vector"].as_object().unwrap().clone();
        expected.retain(|_, impact| impact.as_u64().unwrap() >= 20);
        assert_eq!(pruned["vector"], Value::Object(expected));
    }
    // A coarser step is near to that of the weights, and the manifest does not claim more.
    let mut coarser = bench.program();
    coarser.args([
        "convert",
        "impacts",
        "--step",
        "0.2",
        "--output",
        "coarser",
        "--compress",
        "none",
    ]);
    let output = coarser.output().unwrap();
    let told = String::from_utf8(output.stderr).unwrap();
    assert!(
        output.status.success() && told.contains("a unit of 0.05"),
        "{told}"
    );
    ok(&mut convert(
        &bench,
        &["weights"],
        "exact",
        &["--step", "0.2", "--compress", "none"],
    ));
    for (a, b) in lines(&bench, "coarser").iter().zip(lines(&bench, "exact")) {
        let (a, b) = (
            a["vector"].as_object().unwrap(),
            b["vector"].as_object().unwrap(),
        );
        assert!(a.keys().eq(b.keys()));
        let near =
            |(a, b): (&Value, &Value)| a.as_i64().unwrap().abs_diff(b.as_i64().unwrap()) <= 1;
        assert!(a.values().zip(b.values()).all(near));
    }
    let manifest = fs_err::read_to_string(bench.at("coarser/manifest.json")).unwrap();
    let manifest: Value = serde_json::from_str(&manifest).unwrap();
    assert_eq!(manifest["impacts_before"]["quantization"]["step"], 0.05);
}

#[test]
fn resume_verifies_and_tells_what_changed() {
    let bench = bench(50);
    let run = |collection: &str| {
        let mut command = convert(
            &bench,
            &[collection],
            "out",
            &["--format", "json-vectors,ciff"],
        );
        command.arg("--resume");
        command
    };
    ok(&mut run("weights"));
    let reference = bench.files("out");
    bench.damage("out/documents/part-00001.jsonl.gz");
    ok(&mut run("weights"));
    assert!(bench.files("out") == reference);
    bench.damage("out/ciff/index.ciff");
    let error = fails(1, &mut run("weights"));
    assert!(
        error.contains("ciff") && error.contains("splade-export convert out"),
        "{error}"
    );
    fs_err::remove_dir_all(bench.at("out")).unwrap();

    let killed = run("weights").env(FAULT, "kill:70").status().unwrap();
    assert!(!killed.success() && bench.at("out/.unfinished/part-00000.json").exists());
    // Other documents of the same run's settings: what was written of the first ones does not belong to them.
    bench.write("corpus.jsonl", corpus(50).replace("\"d1\"", "\"e1\""));
    ok(&mut bench.documents_with("others", &["--step", "none"]));
    let error = fails(1, &mut run("others"));
    assert!(
        error.contains("input") || error.contains("other documents"),
        "{error}"
    );
    ok(&mut run("weights"));
    assert!(bench.files("out") == reference);
    bench.damage("weights/documents/part-00000.jsonl.gz");
    let error = fails(1, &mut convert(&bench, &["weights"], "x", &[]));
    assert!(error.contains("it is damaged"), "{error}");
}
