//! A repository's folder in the Hugging Face cache.

use std::io::{self, Write};
use std::path::{Component, Path, PathBuf};

use fs_err as fs;

use super::error::HubError;
use super::name::{ModelName, is_commit};
use super::settings::HubSettings;
use crate::durable::{AtomicFile, create_folder, parent_of};

/// What is known of a repository on this machine.
pub(super) struct RepositoryCache {
    folder: PathBuf,
    locks: PathBuf,
}

impl RepositoryCache {
    pub fn new(settings: &HubSettings, name: &ModelName) -> Self {
        Self {
            folder: settings.cache.join(name.folder()),
            locks: settings.cache.join(".locks").join(name.folder()),
        }
    }

    /// Returns the commit that a revision stood for when it was last asked for.
    pub fn commit(&self, revision: &str) -> Option<String> {
        if is_commit(revision) {
            return Some(revision.to_owned());
        }
        let commit = fs::read_to_string(self.folder.join("refs").join(revision)).ok()?;
        let commit = commit.trim();
        is_commit(commit).then(|| commit.to_owned())
    }

    /// Notes which commit a branch or tag stands for.
    pub fn set_commit(&self, revision: &str, commit: &str) -> Result<(), HubError> {
        if is_commit(revision) || self.commit(revision).as_deref() == Some(commit) {
            return Ok(());
        }
        write(&self.folder.join("refs").join(revision), commit)
    }

    /// The folder of a commit's files.
    pub fn snapshot(&self, commit: &str) -> PathBuf {
        self.folder.join("snapshots").join(commit)
    }

    /// Where a file of this tag lies.
    pub fn blob(&self, etag: &str) -> PathBuf {
        self.folder.join("blobs").join(etag)
    }

    /// The lock that a download of this tag takes.
    pub fn lock(&self, etag: &str) -> PathBuf {
        self.locks.join(format!("{etag}.lock"))
    }

    /// Returns true if every file that a model of this commit needs is there.
    pub fn is_whole(&self, commit: &str) -> bool {
        let Ok(text) = fs::read_to_string(self.record(commit)) else {
            return false;
        };
        let snapshot = self.snapshot(commit);
        let there = |file| safe_path(file).is_ok_and(|path| snapshot.join(path).is_file());
        !text.is_empty() && text.lines().all(there)
    }

    /// Notes that all these files are there.
    pub fn set_whole(&self, commit: &str, files: &[String]) -> Result<(), HubError> {
        write(&self.record(commit), &files.join("\n"))
    }

    fn record(&self, commit: &str) -> PathBuf {
        self.folder.join(".splade-export").join(commit)
    }

    /// Returns the names of the files of a commit that are there, by their path.
    pub fn files(&self, commit: &str) -> Vec<String> {
        fn visit(folder: &Path, prefix: &str, depth: usize, files: &mut Vec<String>) {
            let Ok(entries) = fs::read_dir(folder) else {
                return;
            };
            for entry in entries.flatten() {
                let Ok(name) = entry.file_name().into_string() else {
                    continue;
                };
                let path = entry.path();
                if path.is_file() {
                    files.push(format!("{prefix}{name}"));
                } else if depth > 0 && path.is_dir() {
                    visit(&path, &format!("{prefix}{name}/"), depth - 1, files);
                }
            }
        }
        let mut files = Vec::new();
        visit(&self.snapshot(commit), "", 3, &mut files);
        files.sort();
        files
    }

    /// Gives a blob its name in a snapshot.
    pub fn link(&self, commit: &str, file: &Path, etag: &str) -> Result<(), HubError> {
        let path = self.snapshot(commit).join(file);
        let failed = HubError::file(path.as_path());
        if path.is_file() {
            return Ok(());
        }
        let link = || {
            create_folder(parent_of(&path))?;
            let up = "../".repeat(file.components().count() + 1);
            let target = PathBuf::from(format!("{up}blobs/{etag}"));
            match link_or_copy(&target, &self.blob(etag), &path) {
                // Another process was faster, or an older link leads nowhere.
                Err(e) if e.kind() == io::ErrorKind::AlreadyExists && !path.is_file() => {
                    fs::remove_file(&path)?;
                    link_or_copy(&target, &self.blob(etag), &path)
                }
                Err(e) if e.kind() == io::ErrorKind::AlreadyExists => Ok(()),
                other => other,
            }
        };
        link().map_err(failed)
    }
}

#[cfg(unix)]
fn link_or_copy(target: &Path, blob: &Path, path: &Path) -> io::Result<()> {
    match std::os::unix::fs::symlink(target, path) {
        // A file system without links.
        Err(e) if matches!(e.raw_os_error(), Some(1 | 95)) => fs::copy(blob, path).map(|_| ()),
        other => other,
    }
}

#[cfg(not(unix))]
fn link_or_copy(_: &Path, blob: &Path, path: &Path) -> io::Result<()> {
    fs::copy(blob, path).map(|_| ())
}

fn write(path: &Path, text: &str) -> Result<(), HubError> {
    let write = || {
        create_folder(parent_of(path))?;
        let mut file = AtomicFile::beside(path)?;
        file.write_all(text.as_bytes())?;
        file.finish()
    };
    write().map_err(HubError::file(path))
}

/// Returns a file's name as a path below a snapshot.
///
/// # Errors
/// [`HubError::OutsideCache`] for a name that would lead out of it, on any system.
pub(super) fn safe_path(name: &str) -> Result<PathBuf, HubError> {
    let path = PathBuf::from(name);
    let plain = |c: &Component<'_>| matches!(c, Component::Normal(_));
    let foreign = |c: char| matches!(c, '\\' | ':') || c.is_control();
    let normal = path.components().all(|component| plain(&component))
        && name.split('/').all(|part| !matches!(part, "" | "." | ".."))
        && !name.contains(foreign);
    if normal {
        return Ok(path);
    }
    Err(HubError::OutsideCache {
        path: name.to_owned(),
    })
}

/// Returns a tag as a file's name.
///
/// # Errors
/// [`HubError::OutsideCache`] for a tag that is none.
pub(super) fn safe_etag(etag: &str) -> Result<&str, HubError> {
    let etag = etag.strip_prefix("W/").unwrap_or(etag).trim_matches('"');
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    if !etag.is_empty() && etag.len() <= 200 && !etag.starts_with('.') && etag.chars().all(plain) {
        return Ok(etag);
    }
    Err(HubError::OutsideCache {
        path: etag.chars().take(200).collect(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_cannot_leave_the_snapshot() {
        assert!(safe_path("1_SpladePooling/config.json").is_ok());
        for name in [
            "",
            "/etc/passwd",
            "../a",
            "a/../../b",
            "a/./b",
            "a//b",
            "C:\\a",
            "a\\..\\b",
            "a/",
            "a\0b",
            "..",
        ] {
            assert!(safe_path(name).is_err(), "{name:?}");
        }
        assert_eq!(safe_etag("W/\"abc\"").unwrap(), "abc");
        for etag in ["", "..", "\"../../x\"", "a/b", "\"\""] {
            assert!(safe_etag(etag).is_err(), "{etag:?}");
        }
    }
}
