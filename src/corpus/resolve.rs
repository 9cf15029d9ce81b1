//! Finds the files behind the paths that a user names.

use std::io::Read;
use std::path::{Path, PathBuf};

use fs_err as fs;

use super::error::CorpusError;
use super::format::InputFormat;
use super::kind::CorpusKind;
use super::source::{Content, Source};
use super::zip_member::ZipMember;

impl Source {
    /// Finds the files behind `paths`, in the order given and in name order inside a folder or archive.
    ///
    /// # Errors
    /// Returns [`CorpusError`] where a path does not exist, holds nothing readable or is a broken archive.
    pub fn resolve(paths: &[PathBuf], kind: CorpusKind) -> Result<Vec<Self>, CorpusError> {
        let mut sources = Vec::new();
        let mut stdin_seen = false;
        for path in paths {
            if path == Path::new("-") {
                if std::mem::replace(&mut stdin_seen, true) {
                    return Err(CorpusError::StdinTwice);
                }
                sources.push(Self {
                    name: "-".into(),
                    content: Content::Stdin,
                });
                continue;
            }
            let meta = std::fs::metadata(path).map_err(|source| CorpusError::open(path, source))?;
            if meta.is_dir() {
                sources.extend(in_folder(path, kind)?);
            } else if meta.is_file() && is_zip(path)? {
                sources.extend(in_zip(path, kind)?);
            } else {
                sources.push(Self::file(path.clone()));
            }
        }
        Ok(sources)
    }
}

fn in_folder(folder: &Path, kind: CorpusKind) -> Result<Vec<Source>, CorpusError> {
    let mut names = Vec::new();
    for entry in fs::read_dir(folder).map_err(|e| CorpusError::open(folder, e))? {
        let entry = entry.map_err(|e| CorpusError::open(folder, e))?;
        // Follows links: Hugging Face folders are made of them.
        let is_file = std::fs::metadata(entry.path()).is_ok_and(|meta| meta.is_file());
        if let Ok(name) = entry.file_name().into_string()
            && is_file
        {
            names.push(name);
        }
    }
    let chosen = choose(folder, names, kind)?;
    Ok(chosen
        .into_iter()
        .map(|name| Source::file(folder.join(name)))
        .collect())
}

fn in_zip(path: &Path, kind: CorpusKind) -> Result<Vec<Source>, CorpusError> {
    let members = ZipMember::list(path)?;
    let names = members.iter().map(|member| member.name.clone()).collect();
    let chosen = choose(path, names, kind)?;
    Ok(chosen
        .into_iter()
        .filter_map(|name| members.iter().find(|member| member.name == name))
        .map(|member| Source {
            name: format!("{}!{}", path.display(), member.name).into(),
            content: Content::Zip(member.clone()),
        })
        .collect())
}

/// Chooses the BEIR file alone where there is one (the queries beside a corpus are no documents), else
/// every file whose name tells a format, in name order.
fn choose(
    path: &Path,
    mut names: Vec<String>,
    kind: CorpusKind,
) -> Result<Vec<String>, CorpusError> {
    let split = |name: &str| match name.rsplit_once('/') {
        Some((folder, base)) => (folder.to_owned(), base.to_owned()),
        None => (String::new(), name.to_owned()),
    };
    let base = |name: &str| split(name).1;
    names.retain(|name| !base(name).starts_with('.') && !name.starts_with("__MACOSX/"));
    names.sort();
    let is_beir = |name: &&String| kind.is_beir_file(&base(name));
    let beir: Vec<String> = names.iter().filter(is_beir).cloned().collect();
    if let Some(first) = beir.first() {
        // Of corpus.jsonl and corpus.jsonl.gz in one folder the first is taken; two folders are two
        // datasets, and one without the other would be half of what was meant.
        if beir.iter().any(|name| split(name).0 != split(first).0) {
            return Err(CorpusError::SeveralDatasets {
                path: path.to_owned(),
                names: beir,
            });
        }
        return Ok(vec![first.clone()]);
    }
    names.retain(|name| InputFormat::from_name(name).is_some());
    if names.is_empty() {
        return Err(CorpusError::NothingToRead {
            path: path.to_owned(),
            wanted: kind.beir_file(),
        });
    }
    Ok(names)
}

fn is_zip(path: &Path) -> Result<bool, CorpusError> {
    let mut head = Vec::new();
    fs::File::open(path)
        .and_then(|file| file.take(4).read_to_end(&mut head))
        .map_err(|e| CorpusError::open(path, e))?;
    Ok(head == b"PK\x03\x04" || head == b"PK\x05\x06")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chosen(names: &[&str], kind: CorpusKind) -> Option<Vec<String>> {
        let names = names.iter().map(ToString::to_string).collect();
        choose(Path::new("x"), names, kind).ok()
    }

    #[test]
    fn several_datasets_are_refused() {
        let names = ["a/corpus.jsonl", "b/corpus.jsonl"].map(str::to_owned);
        let error = choose(Path::new("x.zip"), names.to_vec(), CorpusKind::Documents);
        let error = error.unwrap_err().to_string();
        assert!(
            error.contains("x.zip") && error.contains("b/corpus.jsonl"),
            "{error}"
        );
        let both = ["a/corpus.jsonl", "a/corpus.jsonl.gz"];
        assert_eq!(
            chosen(&both, CorpusKind::Documents).unwrap(),
            ["a/corpus.jsonl"]
        );
    }

    #[test]
    fn a_beir_dataset_gives_its_corpus_or_its_queries() {
        let names = [
            "scifact/queries.jsonl",
            "scifact/corpus.jsonl",
            "scifact/qrels/test.tsv",
        ];
        assert_eq!(
            chosen(&names, CorpusKind::Documents).unwrap(),
            ["scifact/corpus.jsonl"]
        );
        assert_eq!(
            chosen(&names, CorpusKind::Topics).unwrap(),
            ["scifact/queries.jsonl"]
        );
    }

    #[test]
    fn another_folder_gives_its_files_in_name_order() {
        let names = ["b.tsv", "README.md", ".c.jsonl", "a.jsonl.gz"];
        assert_eq!(
            chosen(&names, CorpusKind::Documents).unwrap(),
            ["a.jsonl.gz", "b.tsv"]
        );
        assert_eq!(chosen(&["README.md"], CorpusKind::Documents), None);
    }
}
