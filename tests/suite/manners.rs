//! How commands end, and what they say meanwhile: closed pipes, signals, sizes, versions.

use std::io::{Read, Write};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use flate2::Compression;
use flate2::write::GzEncoder;
use splade_export::{CollectionError, LuceneError, Stop, verify_collection, verify_index};

use crate::common::runs::Bench;
use crate::common::{fails, ok, tool};

/// Runs the program with standard output closed at once, and standard error too if asked for; gives the exit code.
fn into_closed_pipes(command: &mut Command, errors_too: bool) -> Option<i32> {
    let closed = || {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        writer
    };
    command.stdout(closed());
    if errors_too {
        command.stderr(closed());
    }
    command.status().unwrap().code()
}

#[test]
fn a_damaged_collection_fails_also_where_nobody_reads_what_is_found() {
    let bench = Bench::new(60);
    ok(&mut bench.documents_with("out", &["--index", "out/index"]));
    let verify = |path: &str| {
        let mut command = bench.program();
        command.args(["verify", path]);
        command
    };
    for errors_too in [false, true] {
        assert_eq!(into_closed_pipes(&mut verify("out"), errors_too), Some(0));
    }
    let damaged = |what: &str, paths: &[&str]| {
        bench.damage(what);
        for path in paths {
            for errors_too in [false, true] {
                let code = into_closed_pipes(&mut verify(path), errors_too);
                assert_eq!(code, Some(1), "{what} {path}");
            }
        }
        bench.damage(what);
    };
    damaged("out/documents/part-00001.jsonl.gz", &["out"]);
    let files = bench.files("out/index").into_iter();
    let postings = files
        .map(|(name, _)| name)
        .find(|name| name.ends_with(".doc"));
    damaged(
        &format!("out/index/{}", postings.unwrap()),
        &["out", "out/index"],
    );
    // What only reports goes on, too.
    let mut documents = bench.program();
    documents.args(["documents", "corpus.jsonl", "--output", "again"]);
    assert_eq!(into_closed_pipes(&mut documents, true), Some(0));
    ok(&mut verify("again"));
}

/// Sends Ctrl-C, and gives the exit code and what was said.
#[cfg(target_os = "linux")]
fn interrupt(mut child: Child) -> (Option<i32>, String) {
    ok(Command::new("kill").args(["-s", "INT", &child.id().to_string()]));
    let code = child.wait().unwrap().code();
    let mut said = String::new();
    let mut stderr = child.stderr.take().unwrap();
    stderr.read_to_string(&mut said).unwrap();
    (code, said)
}

/// Waits until a process catches Ctrl-C.
#[cfg(target_os = "linux")]
fn wait_for_handler(child: &Child) {
    let status = format!("/proc/{}/status", child.id());
    loop {
        let text = fs_err::read_to_string(&status).unwrap();
        let caught = text.lines().find_map(|line| line.strip_prefix("SigCgt:"));
        let caught = u64::from_str_radix(caught.unwrap().trim(), 16).unwrap();
        if caught & (1 << (2 - 1)) != 0 {
            return;
        }
        std::thread::sleep(Duration::from_millis(5));
    }
}

#[cfg(target_os = "linux")]
#[test]
fn an_interrupted_index_leaves_nothing_in_the_way_and_says_so() {
    let bench = Bench::new(60);
    ok(&mut bench.documents_with("out", &["--compress", "none"]));
    // More documents than can be read in minutes, in a small file.
    let lines = fs_err::read(bench.at("out/documents/part-00000.jsonl")).unwrap();
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    for _ in 0..1000 {
        encoder.write_all(&lines).unwrap();
    }
    let member = encoder.finish().unwrap();
    fs_err::create_dir(bench.at("endless")).unwrap();
    bench.write("endless/documents.jsonl.gz", member.repeat(1000));

    let index = |collection: &str| {
        let mut command = bench.program();
        command.args(["index", collection, "--output", "ix"]);
        command
    };
    let child = index("endless").stderr(Stdio::piped()).spawn().unwrap();
    wait_for_handler(&child);
    let (code, said) = interrupt(child);
    assert_eq!(code, Some(130));
    assert_eq!(
        said.trim(),
        "interrupted; no index was made; the same command makes it from the beginning"
    );
    ok(&mut index("out"));
    ok(bench.program().args(["verify", "out", "--index", "ix"]));

    let mut report = bench.program();
    report.args(["report", "endless", "--output", "report.html"]);
    let child = report.stderr(Stdio::piped()).spawn().unwrap();
    wait_for_handler(&child);
    let said = "\ninterrupted; no report was written\n".to_owned();
    assert_eq!(interrupt(child), (Some(130), said));
    assert!(!bench.at("report.html").exists());
}

#[cfg(target_os = "linux")]
#[test]
fn an_interrupted_verification_says_so() {
    let bench = Bench::new(60);
    ok(&mut bench.documents_with("out", &["--compress", "none"]));
    // A part with a hole that takes minutes to read.
    let size = 1_u64 << 40;
    let part = bench.at("out/documents/part-00001.jsonl");
    let bytes = fs_err::metadata(&part).unwrap().len();
    let file = fs_err::File::options().write(true).open(&part).unwrap();
    file.set_len(size).unwrap();
    let manifest = fs_err::read_to_string(bench.at("out/manifest.json")).unwrap();
    let (from, to) = (
        format!("\"bytes\": {bytes},"),
        format!("\"bytes\": {size},"),
    );
    let changed = manifest.replace(&from, &to);
    let (from, to) = (
        format!("\"bytes\": {bytes}\n"),
        format!("\"bytes\": {size}\n"),
    );
    let changed = changed.replace(&from, &to);
    assert!(changed != manifest);
    bench.write("out/manifest.json", changed);
    let mut command = bench.program();
    command.args(["verify", "out"]).stderr(Stdio::piped());
    let child = command.spawn().unwrap();
    wait_for_handler(&child);
    let (code, said) = interrupt(child);
    assert_eq!(code, Some(130));
    assert_eq!(
        said.trim(),
        "interrupted; nothing was changed; the same command checks it from the beginning"
    );
}

/// An index with a file that takes minutes to read, as it has a hole.
#[cfg(target_os = "linux")]
fn endless_index(bench: &Bench, name: &str) {
    ok(&mut bench.index_with(name, &[]));
    let files = bench.files(name).into_iter();
    let values = files
        .map(|(file, _)| file)
        .find(|file| file.ends_with(".dvd"));
    let path = bench.at(name).join(values.unwrap());
    let file = fs_err::File::options().write(true).open(path).unwrap();
    file.set_len(1 << 40).unwrap();
}

#[cfg(target_os = "linux")]
#[test]
fn an_interrupted_command_on_indexes_says_so_and_leaves_nothing() {
    let bench = Bench::new(60);
    endless_index(&bench, "endless");
    for (arguments, said) in [
        (
            &["verify", "endless"][..],
            "interrupted; nothing was changed; the same command checks it from the beginning",
        ),
        (
            &["index", "--merge", "endless", "--output", "merged"],
            "interrupted; no index was made; the same command makes it from the beginning",
        ),
    ] {
        let mut command = bench.program();
        command.args(arguments).stderr(Stdio::piped());
        let child = command.spawn().unwrap();
        wait_for_handler(&child);
        assert_eq!(interrupt(child), (Some(130), format!("\n{said}\n")));
    }
    assert!(!bench.at("merged").exists());
}

/// The library's calls end by themselves, without the end of the program.
#[cfg(target_os = "linux")]
#[test]
fn a_stop_ends_the_check_of_an_index_and_of_a_collection() {
    let bench = Bench::new(60);
    endless_index(&bench, "endless");
    ok(&mut bench.documents_with("out", &["--compress", "none"]));
    let part = bench.at("out/documents/part-00001.jsonl");
    let bytes = fs_err::metadata(&part).unwrap().len();
    let manifest = fs_err::read_to_string(bench.at("out/manifest.json")).unwrap();
    let size = 1_u64 << 40;
    let changed = manifest.replace(
        &format!("\"bytes\": {bytes}"),
        &format!("\"bytes\": {size}"),
    );
    assert!(changed != manifest);
    bench.write("out/manifest.json", changed);
    let file = fs_err::File::options().write(true).open(&part).unwrap();
    file.set_len(size).unwrap();

    let index = bench.at("endless");
    let collection = bench.at("out");
    let (started, reading) = std::sync::mpsc::channel();
    let stop = Stop::default();
    let ended = std::thread::scope(|scope| {
        let of_index = scope.spawn(|| verify_index(&index, &stop).map(|_| ()));
        let of_collection = scope.spawn(|| {
            let tell = &mut |_, _| started.send(()).unwrap();
            verify_collection(&collection, &stop, tell).map(|_| ())
        });
        reading.recv().unwrap();
        stop.request();
        (of_index.join().unwrap(), of_collection.join().unwrap())
    });
    assert!(
        matches!(ended.0, Err(LuceneError::Interrupted(_))),
        "{ended:?}"
    );
    assert!(
        matches!(ended.1, Err(CollectionError::Interrupted(_))),
        "{ended:?}"
    );
}

#[test]
fn a_version_names_the_runtime_that_would_be_loaded() {
    let version = ok(tool().arg("--version"));
    let lines: Vec<_> = version.lines().collect();
    assert_eq!(lines.len(), 2, "{version}");
    assert_eq!(
        lines[0],
        format!("splade-export {}", env!("CARGO_PKG_VERSION"))
    );
    let found = lines[1].strip_prefix("ONNX Runtime 1.").unwrap();
    let library = std::env::var("ORT_DYLIB_PATH").unwrap_or_default();
    assert!(found.contains(&library), "{version}");

    let bench = Bench::new(0);
    let nothing = bench.write("nothing.so", "no library");
    for (path, expected) in [
        (bench.at("missing.so"), "no such file"),
        (nothing, "cannot be loaded"),
    ] {
        let version = ok(tool().arg("-V").env("ORT_DYLIB_PATH", path));
        let line = version.lines().nth(1).unwrap();
        assert!(
            line.starts_with("ONNX Runtime not found: ") && line.contains(expected),
            "{version}"
        );
    }
}

#[test]
fn a_text_of_standard_input_is_explained_as_one_of_the_command_line() {
    let bench = Bench::new(0);
    let given = ok(bench.program().args(["explain", "a bb ccc", "--json"]));
    for (bytes, code) in [
        (&b"a bb ccc"[..], 0),
        (b"a bb ccc\n", 0),
        (b"a bb ccc\r\n", 0),
        (b"a \xff", 1),
    ] {
        let input = bench.write("text", bytes);
        let mut command = bench.program();
        command.args(["explain", "-", "--json"]);
        command.stdin(std::fs::File::open(input).unwrap());
        if code == 0 {
            assert_eq!(ok(&mut command), given);
        } else {
            let error = fails(code, &mut command);
            assert!(
                error.contains("standard input: not UTF-8 (byte 3)"),
                "{error}"
            );
        }
    }
}

#[test]
fn sizes_have_units_and_bounds() {
    let bench = Bench::new(60);
    for (name, size) in [("plain", "1"), ("unit", "1MiB"), ("bytes", "1048576B")] {
        ok(&mut bench.index_with(name, &["--segment-memory", size]));
        assert!(bench.files(name) == bench.files("plain"));
    }
    ok(&mut bench.documents_with("out", &["--max-memory", "1.5GiB"]));
    for (option, size, expected) in [
        ("--segment-memory", "2G", "must be between 1M and 1G"),
        ("--max-memory", "1K", "must be between 1M and 1024T"),
        ("--max-memory", "1.5X", "must be a size such as"),
    ] {
        let error = fails(2, &mut bench.index_with("refused", &[option, size]));
        assert!(error.contains(expected) && error.contains(size), "{error}");
    }
}

/// Returns the names of the commands.
fn commands() -> Vec<String> {
    let help = ok(tool().arg("--help"));
    let lines = help.lines().skip_while(|line| *line != "Commands:").skip(1);
    let lines = lines.map_while(|line| line.strip_prefix("  "));
    let names = lines.filter_map(|line| line.split(' ').next());
    let names = names.filter(|name| !name.is_empty() && *name != "help");
    names.map(str::to_owned).collect()
}

#[test]
fn each_command_has_a_page_of_the_manual() {
    let dir = tempfile::tempdir().unwrap();
    let man = || {
        let mut command = tool();
        command.arg("man").arg(dir.path().join("man1"));
        command
    };
    ok(&mut man());
    let page = |name: &str| fs_err::read_to_string(dir.path().join("man1").join(name)).unwrap();
    assert!(page("splade-export.1").contains(".TH splade-export"));
    let commands = commands();
    assert!(commands.len() >= 12, "{commands:?}");
    for name in &commands {
        let page = page(&format!("splade-export-{name}.1"));
        assert!(
            page.contains(&format!("splade\\-export {name}"))
                || page.contains(&format!("splade\\-export\\-{name}")),
            "{page}"
        );
        assert!(page.contains(".SH SYNOPSIS"));
    }
    let pages = fs_err::read_dir(dir.path().join("man1")).unwrap().count();
    assert_eq!(pages, commands.len() + 1);
    // Nothing that exists is written over.
    let error = fails(1, &mut man());
    assert!(error.contains("never overwritten"), "{error}");
}

#[test]
fn shells_get_completions() {
    let dir = tempfile::tempdir().unwrap();
    for (shell, check) in [("bash", &["bash", "-n"][..]), ("zsh", &[]), ("fish", &[])] {
        let script = ok(tool().args(["completions", shell]));
        for name in commands() {
            assert!(script.contains(&name), "{shell}: {name}");
        }
        assert!(script.contains("part-size"), "{shell}");
        if let Some((program, options)) = check.split_first() {
            let path = dir.path().join(shell);
            fs_err::write(&path, script).unwrap();
            ok(Command::new(program).args(options).arg(path));
        }
    }
    fails(2, tool().args(["completions", "tcl"]));
    // What bash offers behind the beginning of a command, of an option and of a value.
    for (words, expected) in [
        ("ver", "verify"),
        ("verify --qu", "--quiet"),
        ("documents --compress g", "gzip"),
    ] {
        let last = words.split(' ').next_back().unwrap();
        let asked = format!(
            "source '{}'; COMP_WORDS=(splade-export {words}); COMP_CWORD=$((${{#COMP_WORDS[@]}} - 1)); \
             _splade__export splade-export {last} \"${{COMP_WORDS[COMP_CWORD - 1]}}\"; echo \"${{COMPREPLY[@]}}\"",
            dir.path().join("bash").display()
        );
        assert_eq!(
            ok(Command::new("bash").args(["-c", &asked])).trim(),
            expected
        );
    }
}

#[test]
fn a_message_has_one_cause_and_one_place() {
    let bench = Bench::new(60);
    bench.write("array.jsonl", "[]\n");
    let missing: &[&[&str]] = &[
        &["verify", "nowhere"],
        &["report", "nowhere", "--output", "x.html"],
        &["index", "nowhere", "--output", "x"],
        &["join", "nowhere", "--output", "x"],
        &["documents", "nowhere", "--output", "x"],
        &["topics", "nowhere", "--output", "x.tsv"],
        &["plan", "nowhere", "--output", "x.json"],
    ];
    for arguments in missing {
        let error = fails(1, bench.program().args(*arguments));
        assert_eq!(error.matches("nowhere").count(), 1, "{error}");
        assert_eq!(error.matches("No such file").count(), 1, "{error}");
        assert!(!error.contains("manifest"), "{error}");
    }
    let error = fails(1, bench.program().args(["verify", "corpus.jsonl"]));
    assert!(
        error.contains("corpus.jsonl: this is a file; name the folder"),
        "{error}"
    );
    for command in [&["index", "array.jsonl"][..], &["report", "array.jsonl"]] {
        let mut command_line = bench.program();
        let error = fails(1, command_line.args(command).args(["--output", "x"]));
        let cause = "not a document of a JsonVectorCollection";
        assert_eq!(error.matches(cause).count(), 1, "{error}");
    }
}

#[test]
fn foreign_text_of_any_length_does_not_flood_a_terminal() {
    let bench = Bench::new(1);
    let long = "\u{1b}[31m".repeat(1_000_000);
    let config = serde_json::json!({"model_type": long, "architectures": [long]});
    bench.write("model/config.json", config.to_string());
    let error = fails(1, &mut bench.documents("out"));
    assert!(error.len() < 10_000, "{} bytes", error.len());
    assert!(
        !error.contains('\u{1b}') && error.contains("config.json"),
        "{error}"
    );
}
