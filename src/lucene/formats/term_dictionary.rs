//! Term dictionary, `.tim`, and its description, `.tmd`.
//!
//! The sorted terms of a field are cut into blocks of 25 to 48 entries that share a prefix; an entry is a term, or a
//! finished block with a longer prefix. Where more than 48 entries share a prefix, they become several *floor* blocks
//! of the same prefix, cut where the byte after the prefix changes.
//!
//! ```text
//! .tim   blocks                                                       (see the module term_block)
//! .tmd   vint 128 · vint number of fields · per field, in the order of their names:
//!        vint field · vlong terms · counted root code · [vlong sum of frequencies] · vlong sum of df · vint documents
//!        counted smallest and largest term · vlong position in .tip · FST description (see the module term_index)
//!        i64 length of .tip · i64 length of .tim
//! ```
//!
//! Terms are streamed: only the entries of blocks that are still open are in memory.

use std::path::PathBuf;

use crate::lucene::error::{LuceneError, Result};
use crate::lucene::formats::pfor::BLOCK;
use crate::lucene::formats::term_block::{BlockEncoder, Entry, EntryKind, MIN_ENTRIES, floor_cuts};
use crate::lucene::formats::term_index::{Key, TermIndexWriter};
use crate::lucene::formats::term_meta::TermMeta;
use crate::lucene::store::codec::Codec;
use crate::lucene::store::output::{Output, Written};
use crate::lucene::store::primitives::PutBytes;

/// Header of `.tim`.
pub(crate) const CODEC: Codec<'static> = Codec::per_field("BlockTreeTermsDict");
/// First header of `.tmd`.
pub(crate) const META_CODEC: Codec<'static> = Codec::per_field("BlockTreeTermsMeta");
/// Second header of `.tmd`.
pub(crate) const POSTINGS_META_CODEC: Codec<'static> =
    Codec::per_field("Lucene90PostingsWriterTerms");

/// Writes `.tim`, `.tip` and `.tmd`.
#[derive(Debug)]
pub(crate) struct TermsWriter {
    tim: Output,
    tip: TermIndexWriter,
    meta: Vec<u8>,
    fields: u32,
}

/// Files of a finished term dictionary, whose ids are not written yet.
#[derive(Debug)]
pub(crate) struct WrittenTerms {
    pub(crate) tim: Written,
    pub(crate) tip: Written,
    meta: Vec<u8>,
    fields: u32,
}

impl TermsWriter {
    /// Creates `.tim` and `.tip`.
    pub(crate) fn create(tim: PathBuf, tip: PathBuf) -> Result<Self> {
        Ok(Self {
            tim: Output::create(tim, CODEC)?,
            tip: TermIndexWriter::create(tip)?,
            meta: Vec::new(),
            fields: 0,
        })
    }

    /// Begins a field; fields come in the order of their names, and a field without terms must not be begun.
    pub(crate) fn field(&mut self, number: u32, has_freqs: bool) -> Result<FieldTerms<'_>> {
        self.tip.start_field()?;
        Ok(FieldTerms {
            writer: self,
            number,
            has_freqs,
            pending: Vec::new(),
            starts: Vec::new(),
            last: Vec::new(),
            first: None,
            terms: 0,
            sum_doc_freq: 0,
            sum_total_term_freq: 0,
            block: BlockEncoder::default(),
        })
    }

    /// Ends `.tim` and `.tip`.
    pub(crate) fn finish(self) -> Result<WrittenTerms> {
        Ok(WrittenTerms {
            tim: self.tim.finish()?,
            tip: self.tip.finish()?,
            meta: self.meta,
            fields: self.fields,
        })
    }
}

impl WrittenTerms {
    /// Returns the body of `.tmd`, which has a second header in it.
    pub(crate) fn meta_body(&self, id: &[u8; 16]) -> Vec<u8> {
        let mut body = Vec::new();
        POSTINGS_META_CODEC.put_header(id, &mut body);
        body.vlen(BLOCK);
        body.vint(self.fields);
        body.put(&self.meta);
        body.u64_as_i64(self.tip.file_bytes());
        body.u64_as_i64(self.tim.file_bytes());
        body
    }
}

/// Writes the terms of a field, in the order of their bytes.
#[derive(Debug)]
pub(crate) struct FieldTerms<'a> {
    writer: &'a mut TermsWriter,
    number: u32,
    has_freqs: bool,
    pending: Vec<Entry>,
    /// For each byte of the last term, how many entries were pending when this prefix began.
    starts: Vec<usize>,
    last: Vec<u8>,
    first: Option<Vec<u8>>,
    terms: u64,
    sum_doc_freq: u64,
    sum_total_term_freq: u64,
    block: BlockEncoder,
}

impl FieldTerms<'_> {
    /// Adds a term, which must be above the one before.
    pub(crate) fn add(&mut self, term: &[u8], meta: TermMeta) -> Result<()> {
        self.close_blocks(term)?;
        self.pending.push(Entry {
            bytes: term.to_vec(),
            kind: EntryKind::Term(meta),
        });
        self.terms += 1;
        self.sum_doc_freq += u64::from(meta.doc_freq);
        self.sum_total_term_freq += meta.total_term_freq;
        if self.first.is_none() {
            self.first = Some(term.to_vec());
        }
        Ok(())
    }

    /// Closes the blocks whose prefix the next term does not have.
    fn close_blocks(&mut self, next: &[u8]) -> Result<()> {
        let shared = self
            .last
            .iter()
            .zip(next)
            .take_while(|(a, b)| a == b)
            .count();
        for i in (shared..self.last.len()).rev() {
            let count = self.pending.len() - self.starts[i].min(self.pending.len());
            if count >= MIN_ENTRIES {
                self.write_blocks(i + 1, count)?;
            }
        }
        self.starts.truncate(shared);
        self.starts.resize(next.len(), self.pending.len());
        self.last.truncate(shared);
        self.last.extend_from_slice(&next[shared..]);
        Ok(())
    }

    /// Ends the field, in which `doc_count` documents have terms.
    pub(crate) fn finish(mut self, doc_count: u32) -> Result<()> {
        let largest = self.last.clone();
        self.close_blocks(&[])?;
        let count = self.pending.len();
        self.write_blocks(0, count)?;
        let Some(Entry {
            kind: EntryKind::Block { key, .. },
            ..
        }) = self.pending.pop()
        else {
            return Err(LuceneError::TooMany {
                what: "a field without terms was written",
            });
        };
        let meta = &mut self.writer.meta;
        meta.vint(self.number);
        meta.vlong(self.terms);
        meta.counted(&key.value);
        if self.has_freqs {
            meta.vlong(self.sum_total_term_freq);
        }
        meta.vlong(self.sum_doc_freq);
        meta.vint(doc_count);
        meta.counted(self.first.as_deref().unwrap_or_default());
        meta.counted(&largest);
        self.writer.tip.finish_field(&key, meta);
        self.writer.fields += 1;
        Ok(())
    }

    /// Writes the last `count` entries, which share a prefix, as one block or as floor blocks, and puts one entry for
    /// all of them in their place.
    fn write_blocks(&mut self, prefix: usize, count: usize) -> Result<()> {
        let entries = self.pending.split_off(self.pending.len() - count);
        let cuts = floor_cuts(&entries, prefix);
        let mut code = Vec::new();
        let mut first_position = 0;
        let mut begin = 0;
        for (part, &end) in cuts.iter().enumerate() {
            let floor_label = if part == 0 {
                None
            } else {
                entries[begin].label(prefix)
            };
            let position = self.writer.tim.position();
            let last = end == entries.len();
            let (block, has_terms) =
                self.block
                    .encode(&entries[begin..end], prefix, last, position, self.has_freqs);
            self.writer.tim.write(block)?;
            if part == 0 {
                first_position = position;
                let floor = u64::from(cuts.len() > 1);
                code.vlong(position << 2 | u64::from(has_terms) << 1 | floor);
                if floor == 1 {
                    code.vlen(cuts.len() - 1);
                }
            } else {
                code.u8(floor_label.unwrap_or(0));
                code.vlong((position - first_position) << 1 | u64::from(has_terms));
            }
            begin = end;
        }
        let keys: Vec<(&[u8], &Key)> = entries
            .iter()
            .filter_map(|entry| match &entry.kind {
                EntryKind::Block { key, .. } => Some((&entry.bytes[prefix..], key)),
                EntryKind::Term(_) => None,
            })
            .collect();
        let node = self.writer.tip.write_nodes(&keys)?;
        let mut bytes = self.last.clone();
        bytes.truncate(prefix);
        let key = Key { value: code, node };
        self.pending.push(Entry {
            bytes,
            kind: EntryKind::Block {
                position: first_position,
                key,
            },
        });
        Ok(())
    }
}
