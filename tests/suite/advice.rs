//! What a message advises works when it is followed.

use std::process::Command;

use crate::common::fails;
use crate::common::ok;
use crate::common::runs::Bench;

fn verify(bench: &Bench, output: &str) -> Command {
    let mut command = bench.program();
    command.args(["verify", output]);
    command
}

/// Runs `verify` to failure; gives what was found, and what is advised.
fn found(bench: &Bench, output: &str) -> (String, String) {
    let result = verify(bench, output).output().unwrap();
    assert_eq!(result.status.code(), Some(1));
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (text(result.stdout), text(result.stderr))
}

#[test]
fn verify_finds_nothing_wrong_in_a_collection_whose_head_fell_back() {
    let bench = Bench::new(60);
    ok(&mut bench.documents("out"));
    let path = bench.at("out/manifest.json");
    let text = fs_err::read_to_string(&path).unwrap();
    let mut manifest: serde_json::Value = serde_json::from_str(&text).unwrap();
    manifest["counts"]["screening_fallbacks"] = 7.into();
    manifest["parts"][1]["counts"]["screening_fallbacks"] = 7.into();
    fs_err::write(&path, serde_json::to_vec(&manifest).unwrap()).unwrap();
    ok(&mut verify(&bench, "out"));
}

#[test]
fn what_verify_advises_mends_the_collection() {
    let bench = Bench::new(60);
    ok(&mut bench.documents("out"));
    let whole = bench.files("out");
    let manifest = fs_err::read_to_string(bench.at("out/manifest.json")).unwrap();

    // A damaged part, and a missing one.
    let resume = || {
        let (_, advice) = found(&bench, "out");
        assert!(
            advice.contains("the command that made the collection, with --resume,"),
            "{advice}"
        );
        ok(bench.documents("out").arg("--resume"));
        ok(&mut verify(&bench, "out"));
        assert!(bench.files("out") == whole);
    };
    bench.damage("out/documents/part-00001.jsonl.gz");
    resume();
    fs_err::remove_file(bench.at("out/documents/part-00002.jsonl.gz")).unwrap();
    resume();
    // A file of somebody else beside a damaged part, then a part that the manifest knows by another name: one thing after
    // the other.
    let move_away = |name: &str| {
        let (_, advice) = found(&bench, "out");
        assert!(advice.contains("move away"), "{advice}");
        fs_err::rename(bench.at("out/documents").join(name), bench.at("away")).unwrap();
        resume();
    };
    bench.write("out/documents/extra.jsonl", "{}");
    bench.damage("out/documents/part-00001.jsonl.gz");
    move_away("extra.jsonl");
    bench.write(
        "out/manifest.json",
        manifest.replace("part-00001.jsonl.gz", "../../corpus.jsonl"),
    );
    move_away("part-00001.jsonl.gz");

    // Counts that nothing explains: --resume would change nothing.
    bench.write(
        "out/manifest.json",
        manifest.replace("\"postings\": ", "\"postings\": 1"),
    );
    let (problems, advice) = found(&bench, "out");
    assert!(
        problems.contains("postings, the manifest says"),
        "{problems}"
    );
    assert!(
        advice.contains("in another folder") && !advice.contains("--resume"),
        "{advice}"
    );
    ok(&mut bench.documents("another"));
    ok(&mut verify(&bench, "another"));
}

#[test]
fn what_is_advised_about_an_index_makes_it_whole() {
    let bench = Bench::new(60);
    ok(&mut bench.documents_with("out", &["--index", "ix"]));
    ok(&mut bench.documents_with("other", &["--top-k", "2", "--index", "other-ix"]));
    let verify = |index: &str| {
        let mut command = bench.program();
        command.args(["verify", "out", "--index", index]);
        command
    };
    let error = fails(1, &mut verify("other-ix"));
    let command = "splade-export index out --output other-ix";
    assert!(error.contains(command), "{error}");
    fs_err::remove_dir_all(bench.at("other-ix")).unwrap();
    let words: Vec<_> = command.split(' ').skip(1).collect();
    ok(bench.program().args(words).arg("--quiet"));
    ok(&mut verify("other-ix"));

    // A finished run whose index is damaged, or gone.
    let resume = || {
        let mut command = bench.documents_with("out", &["--index", "ix", "--resume"]);
        let error = fails(1, &mut command);
        let command = "splade-export index out --output ix";
        assert!(error.contains(command), "{error}");
        let _ = fs_err::remove_dir_all(bench.at("ix"));
        ok(bench
            .program()
            .args(command.split(' ').skip(1))
            .arg("--quiet"));
        ok(&mut bench.documents_with("out", &["--index", "ix", "--resume"]));
    };
    let file = bench
        .files("ix")
        .into_iter()
        .map(|(name, _)| name)
        .find(|name| name.ends_with(".doc"))
        .unwrap();
    bench.damage(&format!("ix/{file}"));
    resume();
    fs_err::remove_dir_all(bench.at("ix")).unwrap();
    resume();
}

#[test]
fn an_index_of_other_settings_is_made_again_with_them() {
    let bench = Bench::new(60);
    let args = [
        "--index",
        "my index",
        "--store-raw",
        "--segment-memory",
        "1M",
    ];
    ok(&mut bench.documents_with("out", &args));
    fs_err::remove_dir_all(bench.at("my index")).unwrap();
    let resume = || {
        let mut command = bench.documents_with("out", &args);
        command.arg("--resume");
        command
    };
    let error = fails(1, &mut resume());
    let command = "index --segment-memory 1048576B --store-raw out --output 'my index'";
    assert!(
        error.contains(&format!("splade-export {command}")),
        "{error}"
    );
    // As a shell runs it.
    let mut shell = Command::new("sh");
    let line = format!("\"$0\" {command} --quiet");
    let program = bench.program().get_program().to_owned();
    shell.args(["-c", &line]).arg(program);
    ok(shell.current_dir(bench.dir.path()));
    ok(&mut resume());
}

#[test]
fn what_join_advises_about_a_damaged_share_mends_it() {
    let bench = Bench::new(60);
    for (parts, output) in [("1/2", "a"), ("2/2", "b")] {
        ok(&mut bench.documents_with(output, &["--parts", parts]));
    }
    bench.damage("b/documents/part-00001.jsonl.gz");
    let join = || {
        let mut command = bench.program();
        command.args([
            "join", "a", "b", "--output", "joined", "--resume", "--quiet",
        ]);
        command
    };
    let error = fails(1, &mut join());
    assert!(
        error.contains("the command that made this shard, with --resume, makes the part again"),
        "{error}"
    );
    ok(&mut bench.documents_with("b", &["--parts", "2/2", "--resume"]));
    ok(&mut join());
    ok(&mut verify(&bench, "joined"));
}

/// A manifest may name anything; only files in its folder are opened, by whatever reads it.
#[cfg(unix)]
#[test]
fn part_names_that_lead_out_of_the_folder_are_refused() {
    let bench = Bench::new(60);
    for (parts, output) in [("1/2", "a"), ("2/2", "b")] {
        ok(&mut bench.documents_with(output, &["--parts", parts]));
    }
    let manifest = fs_err::read_to_string(bench.at("b/manifest.json")).unwrap();
    let part = "part-00001.jsonl.gz";
    for name in [
        "../../../../../../../../../../../../dev/zero",
        "/dev/zero",
        "..",
        "part-00001.jsonl.gz/../../../a/manifest.json",
        "part-00001.x/../../../../../../../../../../../../dev/zero",
    ] {
        bench.write("b/manifest.json", manifest.replace(part, name));
        let (problems, _) = found(&bench, "b");
        assert!(problems.contains("a part cannot be named"), "{problems}");
        let mut join = bench.program();
        let error = fails(1, join.args(["join", "a", "b", "--output", "joined"]));
        assert!(error.contains("a part cannot be named"), "{error}");
        fs_err::remove_dir_all(bench.at("joined")).unwrap_or_default();
    }
    bench.write("b/manifest.json", &manifest);

    // What lies under a good name is opened only if it is a file.
    let path = bench.at("b/documents").join(part);
    fs_err::remove_file(&path).unwrap();
    ok(Command::new("mkfifo").arg(&path));
    let (problems, _) = found(&bench, "b");
    assert!(problems.contains("this is a pipe"), "{problems}");
    let mut join = bench.program();
    let error = fails(1, join.args(["join", "a", "b", "--output", "joined"]));
    assert!(error.contains("this is a pipe"), "{error}");
    // Nor is the manifest itself.
    fs_err::remove_file(bench.at("b/manifest.json")).unwrap();
    ok(Command::new("mkfifo").arg(bench.at("b/manifest.json")));
    let error = fails(1, &mut verify(&bench, "b"));
    assert!(error.contains("manifest.json: this is a pipe"), "{error}");
}

#[test]
fn what_join_advises_about_indexes_that_cannot_be_joined_works() {
    let bench = Bench::new(100);
    for (parts, output) in [("1/2", "a"), ("2/2", "b")] {
        ok(&mut bench.documents_with(output, &["--parts", parts]));
        let index = format!("{output}-ix");
        ok(bench
            .program()
            .args(["index", output, "--output", &index, "--quiet"]));
    }
    let joined = ["join", "a", "b", "--output", "joined", "--quiet"];
    let mut join = bench.program();
    join.args(joined).args(["--index", "ix"]);
    let error = fails(1, join.args(["--indexes", "a-ix", "b-ix"]));
    assert!(
        error.contains(
            "join the collections alone, and make the index of the result with splade-export index"
        ),
        "{error}"
    );
    // Nothing stands in the way.
    ok(bench.program().args(joined));
    ok(bench
        .program()
        .args(["index", "joined", "--output", "ix", "--quiet"]));
    ok(bench.program().args(["verify", "joined", "--index", "ix"]));
}
