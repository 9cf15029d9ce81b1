//! scripts/setup.sh: what it fetches, checks and removes.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

use assert_cmd::cargo::cargo_bin;

use crate::common::{fails, model_folder, ok, root, script};

fn setup(cache: &Path, arguments: &[&str]) -> Command {
    let mut command = script("setup.sh");
    command.args(arguments).env("SPLADE_EXPORT_CACHE", cache);
    command
}

#[test]
fn setup_removes_only_what_it_made() {
    let dir = tempfile::tempdir().unwrap();
    let cache = dir.path();
    for name in ["tmp", "java", ".splade-export-setup.mine"] {
        fs_err::create_dir(cache.join(name)).unwrap();
        fs_err::write(cache.join(name).join("thesis.tex"), "years of work").unwrap();
    }
    let leftover = cache.join(".splade-export-setup.killed");
    fs_err::create_dir(&leftover).unwrap();
    fs_err::write(leftover.join("temporary-folder-of-splade-export-setup"), "").unwrap();

    let error = fails(1, &mut setup(cache, &["java"]));
    assert!(
        error.contains("was not made by scripts/setup.sh"),
        "{error}"
    );
    ok(&mut setup(cache, &["model"]));
    assert!(
        !leftover.exists(),
        "what a killed setup left is still there"
    );
    for name in ["tmp", "java", ".splade-export-setup.mine"] {
        assert!(
            cache.join(name).join("thesis.tex").exists(),
            "{name} is gone"
        );
    }
}

#[test]
fn setup_lets_a_built_program_fetch_and_does_it_itself_where_that_fails() {
    let dir = tempfile::tempdir().unwrap();
    let release = dir.path().join("target/release");
    fs_err::create_dir_all(&release).unwrap();
    let program = release.join("splade-export");
    let mark = dir.path().join("mark");
    let real = cargo_bin("splade-export");
    for (name, end) in [
        ("whole", format!("exec '{}' \"$@\"", real.display())),
        ("failing", "exit 1".to_owned()),
    ] {
        let lines = format!("#!/bin/sh\necho \"$*\" >'{}'\n{end}\n", mark.display());
        fs_err::write(&program, lines).unwrap();
        fs_err::set_permissions(&program, PermissionsExt::from_mode(0o755)).unwrap();
        let cache = dir.path().join(name);
        ok(setup(&cache, &["model"]).env("CARGO_TARGET_DIR", dir.path().join("target")));
        assert_eq!(
            fs_err::read_to_string(&mark).unwrap(),
            "setup --quiet model\n"
        );
        fs_err::remove_file(&mark).unwrap();
        ok(&mut setup(&cache, &["--check"]));
        let found = fs_err::read(cache.join("models/splade-tiny/config.json")).unwrap();
        assert!(found == fs_err::read(model_folder().join("config.json")).unwrap());
    }
}

#[test]
fn setup_finds_damaged_files_and_makes_them_anew() {
    let dir = tempfile::tempdir().unwrap();
    let cache = dir.path();
    ok(&mut setup(cache, &["model"]));
    ok(&mut setup(cache, &["--check"]));
    let weights = cache.join("models/splade-tiny/model.safetensors");
    let whole = fs_err::read(&weights).unwrap();

    let mut damaged = whole.clone();
    damaged[whole.len() / 2] ^= 1;
    fs_err::write(&weights, damaged).unwrap();
    let error = fails(1, &mut setup(cache, &["--check"]));
    assert!(error.contains("model.safetensors: FAILED"), "{error}");
    assert!(error.contains("scripts/setup.sh --force model"), "{error}");
    ok(&mut setup(cache, &["--force", "model"]));
    assert!(fs_err::read(&weights).unwrap() == whole);

    // A truncated file is found without hashing.
    fs_err::write(&weights, &whole[..1000]).unwrap();
    ok(&mut setup(cache, &["model"]));
    assert!(fs_err::read(&weights).unwrap() == whole);
}

#[test]
fn setup_finds_a_piece_in_each_file_and_refuses_unknown_ones() {
    let dir = tempfile::tempdir().unwrap();
    let help = ok(&mut setup(dir.path(), &["--help"]));
    let pieces = fs_err::read_dir(root().join("scripts/setup")).unwrap();
    for piece in pieces.map(|entry| entry.unwrap().path()) {
        if piece.extension().is_some_and(|extension| extension == "sh") {
            let name = piece.file_stem().unwrap().to_str().unwrap().to_owned();
            assert!(help.contains(&format!("\n  {name} ")), "{name}: {help}");
        }
    }
    for arguments in [
        &["nonsense"][..],
        &["--print-env", "model"],
        &["--check", "--force"],
    ] {
        fails(2, &mut setup(dir.path(), arguments));
    }
}
