//! The Python wheel, installed into an empty environment.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::common::{fixtures, model_folder, ok, program, root, script};

/// Builds the wheel for this machine and installs it, without the network; returns the environment's folder.
fn installed(dir: &Path) -> PathBuf {
    ok(script("build_wheel.sh")
        .args(["--native", "--output"])
        .arg(dir.join("dist")));
    let wheel = fs_err::read_dir(dir.join("dist")).unwrap().next();
    let wheel = wheel.unwrap().unwrap().path();
    // A published one is to stay below what people wait for.
    assert!(fs_err::metadata(&wheel).unwrap().len() < 30 << 20);
    let python = std::env::var_os("PYTHON").unwrap_or("python3".into());
    let environment = dir.join("venv");
    ok(Command::new(python).args(["-m", "venv"]).arg(&environment));
    ok(Command::new(environment.join("bin/pip"))
        .args(["install", "--quiet", "--no-index"])
        .arg(wheel));
    environment
}

/// A command that finds ONNX Runtime nowhere but in the package.
fn alone(program: &Path) -> Command {
    let mut command = Command::new(program);
    command
        .env_remove("ORT_DYLIB_PATH")
        .env_remove("PYTHONPATH")
        .env("SPLADE_EXPORT_CACHE", "/nonexistent");
    command
}

#[test]
fn the_wheel_has_the_command_the_module_and_onnx_runtime() {
    let dir = tempfile::tempdir().unwrap();
    let at = |name: &str| dir.path().join(name);
    let environment = installed(dir.path());

    let command = environment.join("bin/splade-export");
    let corpus = fixtures().join("corpus.jsonl");
    let documents = |output: &str, step: &str| {
        let mut command = alone(&command);
        command
            .args(["documents", "--quiet", "--compress", "none", "--step", step])
            .arg(&corpus)
            .arg("--model")
            .arg(model_folder())
            .arg("--output")
            .arg(at(output));
        command
    };
    ok(&mut documents("weights", "none"));
    ok(documents("impacts", "0.1").arg("--index").arg(at("index")));
    // Exit codes are the program's own.
    let again = documents("impacts", "0.1").output().unwrap();
    assert_eq!(again.status.code(), Some(1));
    let wrong = alone(&command).arg("--no-such-flag").output().unwrap();
    assert_eq!(wrong.status.code(), Some(2));
    ok(program()
        .args(["topics", "--quiet", "--output"])
        .arg(at("topics.jsonl"))
        .arg(fixtures().join("queries.jsonl")));

    let checked = ok(alone(&environment.join("bin/python"))
        .arg(root().join("tests/python/module.py"))
        .arg(model_folder())
        .arg(&corpus)
        .arg(at("weights/documents/part-00000.jsonl"))
        .arg(at("impacts/documents/part-00000.jsonl"))
        .arg(at("topics.jsonl")));
    assert_eq!(checked, "checked\n");
    ok(alone(&environment.join("bin/python"))
        .env("SPLADE_EXPORT_MODEL", model_folder())
        .args(["-c", &examples()]));
    pyserini_takes_the_query_encoder(&environment, &at("index"), &at("topics.jsonl"));
    the_functions_write_what_the_commands_write(&environment, &at("exports"));
}

/// Compares what the functions of the module write with what the program writes.
fn the_functions_write_what_the_commands_write(environment: &Path, folder: &Path) {
    fs_err::create_dir_all(folder.join("made")).unwrap();
    let corpus = fixtures().join("corpus.jsonl");
    fs_err::copy(
        fixtures().join("queries.jsonl"),
        folder.join("queries.jsonl"),
    )
    .unwrap();
    let documents = |arguments: &[&str]| {
        ok(program()
            .current_dir(folder)
            .args(["documents", "--quiet", "--part-size", "20"])
            .arg(&corpus)
            .args(arguments));
    };
    documents(&["--output", "whole", "--index", "whole-index"]);
    documents(&["--output", "weights", "--step", "none"]);
    ok(program().current_dir(folder).args([
        "topics",
        "queries.jsonl",
        "--quiet",
        "--output",
        "topics.jsonl",
    ]));
    let checked = ok(alone(&environment.join("bin/python"))
        .current_dir(folder.join("made"))
        .env("SPLADE_EXPORT_MODEL", model_folder())
        .arg(root().join("tests/python/exports.py"))
        .arg(model_folder())
        .arg(&corpus)
        .arg(folder));
    assert_eq!(checked, "checked\n");
}

/// The programs in docs/python.md, one after the other.
fn examples() -> String {
    let page = fs_err::read_to_string(root().join("docs/python.md")).unwrap();
    let blocks = page.split("```python\n").skip(1);
    blocks
        .map(|block| block.split_once("```").unwrap().0)
        .collect()
}

/// Runs Pyserini's searcher in its own environment, to which the package is lent.
fn pyserini_takes_the_query_encoder(environment: &Path, index: &Path, topics: &Path) {
    let pyserini = std::env::var_os("SPLADE_EXPORT_PYTHON").unwrap();
    let packages = ok(Command::new(environment.join("bin/python")).args([
        "-c",
        "import sysconfig; print(sysconfig.get_path('platlib'))",
    ]));
    let java = std::env::var("JAVA_HOME").unwrap();
    let path = std::env::var("PATH").unwrap();
    let found = ok(Command::new(pyserini)
        .env("PATH", format!("{java}/bin:{path}"))
        .env("CLASSPATH", std::env::var_os("ANSERINI_JAR").unwrap())
        .env("PYTHONPATH", packages.trim())
        .arg(root().join("tests/python/pyserini_run.py"))
        .arg(model_folder())
        .arg(index)
        .arg(topics));
    assert!(found.contains("lines are equal"), "{found}");
}
