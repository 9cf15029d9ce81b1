//! Postings, `.doc`.
//!
//! For each field and each of its terms, in order, the documents with the term and its frequency in them (which is the
//! impact). Document numbers are those of the segment, from 0, and increase within a term.
//!
//! ```text
//! df = 1      nothing: the document goes into the term's metadata, the frequency into its statistics
//! df >= 2     df / 128 full blocks: PFor(128 document deltas), then, with frequencies, PFor(128 frequencies)
//!             df mod 128 postings:  without frequencies vint delta
//!                                   frequency 1         vint delta << 1 | 1
//!                                   else                vint delta << 1, vint frequency
//! df > 128    skip data (see the module skip_data)
//! ```
//!
//! A delta is the distance from the document before in the whole term; the first is the document itself.

use std::path::PathBuf;

use crate::lucene::error::Result;
use crate::lucene::formats::pfor::{self, BLOCK, Block};
use crate::lucene::formats::skip_data::SkipData;
use crate::lucene::formats::term_meta::TermMeta;
use crate::lucene::store::codec::Codec;
use crate::lucene::store::output::{Output, Written};
use crate::lucene::store::primitives::PutBytes;

/// Header of `.doc`.
pub(crate) const CODEC: Codec<'static> = Codec::per_field("Lucene90PostingsWriterDoc");

/// Writes `.doc`, a term at a time.
#[derive(Debug)]
pub(crate) struct PostingsWriter {
    out: Output,
    has_freqs: bool,
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
    pub(crate) fn create(path: PathBuf) -> Result<Self> {
        let out = Output::create(path, CODEC)?;
        let mut writer = Self {
            out,
            has_freqs: true,
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

    /// Begins a field, whose terms have frequencies or not.
    pub(crate) fn start_field(&mut self, has_freqs: bool) {
        self.has_freqs = has_freqs;
    }

    fn start_term(&mut self) {
        self.held = 0;
        self.last_doc = 0;
        self.meta = TermMeta {
            doc_start_fp: self.out.position(),
            ..TermMeta::default()
        };
    }

    /// Adds a posting, whose document must be above the one before in its term. Without frequencies `freq` is 1.
    #[inline]
    pub(crate) fn add(&mut self, doc: u32, freq: u32) -> Result<()> {
        if self.held == BLOCK {
            self.flush_block()?;
        }
        self.docs[self.held] = doc - self.last_doc;
        self.freqs[self.held] = freq;
        self.held += 1;
        self.last_doc = doc;
        self.meta.total_term_freq += u64::from(freq);
        Ok(())
    }

    /// Writes the full block that is in memory.
    #[expect(clippy::cast_possible_truncation, reason = "a block has 128 postings")]
    fn write_block(&mut self) -> Result<()> {
        self.bytes.clear();
        pfor::encode(&self.docs, &mut self.bytes);
        if self.has_freqs {
            pfor::encode(&self.freqs, &mut self.bytes);
        }
        self.meta.doc_freq += self.held as u32;
        self.held = 0;
        self.out.write(&self.bytes)
    }

    /// Writes the full block that is in memory and its skip entry, because another posting follows.
    fn flush_block(&mut self) -> Result<()> {
        if self.meta.doc_freq == 0 {
            self.skip.start(self.meta.doc_start_fp);
        }
        let max_freq = self.freqs.iter().copied().max().unwrap_or(1);
        self.write_block()?;
        self.skip.add(self.last_doc, self.out.position(), max_freq);
        Ok(())
    }

    /// Ends a term that has at least one posting.
    #[expect(
        clippy::cast_possible_truncation,
        reason = "fewer postings than a block has are left"
    )]
    pub(crate) fn finish_term(&mut self) -> Result<TermMeta> {
        let skips = self.meta.doc_freq > 0;
        if self.meta.doc_freq == 0 && self.held == 1 {
            self.meta.singleton_doc_id = Some(self.docs[0]);
            self.meta.doc_freq = 1;
        } else if self.held == BLOCK {
            self.write_block()?;
        } else {
            self.bytes.clear();
            for (&delta, &freq) in self.docs.iter().zip(&self.freqs).take(self.held) {
                if !self.has_freqs {
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
            self.meta.skip_offset = Some(self.out.position() - self.meta.doc_start_fp);
            self.bytes.clear();
            self.skip.put(&mut self.bytes);
            self.out.write(&self.bytes)?;
        }
        let meta = self.meta;
        self.start_term();
        Ok(meta)
    }

    /// Ends the file.
    pub(crate) fn finish(self) -> Result<Written> {
        self.out.finish()
    }
}
