//! What a file's content must be.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use sha1::Sha1;
use sha2::{Digest, Sha256};

/// The hash that was promised for a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Promise {
    /// SHA-256 of the content: large files, wheels.
    Sha256(String),
    /// SHA-1 of git's header and the content: small files.
    GitSha1(String),
    /// A mirror's own kind of tag, which says nothing.
    Unknown,
}

impl Promise {
    /// Tells from a tag's length what it is.
    pub fn of_etag(etag: &str) -> Self {
        let hexadecimal = etag.bytes().all(|byte| byte.is_ascii_hexdigit());
        match etag.len() {
            64 if hexadecimal => Self::Sha256(etag.to_ascii_lowercase()),
            40 if hexadecimal => Self::GitSha1(etag.to_ascii_lowercase()),
            _ => Self::Unknown,
        }
    }

    /// Returns the hash's name, what was promised, and what the file has; `None` where nothing was promised.
    pub fn compare(&self, path: &Path) -> io::Result<Option<(&'static str, &str, String)>> {
        let mut file = File::open(path)?;
        Ok(match self {
            Self::Sha256(promised) => {
                let found = digest(Sha256::new(), &mut file)?;
                Some(("SHA-256", promised, found))
            }
            Self::GitSha1(promised) => {
                let header = format!("blob {}\0", file.metadata()?.len());
                let hasher = Sha1::new_with_prefix(header.as_bytes());
                Some(("SHA-1", promised, digest(hasher, &mut file)?))
            }
            Self::Unknown => None,
        })
    }
}

fn digest<D: Digest>(mut hasher: D, file: &mut File) -> io::Result<String> {
    let mut buffer = vec![0; 1 << 18];
    loop {
        let n = file.read(&mut buffer)?;
        if n == 0 {
            return Ok(crate::digest::hex(&hasher.finalize()));
        }
        hasher.update(&buffer[..n]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hashes_as_git_and_the_hub_do() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a");
        std::fs::write(&path, "hello\n").unwrap();
        let found = |etag: &str| Promise::of_etag(etag).compare(&path).unwrap().unwrap().2;
        assert_eq!(
            found(&"0".repeat(40)),
            "ce013625030ba8dba906f756967f9e9ca394464a"
        );
        assert_eq!(
            found(&"0".repeat(64)),
            "5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03"
        );
        assert_eq!(Promise::of_etag("abc-7"), Promise::Unknown);
    }
}
