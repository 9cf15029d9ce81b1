//! The documentation does what it says: its shell examples and those of every `--help` are run as printed.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use assert_cmd::cargo::cargo_bin;
use tempfile::TempDir;

use crate::common::{model_folder, ok, root, shared, tool};

/// A fenced block of a page.
#[derive(Debug, Default)]
struct Block {
    /// The words behind the fence: the language, then marks.
    info: String,
    body: String,
    /// Line of the opening fence.
    line: usize,
    /// The last line with text before the block, empty where another block is in between.
    before: String,
    /// What the `text` block right after says that the block prints.
    expected: Option<String>,
}

impl Block {
    fn is_shell(&self) -> bool {
        self.info == "sh" || self.info.starts_with("sh ")
    }

    /// Whether the page says that the tests cannot run it, which takes a reason.
    fn is_excused(&self, page: &Path) -> bool {
        let excused = self.info == "sh no-run";
        let place = format!("{}:{}", page.display(), self.line);
        if excused {
            assert!(
                self.before
                    .starts_with("*Not run by the tests of this page:"),
                "{place}: no reason on the line before"
            );
        } else {
            assert!(
                self.info == "sh" || self.needs().is_some(),
                "{place}: unknown mark in {:?}",
                self.info
            );
        }
        excused
    }

    /// The shared collection without which the block is passed over.
    fn needs(&self) -> Option<&str> {
        self.info.strip_prefix("sh needs=")
    }
}

/// Returns the blocks of a page of Markdown.
fn blocks(text: &str) -> Vec<Block> {
    let mut found: Vec<Block> = Vec::new();
    let mut open: Option<Block> = None;
    let mut before = String::new();
    for (line, number) in text.lines().zip(1..) {
        match &mut open {
            Some(_) if line == "```" => {
                let block = open.take().unwrap();
                match found.last_mut() {
                    Some(last) if block.info == "text" && block.before.is_empty() => {
                        last.expected = Some(block.body);
                    }
                    _ => found.push(block),
                }
                before.clear();
            }
            Some(block) => {
                block.body.push_str(line);
                block.body.push('\n');
            }
            None if line.starts_with("```") => {
                open = Some(Block {
                    info: line.trim_start_matches('`').to_owned(),
                    line: number,
                    before: std::mem::take(&mut before),
                    ..Block::default()
                });
            }
            None if !line.trim().is_empty() => line.clone_into(&mut before),
            None => {}
        }
    }
    assert!(open.is_none(), "a block is not closed");
    found
}

/// Makes a folder that has what a clone has, with a name that a shell has to quote.
fn clone() -> TempDir {
    let dir = tempfile::Builder::new()
        .prefix("a clone's ")
        .tempdir()
        .unwrap();
    for entry in fs_err::read_dir(root()).unwrap() {
        let entry = entry.unwrap();
        let name = entry.file_name();
        if name != "target" && name != "out" && name != ".git" {
            std::os::unix::fs::symlink(entry.path(), dir.path().join(name)).unwrap();
        }
    }
    dir
}

/// A shell in such a folder, with the program on PATH.
fn shell(dir: &Path, commands: &str) -> Command {
    let program = cargo_bin("splade-export");
    let mut path = program.parent().unwrap().as_os_str().to_owned();
    path.push(":");
    path.push(std::env::var_os("PATH").unwrap());
    let mut command = Command::new("bash");
    command
        .args(["-euo", "pipefail", "-c", commands])
        .current_dir(dir)
        .env("PATH", path)
        .env("SPLADE_EXPORT_MODEL", model_folder());
    command
}

fn quoted(path: &Path) -> String {
    format!("'{}'", path.to_str().unwrap().replace('\'', r"'\''"))
}

/// Runs the shell blocks of a page one after the other in one shell, and compares what they print. Returns the folder
/// they ran in, and all that was printed.
fn run_page(page: &Path) -> (TempDir, String) {
    let text = fs_err::read_to_string(page).unwrap();
    let dir = clone();
    let printed = tempfile::tempdir().unwrap();
    let mut commands = String::new();
    let mut to_compare = Vec::new();
    for block in blocks(&text) {
        if !block.is_shell() || block.is_excused(page) {
            continue;
        }
        if let Some(name) = block.needs() {
            let Some(data) = shared(&format!("data/{name}")) else {
                continue;
            };
            std::os::unix::fs::symlink(data, dir.path().join(name)).unwrap();
        }
        let output = printed.path().join(block.line.to_string());
        writeln!(
            commands,
            "echo line {} >&2\n{{\n{}}} >{}",
            block.line,
            block.body,
            quoted(&output)
        )
        .unwrap();
        to_compare.push((block, output));
    }
    println!("{}", page.display());
    ok(&mut shell(dir.path(), &commands));
    let mut all = String::new();
    for (block, output) in to_compare {
        let found = fs_err::read_to_string(output).unwrap();
        all.push_str(&found);
        if let Some(expected) = block.expected {
            assert_eq!(found, expected, "{}:{}", page.display(), block.line);
        }
    }
    (dir, all)
}

fn pages() -> Vec<PathBuf> {
    let docs = fs_err::read_dir(root().join("docs")).unwrap();
    let mut pages: Vec<_> = docs.map(|entry| entry.unwrap().path()).collect();
    pages.push(root().join("README.md"));
    pages.push(root().join("CONTRIBUTING.md"));
    pages.sort();
    pages
}

#[test]
fn the_shell_examples_of_the_guide_run_as_printed() {
    for page in pages() {
        if !page.ends_with("README.md") || page.parent() != Some(root()) {
            run_page(&page);
        }
    }
}

/// Runs README's examples, and compares the figures that its text gives for SciFact with what they made.
#[test]
fn the_shell_examples_of_the_readme_run_as_printed_and_give_its_figures() {
    let page = root().join("README.md");
    let (dir, printed) = run_page(&page);
    if !dir.path().join("scifact").exists() {
        return;
    }
    let text = fs_err::read_to_string(page).unwrap();
    let manifest = fs_err::read(dir.path().join("out/scifact/manifest.json")).unwrap();
    let manifest: serde_json::Value = serde_json::from_slice(&manifest).unwrap();
    let count = |name: &str| manifest["counts"][name].as_f64().unwrap();
    let sum = format!("{:.1}", count("impact_sum") / count("documents"));
    let words: Vec<_> = text.split_whitespace().collect();
    let words = words.join(" ");
    assert!(printed.contains("nDCG@10      0.6436"), "{printed}");
    assert!(words.contains("nDCG@10 0.6436"));
    let (thousands, rest) = sum.split_at(sum.len() - 5);
    let largest = (count("max_weight") * 1e4).round() / 1e4;
    for figure in [
        format!("{:.1} postings per", count("postings") / count("documents")),
        format!("impacts of {thousands},{rest} per"),
        format!("largest weight of {largest}"),
    ] {
        assert!(words.contains(&figure), "README does not say {figure:?}");
    }
}

#[test]
fn a_page_is_cut_into_blocks_with_their_marks_and_outputs() {
    let page = "Why.\n\n```sh no-run\na\n```\n\n```sh\nb\n```\n\n```text\nc\n```\n\nWords.\n\n```text\nd\n```\n";
    let found = blocks(page);
    assert_eq!(found.len(), 3);
    assert_eq!(
        (
            found[0].info.as_str(),
            found[0].before.as_str(),
            found[0].line
        ),
        ("sh no-run", "Why.", 3)
    );
    assert_eq!(found[1].expected.as_deref(), Some("c\n"));
    assert_eq!(
        (found[2].info.as_str(), found[2].body.as_str()),
        ("text", "d\n")
    );
}

/// Returns the lines of a help text's last section, which holds the examples.
fn examples(help: &str) -> String {
    let lines = help
        .lines()
        .skip_while(|line| !matches!(*line, "Example:" | "Examples:" | "Example"));
    lines
        .skip(1)
        .map_while(|line| line.strip_prefix("  "))
        .fold(String::new(), |text, line| text + line + "\n")
}

#[test]
fn the_examples_of_every_help_text_run_as_printed() {
    let help = ok(tool().arg("--help"));
    let commands = help
        .lines()
        .skip_while(|line| *line != "Commands:")
        .skip(1)
        .map_while(|line| line.strip_prefix("  "))
        .filter(|line| !line.starts_with(' '))
        .filter_map(|line| line.split_whitespace().next())
        .filter(|name| *name != "help");
    let mut texts: Vec<_> = commands
        .map(|name| (name.to_owned(), ok(tool().args([name, "--help"]))))
        .collect();
    assert!(texts.len() >= 6, "{help}");
    for name in ["evaluate.sh", "build_index.sh"] {
        texts.push((
            name.to_owned(),
            ok(crate::common::script(name).arg("--help")),
        ));
    }
    for (name, help) in texts {
        let examples = examples(&help);
        assert!(!examples.is_empty(), "{name} --help has no example");
        ok(&mut shell(clone().path(), &examples));
    }
}

/// Returns the long options that a text names.
fn options(text: &str) -> BTreeSet<&str> {
    let words = text.split(|c: char| !(c.is_ascii_alphanumeric() || c == '-'));
    words
        .filter(|word| {
            word.strip_prefix("--")
                .is_some_and(|name| name.starts_with(|c: char| c.is_ascii_lowercase()))
        })
        .collect()
}

#[test]
fn the_page_of_options_has_every_option_and_no_other() {
    let page = fs_err::read_to_string(root().join("docs/options.md")).unwrap();
    let tables: Vec<_> = page.lines().filter(|line| line.starts_with('|')).collect();
    let tables = tables.join("\n");
    let mut known = BTreeSet::new();
    for name in [
        "documents",
        "convert",
        "plan",
        "topics",
        "explain",
        "index",
        "join",
        "verify",
        "model",
        "setup",
        "report",
    ] {
        let help = ok(tool().args([name, "--help"]));
        let lines = help.lines().map(str::trim_start);
        for line in lines.filter(|line| line.starts_with('-')) {
            known.extend(options(line).into_iter().map(str::to_owned));
        }
    }
    known.remove("--help");
    let known: BTreeSet<_> = known.iter().map(String::as_str).collect();
    let missing: Vec<_> = known.difference(&options(&tables)).copied().collect();
    assert!(missing.is_empty(), "not in docs/options.md: {missing:?}");
    let strange: Vec<_> = options(&tables).difference(&known).copied().collect();
    assert!(strange.is_empty(), "no options any more: {strange:?}");
}

#[test]
fn every_link_between_pages_leads_to_a_file() {
    for page in pages() {
        let text = fs_err::read_to_string(&page).unwrap();
        let links = text
            .split("](")
            .skip(1)
            .filter_map(|rest| rest.split(')').next());
        for link in links.filter(|link| !link.contains("://")) {
            let file = link.split('#').next().unwrap();
            let target = page.parent().unwrap().join(file);
            assert!(target.exists(), "{}: {link}", page.display());
        }
    }
}
