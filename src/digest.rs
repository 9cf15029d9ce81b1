//! SHA-256 of files, as lowercase hex.

use std::io::{self, Read, Write};
use std::path::Path;

use sha2::{Digest, Sha256};

use crate::stop::{Stop, UntilStop};
use crate::{quote, regular_file};

/// Returns a file's SHA-256 as lowercase hex.
pub(crate) fn sha256_of(path: &Path) -> io::Result<String> {
    sha256_until(path, &Stop::default())
}

/// Does the same, unless a stop is asked for, which is an error.
pub(crate) fn sha256_until(path: &Path, stop: &Stop) -> io::Result<String> {
    let inner = regular_file::open(path).map_err(|e| named(path, &e))?;
    copy_hashed(&mut UntilStop { inner, stop }, &mut io::sink()).map_err(|e| named(path, &e))
}

/// Adds the path to an error.
fn named(path: &Path, error: &io::Error) -> io::Error {
    io::Error::new(error.kind(), quote::located(path, error))
}

/// Copies everything and returns its SHA-256 as lowercase hex.
pub(crate) fn copy_hashed(from: &mut impl Read, to: &mut impl Write) -> io::Result<String> {
    let mut hasher = Sha256::new();
    let mut buffer = vec![0; 1 << 18];
    loop {
        let n = from.read(&mut buffer)?;
        if n == 0 {
            return Ok(hex(&hasher.finalize()));
        }
        hasher.update(&buffer[..n]);
        to.write_all(&buffer[..n])?;
    }
}

/// Returns the SHA-256 of bytes as lowercase hex.
pub(crate) fn sha256_of_bytes(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

/// Returns bytes as lowercase hex.
pub(crate) fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write;
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}
