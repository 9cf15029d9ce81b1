//! What a run knows of a part that is whole.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::counts::Counts;
use crate::digest::sha256_until;
use crate::regular_file::FileKind;
use crate::stop::Stop;

/// A part that is whole in every output.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct PartRecord {
    /// SHA-256 over all documents of the input up to the part's last.
    pub input_sha256: String,
    /// Sums over its documents.
    pub counts: Counts,
    /// The files of each output that has some, by the name of its format.
    pub files: BTreeMap<String, Vec<PartFile>>,
}

impl PartRecord {
    /// Returns the part's files in the output of this format.
    #[must_use]
    pub fn files_of(&self, format: &str) -> &[PartFile] {
        self.files.get(format).map_or(&[], Vec::as_slice)
    }
}

/// A file of a part.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct PartFile {
    /// Its name, without a folder.
    pub name: String,
    /// Its SHA-256 as lowercase hex.
    pub sha256: String,
    /// Its size in bytes.
    pub bytes: u64,
}

/// Something that was written and is not as it was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Damaged {
    /// The file or folder.
    pub path: PathBuf,
    /// What is wrong with it.
    pub reason: String,
}

impl PartFile {
    /// Returns the file's place in `folder`, where nothing but a regular file may lie under a name without a folder: a
    /// record may come from anywhere.
    ///
    /// # Errors
    /// [`Damaged`] if the name leads elsewhere, or no regular file is there.
    pub fn place(&self, folder: &Path) -> Result<PathBuf, Damaged> {
        let path = folder.join(&self.name);
        let damaged = |path: PathBuf, reason: String| Damaged { path, reason };
        if matches!(self.name.as_str(), "" | "." | "..") || self.name.contains(['/', '\\']) {
            let reason = format!(
                "a part cannot be named {}",
                crate::quote::Quoted(&self.name)
            );
            return Err(damaged(folder.to_owned(), reason));
        }
        match FileKind::of(&path) {
            Ok(FileKind::Regular) => Ok(path),
            Ok(other) => Err(damaged(
                path,
                format!("this is {}, not a file", other.name()),
            )),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                Err(damaged(path, "it is missing".to_owned()))
            }
            Err(error) => Err(damaged(path, error.to_string())),
        }
    }

    /// Compares the file in `folder` with what was written.
    ///
    /// # Errors
    /// [`Damaged`] if it is missing or has another size or SHA-256.
    pub fn check(&self, folder: &Path) -> Result<(), Damaged> {
        self.check_until(folder, &Stop::default())
    }

    /// Does the same, unless a stop is asked for: what is returned then says nothing about the file.
    pub(crate) fn check_until(&self, folder: &Path, stop: &Stop) -> Result<(), Damaged> {
        let path = self.place(folder)?;
        let damaged = |reason: String| Damaged {
            path: path.clone(),
            reason,
        };
        let bytes = std::fs::metadata(&path)
            .map_err(|error| damaged(error.to_string()))?
            .len();
        if bytes != self.bytes {
            return Err(damaged(format!(
                "it has {bytes} bytes, where {} were written",
                self.bytes
            )));
        }
        match sha256_until(&path, stop) {
            Ok(sha256) if sha256 == self.sha256 => Ok(()),
            Ok(_) => Err(damaged(
                "its SHA-256 is not that of what was written".to_owned(),
            )),
            Err(error) => Err(damaged(error.to_string())),
        }
    }
}
