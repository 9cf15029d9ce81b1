//! An output written outside the crate: `examples/custom_output.rs`.

use std::path::PathBuf;
use std::process::Command;

use crate::common::ok;
use crate::common::runs::Bench;

/// Returns the example, which `cargo test` builds beside the program.
fn example() -> PathBuf {
    let program = PathBuf::from(env!("CARGO_BIN_EXE_splade-export"));
    let folder = program.parent().unwrap().join("examples");
    folder.join(format!("custom_output{}", std::env::consts::EXE_SUFFIX))
}

fn run(bench: &Bench, output: &str) -> Command {
    let mut command = Command::new(example());
    command
        .args(["corpus.jsonl", output])
        .env("SPLADE_EXPORT_MODEL", bench.at("model"))
        .env("RAYON_NUM_THREADS", "1")
        .current_dir(bench.dir.path());
    command
}

#[test]
fn an_output_outside_the_crate_resumes_after_a_kill() {
    let bench = Bench::new(70);
    ok(&mut run(&bench, "reference"));
    let reference = bench.files("reference");
    let (_, part) = reference
        .iter()
        .find(|(name, _)| name == "documents/part-00001.tsv")
        .unwrap();
    let line = str::from_utf8(part).unwrap().lines().next().unwrap();
    let [docid, _, impact] = line.split('\t').collect::<Vec<_>>()[..] else {
        panic!("{line}");
    };
    assert!(docid.starts_with('d'));
    assert!(impact.parse::<u32>().unwrap() > 0);
    let mut kills = 0;
    for point in (5..).step_by(6) {
        let status = run(&bench, "killed")
            .env("SPLADE_EXPORT_FAULT", format!("kill:{point}"))
            .status();
        if status.unwrap().success() {
            break;
        }
        kills += 1;
        ok(&mut run(&bench, "killed"));
        assert!(bench.files("killed") == reference, "point {point}");
        fs_err::remove_dir_all(bench.at("killed")).unwrap();
    }
    assert!(kills >= 5, "{kills}");
}
