//! Which model it was: the SHA-256 of each file that determines the weights.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::error::ModelError;

/// File name -> SHA-256 in hexadecimal, in name order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Fingerprint(BTreeMap<String, String>);

impl Fingerprint {
    /// Hashes the files, named relative to `folder`; those that lie elsewhere by their names alone.
    pub(crate) fn of(folder: &Path, files: &[PathBuf]) -> Result<Self, ModelError> {
        let hash = |path: &PathBuf| {
            let name = match path.strip_prefix(folder) {
                Ok(name) => name,
                Err(_) => Path::new(path.file_name().unwrap_or_default()),
            };
            let digest = crate::digest::sha256_of(path).map_err(|e| ModelError::broken(path, e))?;
            Ok((name.to_string_lossy().into_owned(), digest))
        };
        files.iter().map(hash).collect::<Result<_, _>>().map(Self)
    }
}
