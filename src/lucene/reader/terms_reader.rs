//! Reads the term dictionary of our own segments, in order, for merging and for comparing docids.
//!
//! The blocks form a tree; reading in order goes down to a sub-block where its entry stands, and on to the next floor
//! part at the end of a part. The term index (`.tip`) is not needed for that. One block a level is in memory.

use std::path::Path;

use crate::lucene::error::{LuceneError, Result};
use crate::lucene::formats::pfor::BLOCK;
use crate::lucene::formats::postings::TermMeta;
use crate::lucene::formats::suffix_compression;
use crate::lucene::formats::term_dictionary::{META_CODEC, POSTINGS_META_CODEC};
use crate::lucene::store::input::{Input, open_small};
use crate::lucene::store::output::Id;
use crate::lucene::store::primitives::zag_zig;

/// What `.tmd` says of a field.
#[derive(Debug, Clone)]
pub(crate) struct FieldMeta {
    pub(crate) number: u32,
    pub(crate) with_freqs: bool,
    pub(crate) terms: u64,
    pub(crate) root: u64,
    pub(crate) total_freq: u64,
    pub(crate) postings: u64,
    pub(crate) doc_count: u32,
}

/// Reads `.tmd`; `with_freqs` tells which fields have frequencies.
pub(crate) fn read_meta(
    path: &Path,
    id: &Id,
    with_freqs: impl Fn(u32) -> bool,
) -> Result<Vec<FieldMeta>> {
    let (mut input, _) = open_small(
        path,
        META_CODEC.name,
        META_CODEC.version,
        Some(id),
        META_CODEC.suffix,
    )?;
    input.header(
        POSTINGS_META_CODEC.name,
        POSTINGS_META_CODEC.version,
        POSTINGS_META_CODEC.suffix,
    )?;
    if input.vlen()? != BLOCK {
        return Err(LuceneError::not_ours(
            path,
            "its postings have another block size",
        ));
    }
    let mut fields = Vec::new();
    for _ in 0..input.vint()? {
        let number = input.vint()?;
        let with_freqs = with_freqs(number);
        let terms = input.vlong()?;
        let code_bytes = input.vlen()?;
        let after = input.position().saturating_add(code_bytes as u64);
        let root = input.vlong()? >> 2;
        input.seek(after);
        let total_freq = if with_freqs {
            Some(input.vlong()?)
        } else {
            None
        };
        let postings = input.vlong()?;
        let doc_count = input.vint()?;
        for _smallest_and_largest in 0..2 {
            let bytes = input.vlen()?;
            input.take(bytes)?;
        }
        let _position_in_tip = input.vlong()?;
        // The description of the transducer: a plain header (12 bytes with its name), flag, root output, label size,
        // start node, bytes.
        input.take(12)?;
        if input.u8()? == 1 {
            let bytes = input.vlen()?;
            input.take(bytes)?;
        }
        input.u8()?;
        input.vlong()?;
        input.vlong()?;
        fields.push(FieldMeta {
            number,
            with_freqs,
            terms,
            root,
            total_freq: total_freq.unwrap_or(postings),
            postings,
            doc_count,
        });
    }
    Ok(fields)
}

/// Bytes of a block that are read one after another.
#[derive(Debug, Default)]
struct Section {
    bytes: Vec<u8>,
    at: usize,
}

impl Section {
    fn fill(&mut self, input: &mut Input, length: usize) -> Result<()> {
        self.at = 0;
        self.bytes.clear();
        self.bytes.extend_from_slice(input.take(length)?);
        Ok(())
    }

    fn vlong(&mut self) -> Option<u64> {
        let mut value = 0;
        for shift in (0..64).step_by(7) {
            let byte = *self.bytes.get(self.at)?;
            self.at += 1;
            value |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Some(value);
            }
        }
        None
    }

    fn vint(&mut self) -> Option<u32> {
        u32::try_from(self.vlong()?).ok()
    }

    fn take(&mut self, length: usize) -> Option<&[u8]> {
        let end = self.at.checked_add(length)?;
        let bytes = self.bytes.get(self.at..end)?;
        self.at = end;
        Some(bytes)
    }
}

/// Most bytes of the suffixes of a block, unpacked: it holds some dozens of terms of at most 32 KiB.
const MAX_SECTION: usize = 16 << 20;

/// A block on the way from the root to the current term.
#[derive(Debug, Default)]
struct Frame {
    position: u64,
    next_part: Option<u64>,
    prefix: usize,
    only_terms: bool,
    entries: u64,
    suffixes: Section,
    lengths: Section,
    stats: Section,
    places: Section,
    run: u32,
    before: TermMeta,
}

/// What the next entry of a block is.
enum Entry {
    Term(TermMeta),
    Block(u64),
}

impl Frame {
    /// Reads the block at a position, with its length taken from the bytes that are `left`.
    fn load(&mut self, input: &mut Input, position: u64, left: &mut u64) -> Result<()> {
        input.seek(position);
        let code = input.vlong()?;
        let last = code & 1 == 1;
        self.position = position;
        self.entries = code >> 1;
        let code = input.vlong()?;
        self.only_terms = code & 4 != 0;
        let bytes = usize::try_from(code >> 3)
            .ok()
            .filter(|&bytes| bytes <= MAX_SECTION);
        let bytes = bytes.ok_or_else(|| input.corrupt("a block is too long"))?;
        match code & 3 {
            0 => self.suffixes.fill(input, bytes)?,
            suffix_compression::LOWERCASE_ASCII => {
                self.suffixes.at = 0;
                self.suffixes.bytes.resize(bytes, 0);
                suffix_compression::decompress(input, &mut self.suffixes.bytes)?;
            }
            _ => {
                return Err(LuceneError::not_ours(
                    input.path(),
                    "its terms are compressed in another way",
                ));
            }
        }
        let code = input.vlong()?;
        let bytes = usize::try_from(code >> 1)
            .ok()
            .filter(|&bytes| bytes <= MAX_SECTION);
        let bytes = bytes.ok_or_else(|| input.corrupt("a block is too long"))?;
        if code & 1 == 1 {
            let byte = input.u8()?;
            self.lengths.at = 0;
            self.lengths.bytes.clear();
            self.lengths.bytes.resize(bytes, byte);
        } else {
            self.lengths.fill(input, bytes)?;
        }
        let bytes = input.vlen()?;
        self.stats.fill(input, bytes)?;
        let bytes = input.vlen()?;
        self.places.fill(input, bytes)?;
        let end = input.position();
        *left = left
            .checked_sub(end - position)
            .ok_or_else(|| input.corrupt("its blocks overlap"))?;
        self.next_part = (!last).then_some(end);
        self.run = 0;
        self.before = TermMeta::default();
        Ok(())
    }

    /// Reads the next entry and appends its suffix to `term`, which is cut to the prefix before. Nothing if the block
    /// does not hold what it says.
    fn next(&mut self, with_freqs: bool, term: &mut Vec<u8>) -> Option<Entry> {
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
            let meta = self.meta(with_freqs)?;
            self.before = meta;
            return Some(Entry::Term(meta));
        }
        let back = self.lengths.vlong()?;
        self.position
            .checked_sub(back)
            .filter(|_| back > 0)
            .map(Entry::Block)
    }

    fn meta(&mut self, with_freqs: bool) -> Option<TermMeta> {
        let mut meta = TermMeta {
            doc_freq: 1,
            total_freq: 1,
            ..TermMeta::default()
        };
        if self.run > 0 {
            self.run -= 1;
        } else {
            let code = self.stats.vint()?;
            if code & 1 == 1 {
                self.run = code >> 1;
            } else {
                meta.doc_freq = Some(code >> 1).filter(|doc_freq| *doc_freq > 0)?;
                meta.total_freq = u64::from(meta.doc_freq);
                if with_freqs {
                    meta.total_freq = meta.total_freq.checked_add(self.stats.vlong()?)?;
                }
            }
        }
        let code = self.places.vlong()?;
        if code & 1 == 1 {
            meta.start = self.before.start;
            let doc = i64::from(self.before.single?).checked_add(zag_zig(code >> 1))?;
            meta.single = Some(u32::try_from(doc).ok()?);
        } else {
            meta.start = self.before.start.checked_add(code >> 1)?;
            if meta.doc_freq == 1 {
                meta.single = Some(self.places.vint()?);
            }
        }
        if meta.doc_freq as usize > BLOCK {
            meta.skip = Some(self.places.vlong()?);
        }
        Some(meta)
    }
}

/// Reads the terms of one field in order.
#[derive(Debug)]
pub(crate) struct TermsReader {
    input: Input,
    with_freqs: bool,
    frames: Vec<Frame>,
    depth: usize,
    term: Vec<u8>,
    before: Vec<u8>,
    first: bool,
    /// Bytes of blocks that may still be read: no byte is in two of them, so a file in which one leads to another
    /// again is noticed.
    left: u64,
}

impl TermsReader {
    /// Reads the terms of a field from `.tim`.
    pub(crate) fn new(mut input: Input, field: &FieldMeta) -> Result<Self> {
        let mut root = Frame::default();
        let mut left = input.length();
        root.load(&mut input, field.root, &mut left)?;
        Ok(Self {
            input,
            with_freqs: field.with_freqs,
            frames: vec![root],
            depth: 1,
            term: Vec::new(),
            before: Vec::new(),
            first: true,
            left,
        })
    }

    /// The term that [`next`](Self::next) has found.
    pub(crate) fn term(&self) -> &[u8] {
        &self.term
    }

    /// Goes to the next term. Terms that do not rise are refused.
    pub(crate) fn next(&mut self) -> Result<Option<TermMeta>> {
        std::mem::swap(&mut self.term, &mut self.before);
        self.term.clone_from(&self.before);
        while let Some(frame) = self
            .depth
            .checked_sub(1)
            .and_then(|top| self.frames.get_mut(top))
        {
            if frame.entries == 0 {
                match frame.next_part {
                    Some(position) => {
                        frame.load(&mut self.input, position, &mut self.left)?;
                    }
                    None => self.depth -= 1,
                }
                continue;
            }
            match frame.next(self.with_freqs, &mut self.term) {
                Some(Entry::Term(meta)) => {
                    if !self.first && self.term <= self.before {
                        return Err(self.input.corrupt("its terms are not in order"));
                    }
                    self.first = false;
                    return Ok(Some(meta));
                }
                Some(Entry::Block(position)) => {
                    if self.frames.len() == self.depth {
                        self.frames.push(Frame::default());
                    }
                    let child = &mut self.frames[self.depth];
                    child.prefix = self.term.len();
                    child.load(&mut self.input, position, &mut self.left)?;
                    self.depth += 1;
                }
                None => return Err(self.input.corrupt("a block of terms is damaged")),
            }
        }
        Ok(None)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;
    use crate::lucene::formats::term_dictionary::{CODEC, TermsWriter};
    use crate::lucene::store::output::write_small;

    fn round_trip(terms: &BTreeMap<Vec<u8>, TermMeta>) -> BTreeMap<Vec<u8>, TermMeta> {
        let dir = tempfile::tempdir().unwrap();
        let path = |name: &str| dir.path().join(name);
        let id = [9; 16];
        let mut writer = TermsWriter::create(path("tim"), path("tip")).unwrap();
        let mut field = writer.field(1, true).unwrap();
        for (term, meta) in terms {
            field.add(term, *meta).unwrap();
        }
        field.finish(7).unwrap();
        let written = writer.finish().unwrap();
        write_small(&path("tmd"), META_CODEC, &id, &written.meta_body(&id)).unwrap();
        written.tim.seal(&id).unwrap();
        written.tip.seal(&id).unwrap();
        let fields = read_meta(&path("tmd"), &id, |_| true).unwrap();
        assert_eq!(fields.len(), 1);
        assert_eq!(fields[0].terms, terms.len() as u64);
        let input = Input::open_checked(
            path("tim"),
            50,
            CODEC.name,
            CODEC.version,
            &id,
            CODEC.suffix,
        )
        .unwrap();
        let mut reader = TermsReader::new(input, &fields[0]).unwrap();
        let mut read = BTreeMap::new();
        while let Some(meta) = reader.next().unwrap() {
            read.insert(reader.term().to_vec(), meta);
        }
        read
    }

    fn metas(
        terms: impl IntoIterator<Item = Vec<u8>>,
        freqs: &[u32],
    ) -> BTreeMap<Vec<u8>, TermMeta> {
        let mut map: BTreeMap<Vec<u8>, TermMeta> = terms
            .into_iter()
            .map(|term| (term, TermMeta::default()))
            .collect();
        let mut start = 61;
        for (i, meta) in map.values_mut().enumerate() {
            let doc_freq = freqs[i % freqs.len()];
            meta.doc_freq = doc_freq;
            meta.total_freq = u64::from(doc_freq) + (i as u64 % 3);
            meta.start = start;
            if doc_freq == 1 {
                meta.single = Some(u32::try_from(i * 7919 % 1000).unwrap());
            } else {
                start += u64::from(doc_freq) * 2;
            }
            meta.skip = (doc_freq > 128).then_some(u64::from(doc_freq));
        }
        map
    }

    #[test]
    fn many_terms_are_read_back() {
        let words =
            (0..20_000_u32).map(|i| format!("w{:x}", i.wrapping_mul(2_654_435_761)).into_bytes());
        let terms = metas(words, &[1, 1, 1, 5, 129, 1, 40_000]);
        assert_eq!(round_trip(&terms), terms);
    }

    #[test]
    fn prefixes_and_long_terms_are_read_back() {
        let mut words: Vec<Vec<u8>> = (0..300).map(|i| vec![b'x'; i]).collect();
        words.extend((0..100_u8).map(|i| [vec![b'y'; 32_765], vec![i]].concat()));
        words.extend((0..=255_u8).flat_map(|i| (0..30).map(move |j| vec![i, j])));
        let terms = metas(words, &[1, 2]);
        assert_eq!(round_trip(&terms), terms);
    }

    proptest! {
        #[test]
        fn any_terms_are_read_back(
            words in prop::collection::vec(prop::collection::vec(0_u8..4, 0..9), 1..400), freqs in prop::collection::vec(1_u32..400, 1..5),
        ) {
            let terms = metas(words, &freqs);
            prop_assert_eq!(round_trip(&terms), terms);
        }
    }
}
