//! Postings: `.doc`.
//!
//! For each field and each of its terms, in order, the documents with the term and its frequency in them (which is the
//! impact). Document numbers are those of the segment, from 0, and rise.
//!
//! ```text
//! df = 1      nothing: the document goes into the term's metadata, the frequency into its statistics
//! df >= 2     df / 128 full blocks: PFor(128 document deltas), then, with frequencies, PFor(128 frequencies)
//!             df mod 128 postings:  without frequencies vint delta
//!                                   frequency 1         vint delta << 1 | 1
//!                                   else                vint delta << 1, vint frequency
//! df > 128    skip data (see the module skip)
//! ```
//!
//! Deltas run over the whole term, the first from 0.

use std::path::PathBuf;

use super::bytes::PutBytes;
use super::error::Result;
use super::input::Input;
use super::output::{Codec, Output, Written};
use super::pfor::{self, BLOCK, Block};
use super::skip::SkipData;

/// Header of `.doc`.
pub(super) const CODEC: Codec = Codec::per_field("Lucene90PostingsWriterDoc");

/// What the term dictionary keeps of a term: its statistics and where its postings are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct TermMeta {
    /// Documents with the term.
    pub doc_freq: u32,
    /// Sum of its frequencies.
    pub total_freq: u64,
    /// Position in `.doc` where its postings start.
    pub start: u64,
    /// Its only document, if it has only one.
    pub single: Option<u32>,
    /// Offset of the skip data from the start, if there is any.
    pub skip: Option<u64>,
}

/// Writes `.doc`, a term at a time.
#[derive(Debug)]
pub(super) struct PostingsWriter {
    out: Output,
    with_freqs: bool,
    docs: Block,
    freqs: Block,
    held: usize,
    last_doc: u32,
    meta: TermMeta,
    skip: SkipData,
    bytes: Vec<u8>,
}

impl PostingsWriter {
    /// Creates the file.
    pub(super) fn create(path: PathBuf) -> Result<Self> {
        let out = Output::create(path, CODEC)?;
        let mut writer = Self {
            out,
            with_freqs: true,
            docs: [0; BLOCK],
            freqs: [0; BLOCK],
            held: 0,
            last_doc: 0,
            meta: TermMeta::default(),
            skip: SkipData::default(),
            bytes: Vec::new(),
        };
        writer.start_term();
        Ok(writer)
    }

    /// Says whether the terms that follow have frequencies.
    pub(super) fn start_field(&mut self, with_freqs: bool) {
        self.with_freqs = with_freqs;
    }

    fn start_term(&mut self) {
        self.held = 0;
        self.last_doc = 0;
        self.meta = TermMeta {
            start: self.out.position(),
            ..TermMeta::default()
        };
    }

    /// Adds a posting; documents rise within a term. Without frequencies `freq` is 1.
    #[inline]
    pub(super) fn add(&mut self, doc: u32, freq: u32) -> Result<()> {
        if self.held == BLOCK {
            self.flush_block()?;
        }
        self.docs[self.held] = doc - self.last_doc;
        self.freqs[self.held] = freq;
        self.held += 1;
        self.last_doc = doc;
        self.meta.total_freq += u64::from(freq);
        Ok(())
    }

    /// Writes the full block that is held.
    fn write_block(&mut self) -> Result<()> {
        self.bytes.clear();
        pfor::encode(&self.docs, &mut self.bytes);
        if self.with_freqs {
            pfor::encode(&self.freqs, &mut self.bytes);
        }
        self.meta.doc_freq += self.held as u32;
        self.held = 0;
        self.out.write(&self.bytes)
    }

    /// Writes the full block that is held, and the skip entry, because another posting follows.
    fn flush_block(&mut self) -> Result<()> {
        if self.meta.doc_freq == 0 {
            self.skip.start(self.meta.start);
        }
        let max_freq = self.freqs.iter().copied().max().unwrap_or(1);
        self.write_block()?;
        self.skip.add(self.last_doc, self.out.position(), max_freq);
        Ok(())
    }

    /// Ends a term that has at least one posting.
    pub(super) fn finish_term(&mut self) -> Result<TermMeta> {
        let skips = self.meta.doc_freq > 0;
        if self.meta.doc_freq == 0 && self.held == 1 {
            self.meta.single = Some(self.docs[0]);
            self.meta.doc_freq = 1;
        } else if self.held == BLOCK {
            self.write_block()?;
        } else {
            self.bytes.clear();
            for (&delta, &freq) in self.docs.iter().zip(&self.freqs).take(self.held) {
                if !self.with_freqs {
                    self.bytes.vint(delta);
                } else if freq == 1 {
                    self.bytes.vint(delta << 1 | 1);
                } else {
                    self.bytes.vint(delta << 1);
                    self.bytes.vint(freq);
                }
            }
            self.meta.doc_freq += self.held as u32;
            self.out.write(&self.bytes)?;
        }
        if skips {
            self.meta.skip = Some(self.out.position() - self.meta.start);
            self.bytes.clear();
            self.skip.put(&mut self.bytes);
            self.out.write(&self.bytes)?;
        }
        let meta = self.meta;
        self.start_term();
        Ok(meta)
    }

    /// Ends the file.
    pub(super) fn finish(self) -> Result<Written> {
        self.out.finish()
    }
}

/// Reads the postings of one term after another.
#[derive(Debug)]
pub(super) struct PostingsReader {
    input: Input,
    docs: Block,
    freqs: Block,
}

impl PostingsReader {
    /// Reads `.doc`.
    pub(super) const fn new(input: Input) -> Self {
        Self {
            input,
            docs: [0; BLOCK],
            freqs: [0; BLOCK],
        }
    }

    /// Calls `each(doc, freq)` for the postings of a term in a field with frequencies. Documents that do not rise or
    /// are not below `max_doc` are refused.
    pub(super) fn for_each(
        &mut self,
        meta: &TermMeta,
        max_doc: u32,
        mut each: impl FnMut(u32, u32) -> Result<()>,
    ) -> Result<()> {
        if let Some(doc) = meta.single {
            let freq = u32::try_from(meta.total_freq)
                .map_err(|_| self.input.corrupt("a frequency is out of range"))?;
            self.check(-1, doc.into(), freq, max_doc)?;
            return each(doc, freq);
        }
        self.input.seek(meta.start);
        let mut left = meta.doc_freq as usize;
        let mut doc = -1_i64;
        let mut first = true;
        while left > 0 {
            let count = left.min(BLOCK);
            if count == BLOCK {
                pfor::decode(&mut self.input, &mut self.docs)?;
                pfor::decode(&mut self.input, &mut self.freqs)?;
            } else {
                for i in 0..count {
                    let code = self.input.vint()?;
                    self.docs[i] = code >> 1;
                    self.freqs[i] = if code & 1 == 1 { 1 } else { self.input.vint()? };
                }
            }
            for i in 0..count {
                let next = if first {
                    i64::from(self.docs[i])
                } else {
                    doc + i64::from(self.docs[i])
                };
                first = false;
                self.check(doc, next, self.freqs[i], max_doc)?;
                doc = next;
                each(next as u32, self.freqs[i])?;
            }
            left -= count;
        }
        Ok(())
    }

    #[inline]
    fn check(&self, before: i64, doc: i64, freq: u32, max_doc: u32) -> Result<()> {
        if doc <= before || doc >= i64::from(max_doc) || freq == 0 || freq > super::MAX_IMPACT {
            return Err(self.input.corrupt("a posting is out of range"));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn round_trip(lists: &[Vec<(u32, u32)>]) -> Vec<Vec<(u32, u32)>> {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("doc");
        let mut writer = PostingsWriter::create(path.clone()).unwrap();
        let mut metas = Vec::new();
        for list in lists {
            for &(doc, freq) in list {
                writer.add(doc, freq).unwrap();
            }
            metas.push(writer.finish_term().unwrap());
        }
        let id = [3; 16];
        writer.finish().unwrap().seal(&id).unwrap();
        let input =
            Input::open_checked(path, 100, CODEC.name, CODEC.version, &id, CODEC.suffix).unwrap();
        let mut reader = PostingsReader::new(input);
        let mut read = Vec::new();
        for (meta, list) in metas.iter().zip(lists) {
            assert_eq!(meta.doc_freq as usize, list.len());
            assert_eq!(
                meta.total_freq,
                list.iter().map(|posting| u64::from(posting.1)).sum::<u64>()
            );
            assert_eq!(meta.skip.is_some(), list.len() > 128);
            assert_eq!(meta.single.is_some(), list.len() == 1);
            let mut postings = Vec::new();
            reader
                .for_each(meta, u32::MAX >> 1, |doc, freq| {
                    postings.push((doc, freq));
                    Ok(())
                })
                .unwrap();
            read.push(postings);
        }
        read
    }

    #[test]
    fn lists_of_border_lengths_are_read_back() {
        let lists: Vec<Vec<_>> = [
            1_u32, 2, 127, 128, 129, 255, 256, 257, 1023, 1024, 1025, 8191, 8192, 8193,
        ]
        .into_iter()
        .map(|df| (0..df).map(|i| (i * 3 + df % 2, 1 + i % 300)).collect())
        .collect();
        assert_eq!(round_trip(&lists), lists);
    }

    #[test]
    fn a_short_list_has_the_known_bytes() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("doc");
        let mut writer = PostingsWriter::create(path.clone()).unwrap();
        writer.add(0, 3).unwrap();
        writer.add(1, 1).unwrap();
        let meta = writer.finish_term().unwrap();
        assert_eq!((meta.start, meta.doc_freq, meta.total_freq), (61, 2, 4));
        writer.finish().unwrap().seal(&[0; 16]).unwrap();
        let bytes = std::fs::read(path).unwrap();
        assert_eq!(bytes[61..bytes.len() - 16], [0, 3, 3]);
    }

    proptest! {
        #[test]
        fn any_lists_are_read_back(
            lists in prop::collection::vec(prop::collection::vec((1_u32..5000, 1_u32..400, 0_u32..40), 1..700), 1..4),
        ) {
            let lists: Vec<Vec<(u32, u32)>> = lists.into_iter().map(|list| {
                let mut doc = 0;
                list.into_iter().enumerate().map(|(i, (gap, freq, large))| {
                    doc += if i == 0 { gap - 1 } else { gap };
                    (doc, if large == 0 { 0x7fff_ffff - freq } else { freq })
                }).collect()
            }).collect();
            prop_assert_eq!(round_trip(&lists), lists);
        }
    }
}
