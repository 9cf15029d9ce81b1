//! Reads a block of the term dictionary: see the module `formats::term_block`.

use crate::lucene::error::Result;
use crate::lucene::formats::pfor::BLOCK;
use crate::lucene::formats::suffix_compression;
use crate::lucene::formats::term_meta::TermMeta;
use crate::lucene::reader::section::Section;
use crate::lucene::store::input::Input;
use crate::lucene::store::primitives::zag_zig;

/// Most bytes of the suffixes of a block, unpacked: it holds some dozens of terms of at most 32 KiB.
const MAX_SECTION: usize = 16 << 20;

/// A block on the way from the root to the current term.
#[derive(Debug, Default)]
pub(crate) struct TermBlockReader {
    position: u64,
    next_floor_block: Option<u64>,
    prefix: usize,
    only_terms: bool,
    entries: u64,
    suffixes: Section,
    lengths: Section,
    stats: Section,
    places: Section,
    /// How many of the next terms have one document and frequency 1.
    run: u32,
    before: TermMeta,
}

/// What the next entry of a block is.
pub(crate) enum BlockEntry {
    Term(TermMeta),
    /// A block at a position.
    Block(u64),
}

impl TermBlockReader {
    /// Says how many bytes all terms of the block share.
    pub(crate) fn set_prefix(&mut self, prefix: usize) {
        self.prefix = prefix;
    }

    /// Returns true if all entries were read.
    pub(crate) const fn is_at_end(&self) -> bool {
        self.entries == 0
    }

    /// Returns where the next floor block of the same prefix is, if there is one.
    pub(crate) const fn next_floor_block(&self) -> Option<u64> {
        self.next_floor_block
    }

    /// Reads the block at a position, and subtracts its length from the bytes that are `left`.
    pub(crate) fn load(&mut self, input: &mut Input, position: u64, left: &mut u64) -> Result<()> {
        input.seek(position);
        let code = input.vlong()?;
        let last = code & 1 == 1;
        self.position = position;
        self.entries = code >> 1;
        self.load_suffixes(input)?;
        self.load_lengths(input)?;
        let bytes = input.vlen()?;
        self.stats.fill(input, bytes)?;
        let bytes = input.vlen()?;
        self.places.fill(input, bytes)?;
        let end = input.position();
        *left = left
            .checked_sub(end - position)
            .ok_or_else(|| input.corrupt("its blocks overlap"))?;
        self.next_floor_block = (!last).then_some(end);
        self.run = 0;
        self.before = TermMeta::default();
        Ok(())
    }

    fn load_suffixes(&mut self, input: &mut Input) -> Result<()> {
        let code = input.vlong()?;
        self.only_terms = code & 4 != 0;
        let bytes = section_bytes(input, code >> 3)?;
        match code & 3 {
            suffix_compression::NONE => self.suffixes.fill(input, bytes),
            suffix_compression::LOWERCASE_ASCII => {
                suffix_compression::decompress(input, self.suffixes.reset(bytes, 0))
            }
            _ => Err(input.not_ours("its terms are compressed in another way")),
        }
    }

    fn load_lengths(&mut self, input: &mut Input) -> Result<()> {
        let code = input.vlong()?;
        let bytes = section_bytes(input, code >> 1)?;
        let equal = code & 1 == 1;
        if equal {
            let byte = input.u8()?;
            self.lengths.reset(bytes, byte);
            Ok(())
        } else {
            self.lengths.fill(input, bytes)
        }
    }

    /// Reads the next entry and appends its suffix to `term`, which is cut to the prefix before. Returns nothing if the
    /// block does not hold what it says.
    pub(crate) fn next(&mut self, has_freqs: bool, term: &mut Vec<u8>) -> Option<BlockEntry> {
        self.entries = self.entries.checked_sub(1)?;
        let code = self.lengths.vlong()?;
        let (length, is_term) = if self.only_terms {
            (code, true)
        } else {
            (code >> 1, code & 1 == 0)
        };
        term.truncate(self.prefix);
        term.extend_from_slice(self.suffixes.take(usize::try_from(length).ok()?)?);
        if is_term {
            let mut meta = self.stats(has_freqs)?;
            self.read_place(&mut meta)?;
            self.before = meta;
            return Some(BlockEntry::Term(meta));
        }
        let back = self.lengths.vlong()?;
        self.position
            .checked_sub(back)
            .filter(|_| back > 0)
            .map(BlockEntry::Block)
    }

    /// Reads the statistics of the next term.
    fn stats(&mut self, has_freqs: bool) -> Option<TermMeta> {
        let mut meta = TermMeta {
            doc_freq: 1,
            total_term_freq: 1,
            ..TermMeta::default()
        };
        if self.run > 0 {
            self.run -= 1;
            return Some(meta);
        }
        let code = self.stats.vint()?;
        if code & 1 == 1 {
            self.run = code >> 1;
            return Some(meta);
        }
        meta.doc_freq = Some(code >> 1).filter(|doc_freq| *doc_freq > 0)?;
        meta.total_term_freq = u64::from(meta.doc_freq);
        if has_freqs {
            meta.total_term_freq = meta.total_term_freq.checked_add(self.stats.vlong()?)?;
        }
        Some(meta)
    }

    /// Reads where the postings of the next term are.
    fn read_place(&mut self, meta: &mut TermMeta) -> Option<()> {
        let code = self.places.vlong()?;
        if code & 1 == 1 {
            meta.doc_start_fp = self.before.doc_start_fp;
            let doc = i64::from(self.before.singleton_doc_id?).checked_add(zag_zig(code >> 1))?;
            meta.singleton_doc_id = Some(u32::try_from(doc).ok()?);
        } else {
            meta.doc_start_fp = self.before.doc_start_fp.checked_add(code >> 1)?;
            if meta.doc_freq == 1 {
                meta.singleton_doc_id = Some(self.places.vint()?);
            }
        }
        if meta.doc_freq as usize > BLOCK {
            meta.skip_offset = Some(self.places.vlong()?);
        }
        Some(())
    }
}

fn section_bytes(input: &Input, bytes: u64) -> Result<usize> {
    usize::try_from(bytes)
        .ok()
        .filter(|&bytes| bytes <= MAX_SECTION)
        .ok_or_else(|| input.corrupt("a block is too long"))
}
