//! Lucene-compatible index export for learned sparse retrieval (SPLADE).
//!
//! One direction: text in, impacts out. No arrow runs backwards.
//!
//! ```text
//! files ──corpus──▶ Document ──encoder──▶ SparseVector ──impact──▶ impacts ──collection──▶ parts + manifest
//!                                 ▲
//!                  model folder ──model──▶ ONNX graph with the SPLADE head
//! ```
//!
//! [`pipeline`] is the only place where the stages meet, [`export`] the library calls behind the
//! commands. The command line itself is in the binary.

pub mod collection;
pub mod corpus;
mod durable;
pub mod encoder;
pub mod export;
#[cfg(any(test, fuzzing))]
#[allow(missing_docs, reason = "not part of the library")]
pub mod fuzzing;
pub mod impact;
pub mod lucene;
pub mod model;
mod panic_guard;
pub mod pipeline;
pub mod screened_head;
pub mod stop;

/// Compiles and runs the guide's examples as tests.
#[cfg(doctest)]
#[doc = include_str!("../docs/library.md")]
struct Guide;

/// Of a whole file, in hexadecimal.
pub(crate) fn sha256_of(path: &std::path::Path) -> std::io::Result<String> {
    copy_hashed(&mut fs_err::File::open(path)?, &mut std::io::sink())
}

/// Copies and returns the SHA-256 of it, in hexadecimal.
pub(crate) fn copy_hashed(
    from: &mut impl std::io::Read,
    to: &mut impl std::io::Write,
) -> std::io::Result<String> {
    use sha2::{Digest, Sha256};
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

/// Bytes in hexadecimal, lower case.
pub(crate) fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write;
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}
