//! The scripts as a user meets them: they write over nothing, fetch nothing before the options are checked, and work
//! from a fresh clone in any place.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use assert_cmd::cargo::cargo_bin;
use tempfile::TempDir;

use crate::common::runs::files;
use crate::common::{fails, fixtures, model_folder, ok, program, root, script};

/// A folder with an index of the fixtures, topics and qrels.
struct Search {
    dir: TempDir,
}

impl Search {
    fn new() -> Self {
        let search = Self {
            dir: tempfile::tempdir().unwrap(),
        };
        let fixtures = fixtures();
        ok(program()
            .args(["documents", "--quiet", "--top-k", "30", "--index"])
            .arg(search.at("index"))
            .arg(&fixtures));
        ok(program()
            .args(["topics", "--quiet", "--output"])
            .arg(search.at("topics.tsv"))
            .arg(&fixtures));
        fs_err::copy(fixtures.join("qrels/test.tsv"), search.at("qrels.tsv")).unwrap();
        search
    }

    fn at(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    fn write(&self, name: &str, bytes: impl AsRef<[u8]>) {
        fs_err::write(self.at(name), bytes).unwrap();
    }

    /// `evaluate.sh` in the folder, with these arguments besides the index.
    fn evaluate(&self, arguments: &str) -> Command {
        let mut command = Command::new("bash");
        let line = format!("\"$0\" --index index {arguments}");
        command
            .args(["-c", &line])
            .arg(root().join("scripts/evaluate.sh"))
            .current_dir(self.dir.path());
        command
    }

    /// The same with the folder's topics and qrels, searched by Anserini.
    fn search(&self, arguments: &str) -> Command {
        self.evaluate(&format!(
            "--topics topics.tsv --qrels qrels.tsv --searcher anserini {arguments}"
        ))
    }
}

/// Copies what a clone has: the files that git knows, or, outside of a repository, all but what builds and runs have made.
pub(crate) fn clone_to(folder: &Path) {
    fs_err::create_dir(folder).unwrap();
    let known = Command::new("git")
        .arg("ls-files")
        .current_dir(root())
        .output();
    let known = known.ok().filter(|known| known.status.success());
    let names: Vec<String> = match known {
        Some(known) => String::from_utf8(known.stdout)
            .unwrap()
            .lines()
            .map(str::to_owned)
            .collect(),
        None => fs_err::read_dir(root())
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .filter(|name| name != "target" && name != "out" && name != ".git")
            .collect(),
    };
    assert!(names.iter().any(|name| name == "Cargo.toml"));
    for name in names.iter().filter(|name| root().join(name).exists()) {
        let to = folder.join(name);
        fs_err::create_dir_all(to.parent().unwrap()).unwrap();
        ok(Command::new("cp").arg("-R").arg(root().join(name)).arg(to));
    }
}

// ---- setup.sh ---------------------------------------------------------------------------------------------------

#[test]
fn help_needs_no_home_and_the_work_says_what_to_set() {
    for name in [
        "setup.sh",
        "demo.sh",
        "test.sh",
        "evaluate.sh",
        "build_index.sh",
        "fuzz.sh",
        "compare.sh",
        "reproduce.sh",
        "bench/convert.sh",
        "bench/encoder.sh",
        "bench/gpu.sh",
        "bench/index.sh",
        "bench/memory.sh",
    ] {
        let homeless = |command: &mut Command| {
            for variable in ["HOME", "XDG_CACHE_HOME", "SPLADE_EXPORT_CACHE"] {
                command.env_remove(variable);
            }
        };
        let mut command = script(name);
        homeless(&mut command);
        assert!(ok(command.arg("--help")).contains("Usage:"), "{name}");
        if name == "setup.sh" {
            let mut command = script(name);
            homeless(&mut command);
            let error = fails(1, &mut command);
            assert!(error.contains("set HOME or SPLADE_EXPORT_CACHE"), "{error}");
        }
    }
}

#[test]
fn options_are_checked_before_anything_is_fetched() {
    let dir = tempfile::tempdir().unwrap();
    for (name, arguments) in [
        ("test.sh", &["--nonsense"][..]),
        (
            "bench/encoder.sh",
            &["--systems", "splade-export fp32,nonsense"],
        ),
        ("bench/gpu.sh", &["--nonsense"]),
    ] {
        let mut command = script(name);
        command
            .env("SPLADE_EXPORT_CACHE", dir.path())
            .args(arguments);
        let error = fails(2, &mut command);
        assert!(error.contains("nonsense"), "{error}");
        assert!(files(dir.path()).is_empty(), "{name} fetched something");
    }
}

// ---- evaluate.sh and build_index.sh -----------------------------------------------------------------------------

#[test]
fn evaluate_writes_over_nothing_that_it_reads_and_over_what_exists_only_if_asked() {
    let search = Search::new();
    search.write("notes.txt", "mine");
    let before = files(search.dir.path());
    for (arguments, message) in [
        ("--run notes.txt", "notes.txt exists"),
        ("--run run.txt --json notes.txt", "notes.txt exists"),
        (
            "--run topics.tsv --overwrite",
            "topics.tsv is to be written, but topics.tsv is to be read",
        ),
        (
            "--run ./qrels.tsv --overwrite",
            "is to be written, but qrels.tsv",
        ),
        (
            "--run run.txt --json qrels.tsv --overwrite",
            "qrels.tsv is to be written",
        ),
        (
            "--run index/segments_1 --overwrite",
            "but index is to be read",
        ),
        ("--run same.txt --json ./same.txt", "named for two outputs"),
    ] {
        let error = fails(1, &mut search.search(arguments));
        assert!(error.contains(message), "{arguments}: {error}");
        assert!(
            files(search.dir.path()) == before,
            "{arguments} changed something"
        );
    }
    ok(&mut search.search("--run notes.txt --json new/scores.json --overwrite"));
    assert!(
        fs_err::read(search.at("notes.txt"))
            .unwrap()
            .starts_with(b"q01 Q0 ")
    );
    assert!(search.at("new/scores.json").exists());
}

#[test]
fn evaluate_finds_what_cannot_be_written_before_it_searches() {
    let search = Search::new();
    search.write("file", "");
    for arguments in [
        "--run file/run.txt",
        "--run run.txt --json file/scores.json",
    ] {
        let error = fails(1, &mut search.search(arguments));
        assert!(error.contains("cannot be written"), "{error}");
        assert!(!search.at("run.txt").exists());
    }
}

#[test]
fn evaluate_reads_pipes_byte_order_marks_and_names_like_options() {
    let search = Search::new();
    let read = |name: &str| fs_err::read(search.at(name)).unwrap();
    let table = ok(&mut search.search("--run expected.txt"));
    let score = |table: &str| table.lines().next().unwrap().to_owned();
    for name in ["topics.tsv", "qrels.tsv"] {
        search.write(
            &format!("marked-{name}"),
            [b"\xef\xbb\xbf", &read(name)[..]].concat(),
        );
    }
    for (arguments, run) in [
        (
            "--topics <(cat topics.tsv) --qrels <(cat qrels.tsv) --run pipes.txt",
            "pipes.txt",
        ),
        (
            "--topics marked-topics.tsv --qrels marked-qrels.tsv --run marks.txt",
            "marks.txt",
        ),
        (
            "--topics topics.tsv --qrels qrels.tsv --run -r.txt --json -j.json",
            "-r.txt",
        ),
    ] {
        let found = ok(&mut search.evaluate(&format!("--searcher anserini {arguments}")));
        assert_eq!(score(&found), score(&table), "{arguments}");
        assert!(read(run) == read("expected.txt"), "{arguments}");
    }
    assert!(search.at("-j.json").exists());
    ok(&mut search.search("--run closed.txt | true"));
}

#[test]
fn evaluate_warns_where_topics_and_index_are_of_different_models_or_quantizations() {
    let search = Search::new();
    let warnings = |arguments: &str| {
        let mut command = search.evaluate(&format!(
            "--qrels qrels.tsv --searcher anserini --run run.txt --overwrite {arguments}"
        ));
        let output = command.output().unwrap();
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert!(output.status.success(), "{stderr}");
        stderr
    };
    assert_eq!(warnings("--topics topics.tsv"), "");
    let topics = |name: &str, args: &[&str]| {
        let mut command = program();
        command
            .args(["topics", "--quiet", "--output"])
            .arg(search.at(name))
            .args(args);
        ok(command.arg(fixtures()));
    };
    topics("finer.tsv", &["--step", "0.05"]);
    let warned = warnings("--topics finer.tsv");
    assert!(
        warned.contains("different quantizations") && !warned.contains("different models"),
        "{warned}"
    );
    // The same weights with another file are another model, as far as can be told.
    let other = search.at("other");
    fs_err::create_dir(&other).unwrap();
    for file in ["config.json", "model.safetensors", "tokenizer.json"] {
        fs_err::copy(model_folder().join(file), other.join(file)).unwrap();
    }
    let config = fs_err::read_to_string(other.join("config.json")).unwrap();
    fs_err::write(other.join("config.json"), config + "\n").unwrap();
    let model = other.to_str().unwrap();
    topics("other.tsv", &["--model", model]);
    let warned = warnings("--topics other.tsv");
    assert!(
        warned.contains("different models (config.json)"),
        "{warned}"
    );
    // A table does not read the model's weights, and says of which model the documents have to be all the same.
    topics("ones.tsv", &["--query-weights", "ones"]);
    assert_eq!(warnings("--topics ones.tsv"), "");
    let args = ["--model", model, "--query-weights", "ones"];
    topics("other-ones.tsv", &args);
    let warned = warnings("--topics other-ones.tsv");
    assert!(
        warned.contains("different models (config.json)"),
        "{warned}"
    );
    // A manifest of another file says nothing, and neither does a pipe.
    let text = fs_err::read_to_string(search.at("finer.tsv")).unwrap();
    search.write("finer.tsv", text + "\n");
    assert_eq!(warnings("--topics finer.tsv"), "");
    assert_eq!(warnings("--topics <(cat other.tsv)"), "");
}

#[test]
fn evaluate_refuses_judgments_without_a_grade_and_an_index_without_documents() {
    let search = Search::new();
    let qrels = fs_err::read_to_string(search.at("qrels.tsv")).unwrap();
    let trec: String = qrels
        .lines()
        .skip(1)
        .map(|line| {
            let fields: Vec<_> = line.split('\t').collect();
            format!("{} 0 {}\n", fields[0], fields[1])
        })
        .collect();
    search.write("qrels.tsv", trec.replace("med-04", "4"));
    let error = fails(1, &mut search.search("--run run.txt"));
    assert!(
        error.contains("line 1: there are 3 fields; expected TREC's four"),
        "{error}"
    );

    search.write("empty.jsonl", "{\"id\": \"d1\", \"text\": \"\"}\n");
    fs_err::remove_dir_all(search.at("index")).unwrap();
    ok(program()
        .args(["documents", "--quiet", "--index"])
        .arg(search.at("index"))
        .arg(search.at("empty.jsonl")));
    let error = fails(1, &mut search.search("--run run.txt"));
    assert!(
        error.contains("the index index holds no documents"),
        "{error}"
    );
    assert!(!error.contains("Exception"), "{error}");
}

#[test]
fn build_index_writes_neither_into_its_collection_nor_over_a_strange_log() {
    let search = Search::new();
    let collection = search.at("collection");
    ok(program()
        .args(["documents", "--quiet", "--output"])
        .arg(&collection)
        .arg(fixtures()));
    let build = |index: &Path| {
        let mut command = script("build_index.sh");
        command.arg(&collection).arg(index).arg("--overwrite");
        command
    };
    for index in [
        collection.clone(),
        collection.join("documents/index"),
        search.dir.path().into(),
    ] {
        let error = fails(1, &mut build(&index));
        assert!(error.contains("is to be written, but"), "{error}");
    }
    search.write("new.failed.log", "mine");
    let error = fails(1, &mut build(&search.at("new")));
    assert!(error.contains("is no log of this script"), "{error}");
}

/// Pyserini's relevance feedback gives the same hits for our index with the documents' JSON as for Anserini's index
/// with their vectors.
#[test]
fn relevance_feedback_needs_no_more_than_the_stored_json() {
    let search = Search::new();
    let fixtures = fixtures();
    ok(program()
        .args(["documents", "--quiet", "--store-raw", "--output"])
        .arg(search.at("collection"))
        .arg("--index")
        .arg(search.at("ours"))
        .arg(&fixtures));
    ok(program()
        .args(["topics", "--quiet", "--output"])
        .arg(search.at("topics.jsonl"))
        .arg(&fixtures));
    ok(script("build_index.sh")
        .arg(search.at("collection"))
        .arg(search.at("anserini"))
        .arg("--store-docvectors"));
    let java = std::env::var("JAVA_HOME").unwrap();
    let path = std::env::var("PATH").unwrap();
    for feedback in ["--rm3", "--rocchio"] {
        let run = |index: &str| {
            let run = search.at(&format!("{index}{feedback}.txt"));
            ok(
                Command::new(std::env::var_os("SPLADE_EXPORT_PYTHON").unwrap())
                    .args([
                        "-m",
                        "pyserini.search.lucene",
                        "--impact",
                        "--min-idf",
                        "-1",
                        feedback,
                    ])
                    .args([
                        "--topics",
                        "topics.jsonl",
                        "--encoder",
                        "topics.jsonl",
                        "--index",
                        index,
                    ])
                    .arg("--output")
                    .arg(&run)
                    .env("PATH", format!("{java}/bin:{path}"))
                    .env("CLASSPATH", std::env::var_os("ANSERINI_JAR").unwrap())
                    .env("ANSERINI_CLASSPATH", "none")
                    .env("OPENAI_API_KEY", "unused")
                    .current_dir(search.dir.path()),
            );
            fs_err::read_to_string(run).unwrap()
        };
        let ours = run("ours");
        assert!(ours.lines().count() > 1000, "{ours}");
        assert!(ours == run("anserini"), "{feedback} differs");
    }
}

// ---- a fresh clone ----------------------------------------------------------------------------------------------

/// Runs README's two commands in a clone that cannot be written to, whose name a shell has to quote, from another
/// folder, with cargo building elsewhere.
#[test]
fn the_two_commands_work_in_a_read_only_clone_from_another_folder() {
    let dir = tempfile::Builder::new()
        .prefix("it's a ")
        .tempdir()
        .unwrap();
    let (clone, elsewhere, target) = (
        dir.path().join("clone"),
        dir.path().join("elsewhere"),
        dir.path().join("target folder"),
    );
    clone_to(&clone);
    fs_err::create_dir(&elsewhere).unwrap();
    // The dependencies are built already.
    let built = cargo_bin("splade-export").parent().unwrap().to_owned();
    fs_err::create_dir_all(target.join("release")).unwrap();
    for name in ["deps", "build", ".fingerprint"] {
        ok(Command::new("cp")
            .arg("-a")
            .arg(built.join(name))
            .arg(target.join("release")));
    }
    ok(Command::new("chmod").args(["-R", "a-w"]).arg(&clone));
    let before = files(&clone);
    let run = |name: &str, arguments: &[&str]| {
        let mut command = Command::new(clone.join("scripts").join(name));
        command
            .args(arguments)
            .env("CARGO_TARGET_DIR", &target)
            .current_dir(&elsewhere);
        ok(&mut command)
    };
    let demo = run("demo.sh", &[]);
    assert!(demo.contains("nDCG@10      0.7226"), "{demo}");
    assert!(demo.contains("report       out/demo/report.html"), "{demo}");
    let page = fs_err::read_to_string(elsewhere.join("out/demo/report.html")).unwrap();
    assert!(
        page.contains("Expansion terms"),
        "the report has no expansions"
    );
    assert!(
        elsewhere.join("out/demo/index").exists(),
        "the results lie elsewhere"
    );
    // A few tests only: all of them would run this one again.
    let tests = run("test.sh", &["--lib", "impact"]);
    assert!(tests.contains("test result: ok"), "{tests}");
    // A user with all rights can write there, so what is there is compared too.
    assert!(
        files(&clone) == before,
        "something was written into the clone"
    );
    let mode = fs_err::metadata(&clone).unwrap().permissions().mode();
    ok(Command::new("chmod").args(["-R", "u+w"]).arg(&clone));
    assert_eq!(mode & 0o222, 0);
}
