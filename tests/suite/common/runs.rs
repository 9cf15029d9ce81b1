//! Running the program on made data with the made model.

use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

use assert_cmd::cargo::CommandCargoExt;
use tempfile::TempDir;

use super::tiny_model;

/// A folder with the made model and a made corpus.
pub struct Bench {
    pub dir: TempDir,
}

impl Bench {
    /// `documents` documents.
    pub fn new(documents: usize) -> Self {
        let dir = tempfile::tempdir().unwrap();
        tiny_model::write(&dir.path().join("model"), 1);
        fs_err::write(dir.path().join("corpus.jsonl"), corpus(documents)).unwrap();
        Self { dir }
    }

    pub fn at(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    pub fn write(&self, name: &str, bytes: impl AsRef<[u8]>) -> PathBuf {
        fs_err::write(self.at(name), bytes).unwrap();
        self.at(name)
    }

    /// The program, run inside the folder: what is written does not depend on where that is.
    pub fn program(&self) -> Command {
        let mut command = Command::cargo_bin("splade-export").unwrap();
        command
            .env("SPLADE_EXPORT_MODEL", self.at("model"))
            .current_dir(self.dir.path());
        command
    }

    /// `documents corpus.jsonl`, parts of 20.
    pub fn documents(&self, output: &str) -> Command {
        self.documents_with(output, &[])
    }

    /// The same with more options, which may be given another value.
    pub fn documents_with(&self, output: &str, args: &[&str]) -> Command {
        let mut command = self.program();
        command.args(["documents", "corpus.jsonl", "--quiet", "--output", output]);
        for (option, value) in [("--part-size", "20"), ("--threads", "1")] {
            if !args.contains(&option) {
                command.args([option, value]);
            }
        }
        command.args(args);
        command
    }

    /// The same into an index alone.
    pub fn index_with(&self, index: &str, args: &[&str]) -> Command {
        let mut command = self.program();
        command.args(["documents", "corpus.jsonl", "--quiet", "--index", index]);
        command
            .args(["--part-size", "20", "--threads", "1"])
            .args(args);
        command
    }

    pub fn files(&self, name: &str) -> Vec<(String, Vec<u8>)> {
        files(&self.at(name))
    }

    /// Flips a byte in the middle of a file.
    pub fn damage(&self, name: &str) {
        let mut bytes = fs_err::read(self.at(name)).unwrap();
        let middle = bytes.len() / 2;
        bytes[middle] ^= 1;
        fs_err::write(self.at(name), bytes).unwrap();
    }
}

/// Lines of words of different lengths, some without a word; the same each time.
pub fn corpus(documents: usize) -> String {
    let mut text = String::new();
    for i in 0..documents {
        let words: Vec<String> = (0..(i * 7) % 20)
            .map(|w| {
                char::from(b'a' + ((i + w * w) % 26) as u8)
                    .to_string()
                    .repeat(1 + w % 4)
            })
            .collect();
        writeln!(
            text,
            "{{\"id\": \"d{i}\", \"text\": \"{}\"}}",
            words.join(" ")
        )
        .unwrap();
    }
    text
}

/// Every file below a folder, by name.
pub fn files(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in fs_err::read_dir(next).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let name = path.strip_prefix(folder).unwrap().display().to_string();
                found.push((name, fs_err::read(path).unwrap()));
            }
        }
    }
    found.sort();
    found
}
