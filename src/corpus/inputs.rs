//! Finds the files behind the paths that a user names.

use std::io::Read;
use std::path::{Path, PathBuf};

use super::error::CorpusError;
use super::file_choice::{Entry, EntryKind, SkippedFile, choose};
use super::kind::CorpusKind;
use super::source::{Content, Source};
use super::zip_member::ZipMember;
use crate::regular_file::FileKind;

/// The files that are read, and those beside them that are not.
#[derive(Debug, Clone, Default)]
pub struct Inputs {
    /// What is read, in this order.
    pub sources: Vec<Source>,
    /// What is not read of the folders and archives that were named, apart from hidden files.
    pub skipped: Vec<SkippedFile>,
}

impl Inputs {
    /// Finds the files behind `paths`, in the order given and in name order inside a folder or archive.
    ///
    /// # Errors
    /// Returns [`CorpusError`] where a path does not exist, holds nothing readable or is a broken archive, and where
    /// a file in it that looks like a part of the input cannot be read.
    pub fn find(paths: &[PathBuf], kind: CorpusKind) -> Result<Self, CorpusError> {
        let mut inputs = Self::default();
        for path in paths {
            if path == Path::new("-") {
                inputs.add_stdin()?;
                continue;
            }
            match FileKind::of(path).map_err(|e| CorpusError::open(path, e))? {
                FileKind::Folder => inputs.add_folder(path, kind)?,
                FileKind::Regular if is_zip(path)? => inputs.add_zip(path, kind)?,
                FileKind::Regular => inputs.sources.push(Source::file(path.clone())),
                FileKind::Pipe => inputs.sources.push(Source::pipe(path.clone())),
                FileKind::Other(found) => {
                    return Err(CorpusError::NotAFile {
                        path: path.clone(),
                        found,
                    });
                }
            }
        }
        Ok(inputs)
    }

    fn add_stdin(&mut self) -> Result<(), CorpusError> {
        let is_stdin = |source: &Source| matches!(source.content, Content::Stdin);
        if self.sources.iter().any(is_stdin) {
            return Err(CorpusError::StdinTwice);
        }
        self.sources.push(Source {
            name: "-".into(),
            content: Content::Stdin,
        });
        Ok(())
    }

    fn add_folder(&mut self, folder: &Path, kind: CorpusKind) -> Result<(), CorpusError> {
        let failed = |e| CorpusError::open(folder, e);
        let mut entries = Vec::new();
        for entry in std::fs::read_dir(folder).map_err(failed)? {
            let entry = entry.map_err(failed)?;
            let name = entry.file_name().to_string_lossy().into_owned();
            let is_utf8 = entry.file_name().to_str().is_some();
            // Follows links: Hugging Face folders are made of them.
            let kind = match FileKind::of(&entry.path()) {
                _ if !is_utf8 => {
                    EntryKind::Unreadable("a file whose name is not UTF-8", "rename it")
                }
                Ok(FileKind::Regular) => EntryKind::Readable,
                Ok(FileKind::Folder) => EntryKind::Folder,
                Ok(other) => EntryKind::Unreadable(other.name(), "remove it"),
                Err(_) => EntryKind::Unreadable("a link that leads nowhere", "mend or remove it"),
            };
            entries.push(Entry { name, kind });
        }
        let shown = |name: &str| folder.join(name).to_string_lossy().into_owned();
        let chosen = choose(folder, entries, kind)?;
        let sources = chosen
            .read
            .iter()
            .map(|name| Source::file(folder.join(name)));
        self.sources.extend(sources);
        self.skip(chosen.skipped, shown);
        Ok(())
    }

    fn add_zip(&mut self, path: &Path, kind: CorpusKind) -> Result<(), CorpusError> {
        let members = ZipMember::list(path)?;
        let entries = members.iter().map(|member| Entry {
            name: member.name.clone(),
            kind: EntryKind::Readable,
        });
        let shown = |name: &str| format!("{}!{name}", path.to_string_lossy());
        let chosen = choose(path, entries.collect(), kind)?;
        for name in chosen.read {
            let member = members.iter().find(|member| member.name == name);
            self.sources.extend(member.map(|member| Source {
                name: shown(&name).into(),
                content: Content::Zip(member.clone()),
            }));
        }
        self.skip(chosen.skipped, shown);
        Ok(())
    }

    fn skip(&mut self, files: Vec<SkippedFile>, shown: impl Fn(&str) -> String) {
        self.skipped
            .extend(files.into_iter().map(|file| SkippedFile {
                name: shown(&file.name),
                reason: file.reason,
            }));
    }
}

impl Source {
    /// Finds the files behind `paths`, as [`Inputs::find`] does.
    ///
    /// # Errors
    /// Returns those of [`Inputs::find`].
    pub fn resolve(paths: &[PathBuf], kind: CorpusKind) -> Result<Vec<Self>, CorpusError> {
        Inputs::find(paths, kind).map(|inputs| inputs.sources)
    }
}

fn is_zip(path: &Path) -> Result<bool, CorpusError> {
    let mut head = Vec::new();
    std::fs::File::open(path)
        .and_then(|file| file.take(4).read_to_end(&mut head))
        .map_err(|e| CorpusError::open(path, e))?;
    Ok(head == b"PK\x03\x04" || head == b"PK\x05\x06")
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn what_looks_like_records_and_is_no_file_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let at = |name: &str| dir.path().join(name);
        fs_err::write(at("a.jsonl"), "").unwrap();
        let find = || Inputs::find(&[dir.path().to_owned()], CorpusKind::Documents);
        fs_err::create_dir(at("sub")).unwrap();
        let found = find().unwrap();
        assert_eq!((found.sources.len(), found.skipped.len()), (1, 1));
        assert!(found.skipped[0].name.ends_with("sub"));

        std::os::unix::fs::symlink(at("nowhere"), at("b.jsonl")).unwrap();
        let error = find().unwrap_err().to_string();
        assert!(
            error.contains("b.jsonl: this is a link that leads nowhere"),
            "{error}"
        );
        fs_err::remove_file(at("b.jsonl")).unwrap();
        std::os::unix::fs::symlink("/dev/null", at("c.tsv")).unwrap();
        let error = find().unwrap_err().to_string();
        assert!(error.contains("c.tsv: this is a device"), "{error}");
        let error = Inputs::find(&[at("c.tsv")], CorpusKind::Documents).unwrap_err();
        assert!(
            error
                .to_string()
                .contains("c.tsv: this is a device, not a file")
        );
    }
}
