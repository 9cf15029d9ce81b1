//! Input that somebody made to break the program, or that broke on its way: a clear error or the right result, never a
//! panic, in bounded memory.

use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::common::runs::Bench;
use crate::common::{fails, ok};
use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::Value;

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn zip(members: &[(&str, &[u8])]) -> Vec<u8> {
    let mut writer = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    let how = zip::write::SimpleFileOptions::default();
    for (name, bytes) in members {
        writer.start_file(*name, how).unwrap();
        writer.write_all(bytes).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

fn run(bench: &Bench, input: &Path, output: &str) -> Command {
    let mut command = bench.program();
    command
        .args([
            "documents",
            "--quiet",
            "--compress",
            "none",
            "--output",
            output,
        ])
        .arg(input);
    command
}

/// The docids of the collection made of these bytes.
fn docids(bench: &Bench, name: &str, bytes: &[u8]) -> Vec<String> {
    let input = bench.write(name, bytes);
    let output = format!("{name}-out");
    ok(&mut run(bench, &input, &output));
    let part =
        fs_err::read_to_string(bench.at(&output).join("documents/part-00000.jsonl")).unwrap();
    part.lines()
        .map(|line| {
            serde_json::from_str::<Value>(line).unwrap()["id"]
                .as_str()
                .unwrap()
                .to_owned()
        })
        .collect()
}

/// The error that these bytes end in.
fn error(bench: &Bench, name: &str, bytes: &[u8]) -> String {
    let input = bench.write(name, bytes);
    let error = fails(1, &mut run(bench, &input, "failed"));
    assert!(!error.contains("panicked"), "{error}");
    assert!(!bench.at("failed").exists(), "{name}");
    error
}

const LINE: &[u8] = b"{\"id\": \"a\", \"text\": \"b c\"}\n";

#[test]
fn compressed_files() {
    let bench = Bench::new(0);
    let members = [
        gzip(LINE),
        gzip(b""),
        gzip(
            &String::from_utf8_lossy(LINE)
                .replace("\"a\"", "\"z\"")
                .into_bytes(),
        ),
    ];
    assert_eq!(docids(&bench, "members.gz", &members.concat()), ["a", "z"]);
    let whole = gzip(LINE);
    for cut in [3, 12, whole.len() - 9, whole.len() - 1] {
        let error = error(&bench, "cut.jsonl.gz", &whole[..cut]);
        assert!(
            error.contains("cut.jsonl.gz: reading failed near line"),
            "{cut}: {error}"
        );
    }
    let mut wrong = whole.clone();
    let crc = wrong.len() - 7;
    wrong[crc] ^= 1;
    assert!(error(&bench, "crc.gz", &wrong).contains("crc.gz: reading failed"));
    assert!(
        error(&bench, "tail.gz", &[&whole[..], b"tail"].concat())
            .contains("tail.gz: reading failed")
    );

    let archive = zip(&[("set/corpus.jsonl", LINE)]);
    assert_eq!(docids(&bench, "set.zip", &archive), ["a"]);
    for cut in [10, 40, archive.len() / 2, archive.len() - 5] {
        let error = error(&bench, "cut.zip", &archive[..cut]);
        assert!(error.contains("not a usable zip archive"), "{cut}: {error}");
    }
    // Sizes that lie, in the central directory: 24 bytes after its signature is the uncompressed size.
    let directory = archive.windows(4).position(|w| w == b"PK\x01\x02").unwrap();
    for (at, value) in [(24, 5_u32), (24, 500), (20, 5), (16, 77), (42, 9)] {
        let mut lying = archive.clone();
        lying[directory + at..directory + at + 4].copy_from_slice(&value.to_le_bytes());
        let error = error(&bench, "lying.zip", &lying);
        assert!(error.contains("lying.zip"), "{error}");
    }
    // More compressed bytes than there are: what is read is whole and has the promised CRC-32.
    let mut lying = archive.clone();
    lying[directory + 20..directory + 24].copy_from_slice(&5000_u32.to_le_bytes());
    assert_eq!(docids(&bench, "long.zip", &lying), ["a"]);
    let names: [(&str, &[u8]); 3] = [
        ("../../up.jsonl", LINE),
        ("/root.jsonl", b""),
        ("c:\\d.jsonl", b""),
    ];
    assert_eq!(
        docids(&bench, "names.zip", &zip(&names)),
        ["a"],
        "names are never used as paths"
    );
    assert!(!bench.at("../../up.jsonl").exists());
    assert!(error(&bench, "empty.zip", &zip(&[])).contains("nothing to read"));
    assert!(error(&bench, "other.zip", &zip(&[("a.exe", b"MZ")])).contains("nothing to read"));
}

#[test]
fn texts_and_docids() {
    let bench = Bench::new(0);
    // A byte order mark, both line ends, no end at all, blank lines.
    let lines = b"\xEF\xBB\xBF{\"id\": 7, \"text\": \"a\"}\r\n\r\n  \n{\"id\": -8, \"text\": \"b\"}\n{\"id\": \"07\", \"text\": \"\"}";
    assert_eq!(docids(&bench, "ends.jsonl", lines), ["7", "-8", "07"]);
    // The same letter in two Unicode forms, scripts from right to left, zero width, an emoji: all of them are themselves.
    let ids = [
        "caf\u{e9}",
        "cafe\u{301}",
        "\u{5e9}\u{5dc}\u{5d5}\u{5dd}",
        "a\u{200b}b",
        "ab",
        "\u{1f600}",
        "\u{202e}x",
    ];
    let lines: String = ids
        .iter()
        .map(|id| format!("{{\"id\": \"{id}\", \"text\": \"{id} \u{200f}\\u0000 \u{fffd}\"}}\n"))
        .collect();
    assert_eq!(docids(&bench, "unicode.jsonl", lines.as_bytes()), ids);
    // Numbers of any size are the text they are.
    let large = b"{\"id\": 18446744073709551615, \"text\": \"\"}\n{\"id\": -9223372036854775808, \"text\": \"\"}\n";
    assert_eq!(
        docids(&bench, "large.jsonl", large),
        ["18446744073709551615", "-9223372036854775808"]
    );

    for (name, line, expected) in [
        (
            "lone",
            &b"{\"id\": \"a\", \"text\": \"\\ud800\"}"[..],
            "lone:1: not valid JSON: ",
        ),
        (
            "lone-id",
            b"{\"id\": \"\\udc00x\", \"text\": \"\"}",
            "lone-id:1: not valid JSON",
        ),
        (
            "nul",
            b"{\"id\": \"a\", \"text\": \"\0\"}",
            "nul:1: not valid JSON",
        ),
        (
            "nul-id",
            b"{\"id\": \"a\\u0000\", \"text\": \"\"}",
            "white space or a control character",
        ),
        ("nuls", &[0; 4096], "nuls: the format cannot be told"),
        (
            "utf16",
            b"\xFF\xFE{\0\"\0i\0",
            "utf16: this is text in UTF-16",
        ),
        (
            "float-id",
            b"{\"id\": 1e3, \"text\": \"\"}",
            "a fractional number",
        ),
        (
            "huge-id",
            b"{\"id\": 18446744073709551616, \"text\": \"\"}",
            "huge-id:1: ",
        ),
        (
            "bad-utf8",
            b"{\"id\": \"a\", \"text\": \"\xC3\"}",
            "not UTF-8 (byte 22",
        ),
        (
            "no-object",
            b"{\"id\": \"a\", \"text\": {\"a\": 1}}",
            "must be a string, this is an object",
        ),
    ] {
        let error = error(&bench, name, line);
        assert!(error.contains(expected), "{name}: {error}");
    }
    let deep = format!(
        "{{\"id\": \"a\", \"text\": \"\", \"x\": {}{}}}",
        "[".repeat(200_000),
        "]".repeat(200_000)
    );
    assert!(error(&bench, "deep", deep.as_bytes()).contains("recursion limit"));
    let long = format!("{{\"id\": \"{}\", \"text\": \"\"}}", "x".repeat(40_000));
    assert!(error(&bench, "long-id", long.as_bytes()).contains("Lucene takes at most 32766"));
}

/// Runs with so many kilobytes of address space beyond what the program needs, or fails.
#[cfg(target_os = "linux")]
fn peak_kb(child: &mut std::process::Child) -> u64 {
    let mut peak = 0;
    while child.try_wait().unwrap().is_none() {
        if let Ok(status) = fs_err::read_to_string(format!("/proc/{}/status", child.id()))
            && let Some(line) = status.lines().find(|line| line.starts_with("VmHWM:"))
        {
            let digits: String = line.chars().filter(char::is_ascii_digit).collect();
            peak = peak.max(digits.parse().unwrap_or(0));
        }
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    peak
}

/// What one line of a gigabyte, and a gigabyte out of a megabyte, do to memory.
#[cfg(target_os = "linux")]
#[test]
fn a_line_of_a_gigabyte_and_a_bomb_take_bounded_memory() {
    let bench = Bench::new(0);
    let mut command = run(&bench, Path::new("-"), "long");
    command.args(["--on-error", "skip", "--input-format", "jsonl"]);
    let mut child = command
        .stdin(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let feed = std::thread::spawn(move || {
        let block = vec![b'x'; 1 << 20];
        stdin.write_all(b"{\"id\": \"long\", \"text\": \"").unwrap();
        for _ in 0..1024 {
            stdin.write_all(&block).unwrap();
        }
        stdin.write_all(b"\"}\n").unwrap();
        stdin.write_all(LINE).unwrap();
    });
    let peak = peak_kb(&mut child);
    feed.join().unwrap();
    assert!(child.wait().unwrap().success());
    assert!(peak < 300 << 10, "{peak} kB");
    let rejected = fs_err::read_to_string(bench.at("long/rejected.jsonl")).unwrap();
    assert!(
        rejected.contains("longer than 64 MiB"),
        "{}",
        rejected.len()
    );
    assert_eq!(docids(&bench, "same.jsonl", LINE), ["a"]);
    let part = "documents/part-00000.jsonl";
    assert!(
        fs_err::read(bench.at("long").join(part)).unwrap()
            == fs_err::read(bench.at("same.jsonl-out").join(part)).unwrap()
    );

    let mut bomb = GzEncoder::new(Vec::new(), Compression::fast());
    let block = vec![b' '; 1 << 20];
    for _ in 0..1024 {
        bomb.write_all(&block).unwrap();
    }
    bomb.write_all(b"\n").unwrap();
    bomb.write_all(LINE).unwrap();
    let input = bench.write("bomb.jsonl.gz", bomb.finish().unwrap());
    let mut command = run(&bench, &input, "bomb");
    let mut child = command
        .args(["--on-error", "skip"])
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let peak = peak_kb(&mut child);
    assert!(child.wait().unwrap().success());
    assert!(peak < 300 << 10, "{peak} kB");
}

/// Changes to one file of the model, and what the error must say.
#[test]
fn model_files_that_lie() {
    let bench = Bench::new(3);
    let whole = |name: &str| fs_err::read(bench.at("model").join(name)).unwrap();
    let explain = |expected: &str| {
        let output = bench
            .program()
            .args(["explain", "abc def"])
            .output()
            .unwrap();
        let error = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(1), "{expected}: {error}");
        assert!(
            !error.contains("panicked") && error.contains(expected),
            "{expected}: {error}"
        );
    };

    let config = whole("config.json");
    let with = |key: &str, value: Value| {
        let mut changed: Value = serde_json::from_slice(&config).unwrap();
        changed[key] = value;
        fs_err::write(bench.at("model/config.json"), changed.to_string()).unwrap();
    };
    let most = Value::from(u64::MAX);
    for (key, value, expected) in [
        (
            "num_hidden_layers",
            most.clone(),
            "num_hidden_layers is 18446744073709551615",
        ),
        ("num_hidden_layers", 2.into(), "bert.encoder.layer.1"),
        ("hidden_size", most.clone(), "config.json"),
        ("hidden_size", 0.into(), ""),
        ("num_attention_heads", 0.into(), "0 heads"),
        (
            "num_attention_heads",
            3.into(),
            "cannot be cut into 3 heads",
        ),
        ("intermediate_size", most.clone(), "config.json"),
        ("vocab_size", most.clone(), "config.json"),
        ("vocab_size", 0.into(), ""),
        ("max_position_embeddings", most.clone(), "config.json"),
        ("max_position_embeddings", 0.into(), ""),
        (
            "hidden_act",
            "exec".into(),
            "activation \"exec\" is not supported",
        ),
        ("hidden_size", "8".into(), "config.json"),
        ("layer_norm_eps", "x".into(), "config.json"),
        (
            "model_type",
            "gpt2".into(),
            "architecture \"gpt2\" is not known",
        ),
    ] {
        with(key, value);
        explain(expected);
    }
    fs_err::write(bench.at("model/config.json"), "[".repeat(100_000)).unwrap();
    explain("config.json");
    fs_err::write(bench.at("model/config.json"), &config).unwrap();

    let weights = whole("model.safetensors");
    let header_len = u64::from_le_bytes(weights[..8].try_into().unwrap()) as usize;
    let header = String::from_utf8(weights[8..8 + header_len].to_vec()).unwrap();
    let file = |header: &str| {
        let mut bytes = (header.len() as u64).to_le_bytes().to_vec();
        bytes.extend_from_slice(header.as_bytes());
        bytes.extend_from_slice(&weights[8 + header_len..]);
        bytes
    };
    for (bytes, expected) in [
        (Vec::new(), "too short"),
        (weights[..header_len].to_vec(), "not a safetensors file"),
        (u64::MAX.to_le_bytes().repeat(4), "not a safetensors file"),
        (weights[..weights.len() - 1].to_vec(), "fetch it again"),
        ([&weights[..], b"x"].concat(), "fetch it again"),
        (
            file(&header.replacen("[57,8]", "[8,57]", 1)),
            "where config.json makes it",
        ),
        (
            file(&header.replacen("[57,8]", "[57,9]", 1)),
            "header is broken",
        ),
        (
            file(&header.replacen("[57,8]", "[9223372036854775807,9223372036854775807]", 1)),
            "header is broken",
        ),
        (
            file(&header.replacen("\"F32\"", "\"F64\"", 1)),
            "header is broken",
        ),
        (
            file(&header.replacen("\"data_offsets\":[0,", "\"data_offsets\":[8,", 1)),
            "header is broken",
        ),
        (file(&"[".repeat(200_000)), "header is broken"),
    ] {
        fs_err::write(bench.at("model/model.safetensors"), bytes).unwrap();
        explain(expected);
    }
    // Not a number among the weights.
    let mut bytes = weights.clone();
    for value in bytes[8 + header_len..].chunks_exact_mut(4) {
        value.copy_from_slice(&f32::NAN.to_le_bytes());
    }
    fs_err::write(bench.at("model/model.safetensors"), bytes).unwrap();
    explain("");
    fs_err::write(bench.at("model/model.safetensors"), &weights).unwrap();

    let tokenizer = String::from_utf8(whole("tokenizer.json")).unwrap();
    for (text, expected) in [
        (String::new(), "tokenizer.json"),
        ("{".repeat(100_000), "tokenizer.json"),
        (
            tokenizer[..tokenizer.len() / 2].to_owned(),
            "tokenizer.json",
        ),
        (
            tokenizer.replacen("WordPiece", "WordStone", 1),
            "tokenizer.json",
        ),
        (
            tokenizer.replacen("\"ids\":[2]", "\"ids\":[4000000000]", 1),
            "",
        ),
        // Tokens for which the model has no row.
        (tokenizer.replacen("\"a\":5", "\"a\":5000", 1), ""),
    ] {
        fs_err::write(bench.at("model/tokenizer.json"), text).unwrap();
        explain(expected);
    }
    fs_err::write(bench.at("model/tokenizer.json"), tokenizer).unwrap();
    ok(bench.program().args(["explain", "abc def"]));
}
