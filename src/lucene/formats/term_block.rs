//! A block of the term dictionary, in `.tim`.
//!
//! ```text
//! vint  entries << 1 | last floor block of its prefix
//! vlong bytes of suffixes << 3 | only terms ? 4 : 0 | compression     (see the module suffix_compression)
//! suffixes: for each entry, what follows the prefix
//! vint  n << 1 | all n bytes equal, then the lengths of the suffixes in n bytes (or in 1, if all are equal)
//!       only terms: vint length; else vint length << 1 for a term,
//!       vint length << 1 | 1 and vlong distance back to its first floor block for a block
//! vint  n, then n bytes of statistics of the terms
//! vint  n, then n bytes of places of the postings                     (see the module term_meta)
//! ```
//!
//! Statistics: a run of terms with one document and frequency 1 is vint (run - 1) << 1 | 1; another term is vint
//! df << 1 and, with frequencies, vlong (sum of its frequencies - df).

use crate::lucene::formats::suffix_compression;
use crate::lucene::formats::term_index::Key;
use crate::lucene::formats::term_meta::TermMeta;
use crate::lucene::store::primitives::PutBytes;

/// Fewest entries of a block, except where a prefix has no more.
pub(crate) const MIN_ENTRIES: usize = 25;
/// Most entries that share a prefix and stay in one block.
const MAX_ENTRIES: usize = 48;

/// An entry of a block.
#[derive(Debug)]
pub(crate) struct Entry {
    /// The term, or the prefix of the finished block.
    pub(crate) bytes: Vec<u8>,
    pub(crate) kind: EntryKind,
}

/// What an entry stands for.
#[derive(Debug)]
pub(crate) enum EntryKind {
    Term(TermMeta),
    /// A finished block with a longer prefix: the position of its first floor block in `.tim`, and its key in `.tip`.
    Block {
        position: u64,
        key: Key,
    },
}

impl Entry {
    /// Returns the byte after a prefix; nothing for the term that equals the prefix.
    pub(crate) fn label(&self, prefix: usize) -> Option<u8> {
        self.bytes.get(prefix).copied()
    }
}

/// Encodes blocks; its buffers are used again for the next.
#[derive(Debug, Default)]
pub(crate) struct BlockEncoder {
    suffixes: Vec<u8>,
    lengths: Vec<u8>,
    stats: Vec<u8>,
    places: Vec<u8>,
    out: Vec<u8>,
    /// Terms with one document and frequency 1 that are not in the statistics yet.
    run: u32,
}

impl BlockEncoder {
    /// Returns the bytes of a block that will stand at `position`, whose entries share `prefix` bytes, and whether
    /// there are terms in it. `last` says that no floor block of the prefix follows.
    pub(crate) fn encode(
        &mut self,
        entries: &[Entry],
        prefix: usize,
        last: bool,
        position: u64,
        has_freqs: bool,
    ) -> (&[u8], bool) {
        self.clear();
        let only_terms = entries
            .iter()
            .all(|entry| matches!(entry.kind, EntryKind::Term(_)));
        let mut has_terms = false;
        let mut before = TermMeta::default();
        for entry in entries {
            let suffix = entry.bytes.get(prefix..).unwrap_or_default();
            let length = suffix.len() as u64;
            self.suffixes.put(suffix);
            match &entry.kind {
                EntryKind::Term(meta) => {
                    has_terms = true;
                    self.lengths
                        .vlong(if only_terms { length } else { length << 1 });
                    self.put_stats(meta, has_freqs);
                    meta.put_place(&before, &mut self.places);
                    before = *meta;
                }
                EntryKind::Block {
                    position: child, ..
                } => {
                    self.lengths.vlong(length << 1 | 1);
                    self.lengths.vlong(position - child);
                }
            }
        }
        self.end_run();
        self.assemble(entries.len(), prefix, last, only_terms);
        (&self.out, has_terms)
    }

    fn clear(&mut self) {
        self.suffixes.clear();
        self.lengths.clear();
        self.stats.clear();
        self.places.clear();
        self.out.clear();
        self.run = 0;
    }

    fn put_stats(&mut self, meta: &TermMeta, has_freqs: bool) {
        if meta.doc_freq == 1 && (!has_freqs || meta.total_term_freq == 1) {
            self.run += 1;
            return;
        }
        self.end_run();
        self.stats.vint(meta.doc_freq << 1);
        if has_freqs {
            self.stats
                .vlong(meta.total_term_freq - u64::from(meta.doc_freq));
        }
    }

    fn end_run(&mut self) {
        if self.run > 0 {
            self.stats.vint((self.run - 1) << 1 | 1);
            self.run = 0;
        }
    }

    /// Puts the parts of the block together.
    fn assemble(&mut self, entries: usize, prefix: usize, last: bool, only_terms: bool) {
        let compressed = suffix_compression::compress(&self.suffixes, entries, prefix);
        let compression = match compressed {
            Some(_) => suffix_compression::LOWERCASE_ASCII,
            None => suffix_compression::NONE,
        };
        let equal = self.lengths.windows(2).all(|pair| pair[0] == pair[1]);
        let out = &mut self.out;
        out.vlong((entries as u64) << 1 | u64::from(last));
        out.vlong((self.suffixes.len() as u64) << 3 | u64::from(only_terms) << 2 | compression);
        out.put(compressed.as_ref().unwrap_or(&self.suffixes));
        out.vlong((self.lengths.len() as u64) << 1 | u64::from(equal));
        let distinct = if equal { 1 } else { self.lengths.len() };
        out.put(&self.lengths[..distinct]);
        out.counted(&self.stats);
        out.counted(&self.places);
    }
}

/// Returns where entries with a common prefix are cut into floor blocks: the end of each. The byte after the prefix
/// changes at a cut, at least 25 entries are before it, and more than 48 from the cut before it to the end.
pub(crate) fn floor_cuts(entries: &[Entry], prefix: usize) -> Vec<usize> {
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
