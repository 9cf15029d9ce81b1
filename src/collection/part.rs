//! One part: JSON Lines, perhaps compressed, with its SHA-256.

use std::io::{self, Write};

use flate2::GzBuilder;
use flate2::write::GzEncoder;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::{AtomicFile, PartInfo};
use crate::impact::{Impact, SparseVector};

/// How parts are compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Compression {
    /// gzip, level 6, without name and time in its header.
    #[default]
    Gzip,
    /// None.
    None,
}

impl Compression {
    /// The name of a part's file.
    #[must_use]
    pub fn part_name(self, index: usize) -> String {
        let suffix = match self {
            Self::Gzip => ".gz",
            Self::None => "",
        };
        format!("part-{index:05}.jsonl{suffix}")
    }
}

/// The vocabulary's terms as JSON keys with their colon, escaped once and not for every posting.
pub struct TermKeys(Vec<String>);

impl TermKeys {
    /// The keys by token id.
    ///
    /// # Panics
    /// Never: every string can be written as JSON.
    #[must_use]
    pub fn new(terms: &[String]) -> Self {
        let key = |term: &String| format!("{}: ", serde_json::Value::from(term.as_str()));
        Self(terms.iter().map(key).collect())
    }

    fn key(&self, term: u32) -> &str {
        self.0.get(term as usize).map_or("", String::as_str)
    }
}

/// What a document's line holds.
#[derive(Debug, Clone, Copy)]
pub enum Entry<'a> {
    /// Quantized.
    Impacts(&'a [Impact]),
    /// `--step none`
    Weights(&'a SparseVector),
}

/// Writes the lines of one part.
pub struct PartWriter<'k> {
    out: Encoder,
    keys: &'k TermKeys,
    line: Vec<u8>,
}

enum Encoder {
    Gzip(Box<GzEncoder<Hashed>>),
    None(Hashed),
}

/// Hashes what passes.
struct Hashed {
    file: AtomicFile,
    sha256: Sha256,
    bytes: u64,
}

impl<'k> PartWriter<'k> {
    /// Writes into `file`.
    #[must_use]
    pub fn new(file: AtomicFile, compression: Compression, keys: &'k TermKeys) -> Self {
        let hashed = Hashed {
            file,
            sha256: Sha256::new(),
            bytes: 0,
        };
        let out = match compression {
            Compression::Gzip => {
                let gzip = GzBuilder::new().write(hashed, flate2::Compression::default());
                Encoder::Gzip(Box::new(gzip))
            }
            Compression::None => Encoder::None(hashed),
        };
        Self {
            out,
            keys,
            line: Vec::new(),
        }
    }

    /// Adds a document.
    ///
    /// # Errors
    /// Those of the file system.
    pub fn document(&mut self, docid: &str, contents: &str, entry: Entry<'_>) -> io::Result<()> {
        self.line.clear();
        put_line(&mut self.line, self.keys, docid, contents, entry)?;
        match &mut self.out {
            Encoder::Gzip(out) => out.write_all(&self.line),
            Encoder::None(out) => out.write_all(&self.line),
        }
    }

    /// Completes the file; fills in its size and SHA-256.
    ///
    /// # Errors
    /// Those of the file system.
    pub fn finish(self, info: &mut PartInfo) -> io::Result<()> {
        let hashed = match self.out {
            Encoder::Gzip(out) => out.finish()?,
            Encoder::None(out) => out,
        };
        info.bytes = hashed.bytes;
        info.sha256 = crate::hex(&hashed.sha256.finalize());
        hashed.file.finish()
    }
}

/// Appends the line of a document.
///
/// # Errors
/// Never: every string and number here can be written as JSON.
pub fn put_line(
    line: &mut Vec<u8>,
    keys: &TermKeys,
    docid: &str,
    contents: &str,
    entry: Entry<'_>,
) -> io::Result<()> {
    line.extend_from_slice(b"{\"id\": ");
    serde_json::to_writer(&mut *line, docid)?;
    line.extend_from_slice(b", \"contents\": ");
    serde_json::to_writer(&mut *line, contents)?;
    line.extend_from_slice(b", \"vector\": {");
    let start = line.len();
    let key = |line: &mut Vec<u8>, term| {
        if line.len() > start {
            line.extend_from_slice(b", ");
        }
        line.extend_from_slice(keys.key(term).as_bytes());
    };
    match entry {
        Entry::Impacts(impacts) => {
            for entry in impacts {
                key(line, entry.term);
                serde_json::to_writer(&mut *line, &entry.impact)?;
            }
        }
        Entry::Weights(vector) => {
            for entry in &vector.0 {
                key(line, entry.term);
                serde_json::to_writer(&mut *line, &entry.weight)?;
            }
        }
    }
    line.extend_from_slice(b"}}\n");
    Ok(())
}

impl Write for Hashed {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        let n = self.file.write(buf)?;
        self.sha256.update(&buf[..n]);
        self.bytes += n as u64;
        Ok(n)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}
