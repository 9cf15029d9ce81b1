//! Which model it was: the SHA-256 of each file that determines the weights.

use std::collections::BTreeMap;
use std::io::Read;
use std::path::{Path, PathBuf};

use fs_err::File;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::error::ModelError;

/// File name -> SHA-256 in hexadecimal, in name order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Fingerprint(BTreeMap<String, String>);

impl Fingerprint {
    /// Hashes the files, named relative to `folder`.
    pub(super) fn of(folder: &Path, files: &[PathBuf]) -> Result<Self, ModelError> {
        let hash = |path: &PathBuf| {
            let name = path.strip_prefix(folder).unwrap_or(path);
            let digest = sha256(path).map_err(|e| ModelError::broken(path, e))?;
            Ok((name.to_string_lossy().into_owned(), digest))
        };
        files.iter().map(hash).collect::<Result<_, _>>().map(Self)
    }
}

fn sha256(path: &Path) -> std::io::Result<String> {
    let mut file = File::open(path)?;
    let mut hasher = Sha256::new();
    let mut buffer = vec![0; 1 << 18];
    loop {
        let n = file.read(&mut buffer)?;
        if n == 0 {
            return Ok(crate::hex(&hasher.finalize()));
        }
        hasher.update(&buffer[..n]);
    }
}
