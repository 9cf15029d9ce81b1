//! The jobs that `scripts/cluster/slurm.sh` submits. `scripts/test_cluster.sh` runs them on a real Slurm.

use std::path::Path;
use std::process::Command;

use assert_cmd::cargo::cargo_bin;

use crate::common::runs::files;
use crate::common::{fails, fixtures, model_folder, ok, program, script};

/// `slurm.sh --dry-run` for an output in a folder.
fn dry_run(folder: &Path) -> Command {
    let mut command = script("cluster/slurm.sh");
    command
        .args(["--dry-run", "--shards", "3", "--output"])
        .arg(folder.join("collection"))
        .arg("--index")
        .arg(folder.join("index"))
        .arg("--program")
        .arg(cargo_bin("splade-export"));
    command
}

/// The scripts of the jobs that a dry run prints.
fn jobs(printed: &str) -> Vec<&str> {
    let submitted = printed.split("<<'JOB'\n").skip(1);
    submitted
        .map(|job| job.split_once("\nJOB\n").unwrap().0)
        .collect()
}

#[test]
fn the_jobs_for_slurm_make_the_bytes_of_one_run() {
    let dir = tempfile::tempdir().unwrap();
    let (one, many) = (dir.path().join("one"), dir.path().join("a 'b' c"));
    ok(program()
        .args(["documents", "--quiet", "--part-size", "20"])
        .arg(fixtures())
        .arg("--output")
        .arg(one.join("collection"))
        .arg("--index")
        .arg(one.join("index")));
    let printed = ok(dry_run(&many)
        .args(["--sbatch", "--partition=gpu", "--"])
        .arg(fixtures())
        .args(["--quiet", "--part-size", "20"]));
    assert!(printed.contains(" --array=1-3 --requeue "), "{printed}");
    assert!(
        printed.contains("--dependency=afterok:\"$ARRAY\""),
        "{printed}"
    );
    assert_eq!(printed.matches(" --partition=gpu ").count(), 2, "{printed}");
    let [task, join] = jobs(&printed)[..] else {
        panic!("{printed}");
    };
    let run = |job: &str, number: &str| {
        ok(Command::new("bash")
            .args(["-c", job])
            .env("SPLADE_EXPORT_MODEL", model_folder())
            .env("SLURM_ARRAY_TASK_ID", number));
    };
    for number in ["3", "1", "2"] {
        run(task, number);
    }
    // A task that is queued again finds its shard whole.
    run(task, "2");
    run(join, "");
    for name in ["collection", "index"] {
        assert_eq!(files(&one.join(name)), files(&many.join(name)), "{name}");
    }
}

#[test]
fn what_cannot_be_submitted_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let told = |arguments: &[&str], code| fails(code, dry_run(dir.path()).args(arguments));
    assert!(told(&[], 2).contains("behind --"));
    assert!(told(&["--part-size", "20", "--", "x"], 2).contains("'--part-size'"));
    assert!(told(&["--shards", "none", "--", "x"], 2).contains("--shards takes"));
    assert!(told(&["--work", "100%", "--", "x"], 1).contains("--work DIR"));
}
