//! Chooses which files of a folder or an archive are read.

use std::fmt;
use std::path::Path;

use super::error::CorpusError;
use super::file_role::{FileRole, base_name};
use super::kind::CorpusKind;
use crate::quote::Name;

/// A file that is not read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SkippedFile {
    /// Its path; inside an archive `archive.zip!name`.
    pub name: String,
    /// Why it is not read.
    pub reason: &'static str,
}

impl fmt::Display for SkippedFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", Name(&self.name), self.reason)
    }
}

/// One file of a folder or an archive.
pub(super) struct Entry {
    pub name: String,
    pub kind: EntryKind,
}

#[derive(Clone, Copy, PartialEq)]
pub(super) enum EntryKind {
    Readable,
    Folder,
    /// Cannot be read: what it is, and what to do about it.
    Unreadable(&'static str, &'static str),
}

/// What is read of a folder or an archive.
#[derive(Debug, Default)]
pub(super) struct Chosen {
    /// Names of the files that are read, in their order.
    pub read: Vec<String>,
    /// What is not read.
    pub skipped: Vec<SkippedFile>,
}

impl Chosen {
    fn skip(&mut self, name: &str, reason: &'static str) {
        self.skipped.push(SkippedFile {
            name: name.to_owned(),
            reason,
        });
    }
}

/// Chooses the one file of a data set where there is one (the queries beside a corpus are no documents), else every
/// file whose name tells a format, in name order.
pub(super) fn choose(
    path: &Path,
    mut entries: Vec<Entry>,
    kind: CorpusKind,
) -> Result<Chosen, CorpusError> {
    entries.retain(|entry| {
        !base_name(&entry.name).starts_with('.') && !entry.name.starts_with("__MACOSX/")
    });
    entries.sort_by(|a, b| a.name.cmp(&b.name));
    match data_set_file(path, &entries, kind)? {
        Some(name) => Ok(choose_one(name, &entries)),
        None => choose_records(path, &entries, kind),
    }
}

/// Returns the name of the data set's file of this kind, if there is one.
fn data_set_file(
    path: &Path,
    entries: &[Entry],
    kind: CorpusKind,
) -> Result<Option<String>, CorpusError> {
    let role = FileRole::Of(kind);
    let found = entries
        .iter()
        .filter(|entry| entry.kind != EntryKind::Folder && FileRole::of(&entry.name) == role);
    let found: Vec<&Entry> = found.collect();
    let Some(&first) = found.first() else {
        return Ok(None);
    };
    // Of corpus.jsonl and corpus.jsonl.gz in one folder the first is taken. Two folders are two data sets, and one
    // without the other would be half of what was meant.
    let plain = |entry: &Entry| {
        entry
            .name
            .strip_suffix(".gz")
            .unwrap_or(&entry.name)
            .to_owned()
    };
    if found.iter().any(|entry| plain(entry) != plain(first)) {
        return Err(CorpusError::SeveralDatasets {
            path: path.to_owned(),
            names: found.iter().map(|entry| entry.name.clone()).collect(),
        });
    }
    if let EntryKind::Unreadable(found, remedy) = first.kind {
        return Err(unreadable(path, first, found, remedy));
    }
    Ok(Some(first.name.clone()))
}

/// Takes one file, and names the others that hold records.
fn choose_one(name: String, entries: &[Entry]) -> Chosen {
    let mut chosen = Chosen::default();
    for entry in entries.iter().filter(|entry| entry.name != name) {
        match FileRole::of(&entry.name) {
            FileRole::Records | FileRole::Unsupported(_, true) => {
                chosen.skip(&entry.name, "the file of the data set is read instead");
            }
            FileRole::Of(_) if base_name(&entry.name).starts_with(base_name(&name)) => {
                chosen.skip(&entry.name, "the same without .gz is read instead");
            }
            _ => {}
        }
    }
    chosen.read.push(name);
    chosen
}

/// Takes all files of records; refuses where one of them cannot be read.
fn choose_records(path: &Path, entries: &[Entry], kind: CorpusKind) -> Result<Chosen, CorpusError> {
    let mut chosen = Chosen::default();
    let mut others = Vec::new();
    for entry in entries {
        let role = FileRole::of(&entry.name);
        match (role, entry.kind) {
            (_, EntryKind::Folder) => chosen.skip(&entry.name, "a folder in a folder is not read"),
            (FileRole::Records, EntryKind::Readable) => chosen.read.push(entry.name.clone()),
            (FileRole::Records, EntryKind::Unreadable(found, remedy)) => {
                return Err(unreadable(path, entry, found, remedy));
            }
            (FileRole::Unsupported(what, true), _) => {
                return Err(unreadable(path, entry, what.found, what.remedy));
            }
            (FileRole::Of(other), _) => {
                others.push(entry.name.clone());
                let topics = "these are topics, not documents";
                let documents = "these are documents, not topics";
                chosen.skip(
                    &entry.name,
                    if other == CorpusKind::Topics {
                        topics
                    } else {
                        documents
                    },
                );
            }
            (FileRole::Qrels, _) => chosen.skip(&entry.name, "these are qrels"),
            (FileRole::Unsupported(..) | FileRole::Other, _) => {
                chosen.skip(&entry.name, "its name tells no format that is read");
            }
        }
    }
    if !chosen.read.is_empty() {
        return Ok(chosen);
    }
    if !others.is_empty() {
        return Err(CorpusError::OtherKind {
            path: path.to_owned(),
            names: others,
            found_kind: kind.other().plural(),
            wanted_kind: kind.plural(),
        });
    }
    Err(CorpusError::NothingToRead {
        path: path.to_owned(),
        wanted: kind.beir_file(),
        found: chosen.skipped.into_iter().map(|file| file.name).collect(),
    })
}

fn unreadable(
    path: &Path,
    entry: &Entry,
    found: &'static str,
    remedy: &'static str,
) -> CorpusError {
    CorpusError::UnreadableEntry {
        path: path.join(&entry.name),
        found,
        remedy,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn choice(names: &[&str], kind: CorpusKind) -> Result<Chosen, CorpusError> {
        let entries = names.iter().map(|name| Entry {
            name: (*name).to_owned(),
            kind: EntryKind::Readable,
        });
        choose(Path::new("x.zip"), entries.collect(), kind)
    }

    fn chosen(names: &[&str], kind: CorpusKind) -> Vec<String> {
        choice(names, kind).unwrap().read
    }

    fn refused(names: &[&str], kind: CorpusKind) -> String {
        choice(names, kind).unwrap_err().to_string()
    }

    #[test]
    fn several_datasets_are_refused() {
        let error = refused(&["a/corpus.jsonl", "b/corpus.jsonl"], CorpusKind::Documents);
        assert!(
            error.contains("x.zip") && error.contains("b/corpus.jsonl"),
            "{error}"
        );
        let both = ["a/corpus.jsonl", "a/corpus.jsonl.gz"];
        assert_eq!(chosen(&both, CorpusKind::Documents), ["a/corpus.jsonl"]);
        let error = refused(
            &["queries.dev.tsv", "queries.train.tsv", "collection.tsv"],
            CorpusKind::Topics,
        );
        assert!(error.contains("queries.train.tsv"), "{error}");
    }

    #[test]
    fn a_data_set_gives_its_corpus_or_its_queries() {
        let names = [
            "scifact/queries.jsonl",
            "scifact/corpus.jsonl",
            "scifact/qrels/test.tsv",
        ];
        assert_eq!(
            chosen(&names, CorpusKind::Documents),
            ["scifact/corpus.jsonl"]
        );
        assert_eq!(
            chosen(&names, CorpusKind::Topics),
            ["scifact/queries.jsonl"]
        );
        let names = ["collection.tsv", "qrels.dev.tsv", "queries.dev.tsv"];
        assert_eq!(chosen(&names, CorpusKind::Documents), ["collection.tsv"]);
        assert_eq!(chosen(&names, CorpusKind::Topics), ["queries.dev.tsv"]);
    }

    #[test]
    fn a_folder_of_the_other_kind_is_refused() {
        let error = refused(&["queries.jsonl"], CorpusKind::Documents);
        assert!(
            error.contains("it holds topics (queries.jsonl) and no documents"),
            "{error}"
        );
        let error = refused(&["corpus.jsonl", "qrels.tsv"], CorpusKind::Topics);
        assert!(
            error.contains("it holds documents (corpus.jsonl) and no topics"),
            "{error}"
        );
    }

    #[test]
    fn another_folder_gives_its_files_in_name_order_and_names_the_rest() {
        let names = [
            "b.tsv",
            "README.md",
            ".c.jsonl",
            "a.jsonl.gz",
            "notes.txt",
            "queries.jsonl",
        ];
        let choice = choice(&names, CorpusKind::Documents).unwrap();
        assert_eq!(choice.read, ["a.jsonl.gz", "b.tsv"]);
        let skipped: Vec<_> = choice.skipped.iter().map(|file| &*file.name).collect();
        assert_eq!(skipped, ["README.md", "notes.txt", "queries.jsonl"]);
        let error = refused(&["README.md"], CorpusKind::Documents);
        assert!(
            error.contains("nothing to read") && error.contains("(there is: README.md)"),
            "{error}"
        );
        let error = refused(&["a.jsonl", "b.jsonl.zst"], CorpusKind::Documents);
        assert!(
            error.contains("b.jsonl.zst: this is compressed with Zstandard"),
            "{error}"
        );
    }
}
