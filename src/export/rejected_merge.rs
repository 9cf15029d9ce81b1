//! Merges the rejected records of shards.

use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::PathBuf;

use anyhow::Context;
use sha2::{Digest, Sha256};

use super::run_writer::RunWriter;
use crate::collection::REJECTED;
use crate::corpus::RejectedRecord;
use crate::digest::hex;
use crate::run::Accounting;
use crate::{quote, regular_file};

/// Sums what became of the records of collections, by their folders, and writes their rejected records into one file, where
/// an output of the run has a place for it.
pub(super) fn join_accounting(
    writer: &RunWriter,
    collections: impl IntoIterator<Item = (PathBuf, Accounting)>,
) -> anyhow::Result<Accounting> {
    let mut sum = Accounting::default();
    let mut rejected = Vec::new();
    for (folder, accounting) in collections {
        sum.read += accounting.read;
        sum.written += accounting.written;
        sum.rejected += accounting.rejected;
        rejected.extend(accounting.rejected_sha256.map(|sha256| RejectedSource {
            path: folder.join(REJECTED),
            sha256,
        }));
    }
    if sum.rejected > 0 && writer.has_place_for_rejected() {
        let mut file = writer.rejected()?;
        merge_rejected(rejected, |line| Ok(file.add_line(line)?))?;
        sum.rejected_sha256 = Some(writer.keep_rejected(file)?);
    }
    Ok(sum)
}

/// A `rejected.jsonl` that is read and compared with its SHA-256.
struct RejectedSource {
    path: PathBuf,
    sha256: String,
}

/// Gives `each` the lines of all files in the order of the input.
fn merge_rejected(
    sources: Vec<RejectedSource>,
    mut each: impl FnMut(&str) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    let mut files = sources
        .into_iter()
        .map(RejectedLines::open)
        .collect::<anyhow::Result<Vec<_>>>()?;
    loop {
        let next = files.iter_mut().filter(|file| file.next.is_some());
        let next = next.min_by_key(|file| file.next.as_ref().map_or(0, |(record, _)| *record));
        let Some(file) = next else {
            return Ok(());
        };
        if let Some((_, line)) = &file.next {
            each(line)?;
        }
        file.advance()?;
    }
}

struct RejectedLines {
    lines: BufReader<Hashing>,
    next: Option<(u64, String)>,
    path: PathBuf,
    expected: String,
}

struct Hashing {
    file: File,
    sha256: Sha256,
}

impl Read for Hashing {
    fn read(&mut self, buf: &mut [u8]) -> std::io::Result<usize> {
        let n = self.file.read(buf)?;
        self.sha256.update(&buf[..n]);
        Ok(n)
    }
}

impl RejectedLines {
    fn open(source: RejectedSource) -> anyhow::Result<Self> {
        let file = regular_file::open(&source.path).with_context(|| quote::path(&source.path))?;
        let mut lines = Self {
            lines: BufReader::new(Hashing {
                file,
                sha256: Sha256::new(),
            }),
            next: None,
            path: source.path,
            expected: source.sha256,
        };
        lines.advance()?;
        Ok(lines)
    }

    fn advance(&mut self) -> anyhow::Result<()> {
        let mut line = String::new();
        self.next = None;
        if self.lines.read_line(&mut line)? == 0 {
            let found = hex(&self.lines.get_ref().sha256.clone().finalize());
            anyhow::ensure!(
                found == self.expected,
                "{}: its SHA-256 is not that of what was written; the command that made this collection, with `resume`, makes it again",
                quote::path(&self.path)
            );
            return Ok(());
        }
        let record: RejectedRecord = serde_json::from_str(&line)
            .with_context(|| format!("{}: not a rejected record", quote::path(&self.path)))?;
        self.next = Some((record.record, line));
        Ok(())
    }
}
