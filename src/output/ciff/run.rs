//! A sorted run: the postings of some documents of a part, by term.
//!
//! ```text
//! for each term by its bytes:
//!   varint   length of the term, then the term
//!   varint   documents, sum of impacts, first docid, its impact, last docid
//!   varint   length of the other postings, then these as elements of a PostingsList
//! ```
//!
//! Docids count from the part's first document. The first posting is kept apart because its distance from the posting
//! before it depends on the parts that come before.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::path::Path;

use fs_err::File;

use super::protobuf::{put_posting, put_varint, read_varint};

/// Bytes that are read ahead of each run.
const BUFFER: usize = 1 << 15;

/// A term's entry but for all its postings after the first.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Entry {
    pub term: Vec<u8>,
    pub df: u64,
    pub cf: u64,
    pub first: u64,
    pub first_impact: u32,
    pub last: u64,
    /// Bytes of the other postings.
    pub rest: u64,
}

impl Entry {
    /// Appends the entry; the other postings follow it.
    pub fn put(&self, out: &mut Vec<u8>) {
        put_varint(out, self.term.len() as u64);
        out.extend_from_slice(&self.term);
        for number in [
            self.df,
            self.cf,
            self.first,
            u64::from(self.first_impact),
            self.last,
            self.rest,
        ] {
            put_varint(out, number);
        }
    }
}

/// Appends the entry of a term with all postings; `None` if a document has the term twice.
pub(super) fn put_entry(
    out: &mut Vec<u8>,
    scratch: &mut Vec<u8>,
    term: &str,
    postings: impl Iterator<Item = (u32, u32)>,
) -> Option<()> {
    let mut entry = Entry {
        term: term.as_bytes().to_vec(),
        ..Entry::default()
    };
    scratch.clear();
    for (document, impact) in postings {
        let document = u64::from(document);
        if entry.df == 0 {
            (entry.first, entry.first_impact) = (document, impact);
        } else {
            let gap = document.checked_sub(entry.last).filter(|&gap| gap > 0)?;
            put_posting(scratch, gap, impact);
        }
        entry.last = document;
        entry.df += 1;
        entry.cf += u64::from(impact);
    }
    entry.rest = scratch.len() as u64;
    entry.put(out);
    out.extend_from_slice(scratch);
    Some(())
}

/// Reads the entries of a run in their order.
pub(super) struct RunReader {
    file: BufReader<File>,
    /// Number of the part's first document in the whole index.
    pub base: u64,
    /// The entry whose other postings come next; `None` at the end.
    pub entry: Option<Entry>,
}

impl RunReader {
    /// Opens a run and reads its first entry.
    pub fn open(path: &Path, base: u64) -> io::Result<Self> {
        let mut reader = Self {
            file: BufReader::with_capacity(BUFFER, File::open(path)?),
            base,
            entry: None,
        };
        reader.read_entry()?;
        Ok(reader)
    }

    fn read_entry(&mut self) -> io::Result<()> {
        if self.file.fill_buf()?.is_empty() {
            self.entry = None;
            return Ok(());
        }
        let length = read_varint(&mut self.file)?;
        let mut term = Vec::new();
        self.file.by_ref().take(length).read_to_end(&mut term)?;
        let mut numbers = [0; 6];
        for number in &mut numbers {
            *number = read_varint(&mut self.file)?;
        }
        let [df, cf, first, impact, last, rest] = numbers;
        self.entry = Some(Entry {
            term,
            df,
            cf,
            first,
            first_impact: u32::try_from(impact).map_err(|_| damaged())?,
            last,
            rest,
        });
        Ok(())
    }

    /// Copies the other postings of the entry and goes on to the next one.
    pub fn copy_rest(&mut self, out: &mut impl Write) -> io::Result<()> {
        let rest = self.entry.as_ref().map_or(0, |entry| entry.rest);
        if io::copy(&mut self.file.by_ref().take(rest), out)? != rest {
            return Err(damaged());
        }
        self.read_entry()
    }

    /// Goes on to the next entry.
    pub fn skip_rest(&mut self) -> io::Result<()> {
        let rest = self.entry.as_ref().map_or(0, |entry| entry.rest);
        self.file
            .seek_relative(i64::try_from(rest).map_err(|_| damaged())?)?;
        self.read_entry()
    }
}

fn damaged() -> io::Error {
    io::Error::new(
        io::ErrorKind::InvalidData,
        "a sorted run of postings is damaged; make the output again",
    )
}
