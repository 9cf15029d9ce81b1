//! Term dictionary: `.tim`, and its description `.tmd`.
//!
//! The sorted terms of a field are cut into blocks of 25 to 48 entries that share a prefix; an entry is a term, or a
//! finished block with a longer prefix. Where more than 48 entries share a prefix, they become several *floor* blocks
//! of the same prefix, cut where the byte after the prefix changes.
//!
//! ```text
//! .tim   blocks; a block:
//!        vint  entries << 1 | last floor block of its prefix
//!        vlong bytes of suffixes << 3 | only terms ? 4 : 0 | compression     (see the module suffix_compression)
//!        suffixes, what follows the prefix in each entry
//!        vint  n << 1 | all n bytes equal, then the lengths of the suffixes in n bytes (or 1)
//!              only terms: vint length; else vint length << 1 for a term,
//!              vint length << 1 | 1 and vlong distance back to its first part for a block
//!        vint  n, then n bytes of statistics of the terms
//!        vint  n, then n bytes of places of the postings
//! .tmd   vint 128 · vint number of fields · per field, in the order of their names:
//!        vint field · vlong terms · counted root code · [vlong sum of frequencies] · vlong sum of df · vint documents
//!        counted smallest and largest term · vlong position in .tip · FST description (module term_index)
//!        i64 length of .tip · i64 length of .tim
//! ```
//!
//! Statistics: a run of terms with one document and frequency 1 is vint (run - 1) << 1 | 1; another term is vint
//! df << 1 and, with frequencies, vlong (sum of its frequencies - df). Places: see [`put_place`].
//!
//! Terms are streamed: only the entries of blocks that are still open are in memory.

use std::path::PathBuf;

use crate::lucene::error::{LuceneError, Result};
use crate::lucene::formats::pfor::BLOCK;
use crate::lucene::formats::postings::TermMeta;
use crate::lucene::formats::suffix_compression;
use crate::lucene::formats::term_index::{Key, TermIndexWriter};
use crate::lucene::store::output::{Codec, Output, Written};
use crate::lucene::store::primitives::{PutBytes, zig_zag};

/// Header of `.tim`.
pub(crate) const CODEC: Codec = Codec::per_field("BlockTreeTermsDict");
/// First header of `.tmd`.
pub(crate) const META_CODEC: Codec = Codec::per_field("BlockTreeTermsMeta");
/// Second header of `.tmd`.
pub(crate) const POSTINGS_META_CODEC: Codec = Codec::per_field("Lucene90PostingsWriterTerms");

const MIN_ENTRIES: usize = 25;
const MAX_ENTRIES: usize = 48;

/// An entry of an open block.
#[derive(Debug)]
struct Entry {
    /// The term, or the prefix of the finished block.
    bytes: Vec<u8>,
    kind: Kind,
}

#[derive(Debug)]
enum Kind {
    Term(TermMeta),
    Block { position: u64, key: Key },
}

impl Entry {
    /// The byte after a prefix; nothing for the term that equals the prefix.
    fn label(&self, prefix: usize) -> Option<u8> {
        self.bytes.get(prefix).copied()
    }
}

/// Writes `.tim`, `.tip` and `.tmd`.
#[derive(Debug)]
pub(crate) struct TermsWriter {
    tim: Output,
    tip: TermIndexWriter,
    meta: Vec<u8>,
    fields: u32,
}

/// The files of a finished term dictionary; the description still lacks its header with the id.
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
    pub(crate) fn field(&mut self, number: u32, with_freqs: bool) -> Result<FieldTerms<'_>> {
        self.tip.start_field()?;
        Ok(FieldTerms {
            writer: self,
            number,
            with_freqs,
            pending: Vec::new(),
            starts: Vec::new(),
            last: Vec::new(),
            first: None,
            terms: 0,
            sum_doc_freq: 0,
            sum_total_freq: 0,
            block: BlockBytes::default(),
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
    /// The body of `.tmd`, which has a second header in it.
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

/// The bytes of a block while it is put together.
#[derive(Debug, Default)]
struct BlockBytes {
    suffixes: Vec<u8>,
    lengths: Vec<u8>,
    stats: Vec<u8>,
    places: Vec<u8>,
    out: Vec<u8>,
}

/// Writes the terms of a field, in the order of their bytes.
#[derive(Debug)]
pub(crate) struct FieldTerms<'a> {
    writer: &'a mut TermsWriter,
    number: u32,
    with_freqs: bool,
    pending: Vec<Entry>,
    /// For each byte position of the last term, how many entries were pending when its byte there was first met.
    starts: Vec<usize>,
    last: Vec<u8>,
    first: Option<Vec<u8>>,
    terms: u64,
    sum_doc_freq: u64,
    sum_total_freq: u64,
    block: BlockBytes,
}

impl FieldTerms<'_> {
    /// Adds a term, which is above the one before.
    pub(crate) fn add(&mut self, term: &[u8], meta: TermMeta) -> Result<()> {
        self.close_blocks(term)?;
        self.pending.push(Entry {
            bytes: term.to_vec(),
            kind: Kind::Term(meta),
        });
        self.terms += 1;
        self.sum_doc_freq += u64::from(meta.doc_freq);
        self.sum_total_freq += meta.total_freq;
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

    /// Ends the field, in which so many documents have terms.
    pub(crate) fn finish(mut self, doc_count: u32) -> Result<()> {
        let largest = self.last.clone();
        self.close_blocks(&[])?;
        let count = self.pending.len();
        self.write_blocks(0, count)?;
        let Some(Entry {
            kind: Kind::Block { key, .. },
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
        if self.with_freqs {
            meta.vlong(self.sum_total_freq);
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
            let has_terms = self.write_block(&entries[begin..end], prefix, end == entries.len())?;
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
                Kind::Block { key, .. } => Some((&entry.bytes[prefix..], key)),
                Kind::Term(_) => None,
            })
            .collect();
        let node = self.writer.tip.write_nodes(&keys)?;
        let mut bytes = self.last.clone();
        bytes.truncate(prefix);
        let key = Key { value: code, node };
        self.pending.push(Entry {
            bytes,
            kind: Kind::Block {
                position: first_position,
                key,
            },
        });
        Ok(())
    }

    /// Writes a block; says whether there are terms in it.
    fn write_block(&mut self, entries: &[Entry], prefix: usize, last: bool) -> Result<bool> {
        let block = &mut self.block;
        block.suffixes.clear();
        block.lengths.clear();
        block.stats.clear();
        block.places.clear();
        block.out.clear();
        let position = self.writer.tim.position();
        let only_terms = entries
            .iter()
            .all(|entry| matches!(entry.kind, Kind::Term(_)));
        let mut has_terms = false;
        let mut run = 0;
        let mut before = TermMeta::default();
        for entry in entries {
            let suffix = &entry.bytes[prefix..];
            block.suffixes.put(suffix);
            match &entry.kind {
                Kind::Term(meta) => {
                    has_terms = true;
                    let length = suffix.len() as u64;
                    block
                        .lengths
                        .vlong(if only_terms { length } else { length << 1 });
                    if meta.doc_freq == 1 && (!self.with_freqs || meta.total_freq == 1) {
                        run += 1;
                    } else {
                        put_run(&mut run, &mut block.stats);
                        block.stats.vint(meta.doc_freq << 1);
                        if self.with_freqs {
                            block
                                .stats
                                .vlong(meta.total_freq - u64::from(meta.doc_freq));
                        }
                    }
                    put_place(meta, &before, &mut block.places);
                    before = *meta;
                }
                Kind::Block {
                    position: child, ..
                } => {
                    block.lengths.vlong((suffix.len() as u64) << 1 | 1);
                    block.lengths.vlong(position - child);
                }
            }
        }
        put_run(&mut run, &mut block.stats);

        let out = &mut block.out;
        out.vlong((entries.len() as u64) << 1 | u64::from(last));
        let compression = suffix_compression::compress(&block.suffixes, entries.len(), prefix);
        let code = compression
            .as_ref()
            .map_or(0, |_| suffix_compression::LOWERCASE_ASCII);
        out.vlong((block.suffixes.len() as u64) << 3 | u64::from(only_terms) << 2 | code);
        out.put(compression.as_ref().unwrap_or(&block.suffixes));
        let equal = block.lengths.iter().all(|byte| *byte == block.lengths[0]);
        out.vlong((block.lengths.len() as u64) << 1 | u64::from(equal));
        out.put(if equal {
            &block.lengths[..1]
        } else {
            &block.lengths
        });
        out.counted(&block.stats);
        out.counted(&block.places);
        self.writer.tim.write(out)?;
        Ok(has_terms)
    }
}

/// Where entries with a common prefix are cut into blocks: the end of each. The byte after the prefix changes at a
/// cut, at least 25 entries are before it, and more than 48 from the cut before it to the end.
fn floor_cuts(entries: &[Entry], prefix: usize) -> Vec<usize> {
    let mut cuts = Vec::new();
    let mut begin = 0;
    for i in 1..entries.len() {
        let changes = entries[i].label(prefix) != entries[i - 1].label(prefix);
        if changes && i - begin >= MIN_ENTRIES && entries.len() - begin > MAX_ENTRIES {
            cuts.push(i);
            begin = i;
        }
    }
    cuts.push(entries.len());
    cuts
}

/// Ends a run of terms with one document and frequency 1.
fn put_run(run: &mut u32, stats: &mut Vec<u8>) {
    if *run > 0 {
        stats.vint((*run - 1) << 1 | 1);
        *run = 0;
    }
}

/// Appends where the postings of a term are, relative to the term before in the block (at first: position 0 and no
/// single document): the distance of the documents, if both have a single one and the same position; else the distance
/// of the positions and the single document, if there is one. At last the offset of the skip data, if there is any.
fn put_place(meta: &TermMeta, before: &TermMeta, places: &mut Vec<u8>) {
    match (meta.single, before.single) {
        (Some(doc), Some(doc_before)) if meta.start == before.start => {
            places.vlong(zig_zag(i64::from(doc) - i64::from(doc_before)) << 1 | 1);
        }
        (single, _) => {
            places.vlong((meta.start - before.start) << 1);
            if let Some(doc) = single {
                places.vint(doc);
            }
        }
    }
    if let Some(skip) = meta.skip {
        places.vlong(skip);
    }
}
