//! Turns documents with terms into terms with documents, in memory.
//!
//! Each term has a list of its postings in the order in which they came, encoded like the last postings of a term in
//! `.doc`: about three bytes per posting of a SPLADE collection. The bytes of a list lie in slices. The first slice has
//! 16 bytes, each further one twice as many, up to 2 KiB; a slice ends with the address of the next. Slices lie in
//! blocks of 64 KiB. So lists grow without being moved, and each wastes less than one slice.

use crate::lucene::error::{LuceneError, Result};
use crate::lucene::store::primitives::PutBytes;

const BLOCK_BITS: u32 = 16;
const BLOCK_BYTES: usize = 1 << BLOCK_BITS;
const FIRST_SLICE: usize = 16;
const LAST_SLICE: usize = 2048;
/// Length of the address at the end of a slice.
const LINK: usize = 4;

/// Address that no byte has, because the last block is never used.
const NO_ADDRESS: u32 = u32::MAX;

/// Where the list of a term lies.
#[derive(Debug, Clone, Copy)]
struct List {
    /// Address of the first slice, or [`NO_ADDRESS`].
    first: u32,
    /// Address of the next byte.
    next: u32,
    /// Address of the end of the last slice, where the address of the next one will stand.
    end: u32,
    last_doc: u32,
    /// Length of the last slice.
    slice: u32,
}

const EMPTY: List = List {
    first: NO_ADDRESS,
    next: 0,
    end: 0,
    last_doc: 0,
    slice: 0,
};

/// Postings of a segment, by term number.
#[derive(Debug, Default)]
pub(crate) struct Inversion {
    blocks: Vec<Box<[u8]>>,
    used: usize,
    lists: Vec<List>,
    encoded: Vec<u8>,
}

/// Reason why a posting was not added.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum NotAdded {
    /// The document has the term already.
    DuplicateTerm,
    /// The addresses are used up.
    Full,
}

impl Inversion {
    /// Adds a posting; the document is not below that of the posting before it.
    #[inline]
    #[expect(
        clippy::cast_possible_truncation,
        reason = "a posting has at most ten bytes"
    )]
    pub(crate) fn add(&mut self, term: u32, doc: u32, freq: u32) -> Result<(), NotAdded> {
        let at = term as usize;
        if at >= self.lists.len() {
            self.lists
                .resize((at + 1).max(1 << 10).next_power_of_two(), EMPTY);
        }
        let list = self.lists[at];
        let delta = if list.first == NO_ADDRESS {
            doc
        } else if list.last_doc == doc {
            return Err(NotAdded::DuplicateTerm);
        } else {
            doc - list.last_doc
        };
        let mut bytes = [0; 10];
        let mut length = 0;
        let code = u64::from(delta) << 1 | u64::from(freq == 1);
        put(&mut bytes, &mut length, code);
        if freq != 1 {
            put(&mut bytes, &mut length, freq.into());
        }
        let bytes = bytes.get(..length).unwrap_or_default();
        if list.first != NO_ADDRESS && list.next as usize + length <= list.end as usize {
            let start = list.next as usize & (BLOCK_BYTES - 1);
            let place = &mut self.blocks[list.next as usize >> BLOCK_BITS][start..start + length];
            // There are two or three bytes, mostly: a loop is faster than a call.
            for (to, from) in place.iter_mut().zip(bytes) {
                *to = *from;
            }
            let list = &mut self.lists[at];
            list.next += length as u32;
            list.last_doc = doc;
            return Ok(());
        }
        self.add_to_new_slice(at, doc, bytes)
    }

    /// Adds the bytes of a posting that do not fit into the last slice.
    #[cold]
    #[expect(clippy::cast_possible_truncation, reason = "a slice has at most 2 KiB")]
    fn add_to_new_slice(&mut self, at: usize, doc: u32, mut bytes: &[u8]) -> Result<(), NotAdded> {
        let mut list = self.lists[at];
        list.last_doc = doc;
        while !bytes.is_empty() {
            if list.first == NO_ADDRESS || list.next == list.end {
                let length = (list.slice as usize * 2).clamp(FIRST_SLICE, LAST_SLICE);
                let slice = self.new_slice(length)?;
                if list.first == NO_ADDRESS {
                    list.first = slice;
                } else {
                    let (block, start) = locate(list.end);
                    self.blocks[block][start..start + LINK].copy_from_slice(&slice.to_le_bytes());
                }
                list.next = slice;
                list.end = slice + (length - LINK) as u32;
                list.slice = length as u32;
            }
            let (now, later) = bytes.split_at(bytes.len().min((list.end - list.next) as usize));
            let (block, start) = locate(list.next);
            self.blocks[block][start..start + now.len()].copy_from_slice(now);
            list.next += now.len() as u32;
            bytes = later;
        }
        self.lists[at] = list;
        Ok(())
    }

    fn new_slice(&mut self, length: usize) -> Result<u32, NotAdded> {
        if self.blocks.is_empty() || self.used + length > BLOCK_BYTES {
            self.blocks.push(vec![0; BLOCK_BYTES].into_boxed_slice());
            self.used = 0;
        }
        let address = (self.blocks.len() - 1) * BLOCK_BYTES + self.used;
        // The last block is never used, so that no byte has the address NO_ADDRESS.
        let address = u32::try_from(address)
            .ok()
            .filter(|address| *address < NO_ADDRESS << BLOCK_BITS)
            .ok_or(NotAdded::Full)?;
        self.used += length;
        Ok(address)
    }

    /// Returns the numbers of the terms that have postings.
    pub(crate) fn terms(&self) -> impl Iterator<Item = u32> {
        (0..)
            .zip(&self.lists)
            .filter(|(_, list)| list.first != NO_ADDRESS)
            .map(|(term, _)| term)
    }

    /// Calls `each(doc, freq)` for the postings of a term.
    #[expect(
        clippy::cast_possible_truncation,
        reason = "slices are small, and the numbers had 32 bits when they were added"
    )]
    pub(crate) fn for_each(
        &mut self,
        term: u32,
        mut each: impl FnMut(u32, u32) -> Result<()>,
    ) -> Result<()> {
        let Some(list) = self
            .lists
            .get(term as usize)
            .filter(|list| list.first != NO_ADDRESS)
        else {
            return Ok(());
        };
        self.encoded.clear();
        let mut slice = list.first;
        let mut length = FIRST_SLICE;
        loop {
            let (block, start) = locate(slice);
            let end = slice + (length - LINK) as u32;
            if end == list.end {
                self.encoded
                    .put(&self.blocks[block][start..start + (list.next - slice) as usize]);
                break;
            }
            let (bytes, link) = self.blocks[block][start..start + length].split_at(length - LINK);
            self.encoded.put(bytes);
            let mut address = [0; LINK];
            address.copy_from_slice(link);
            slice = u32::from_le_bytes(address);
            length = (length * 2).min(LAST_SLICE);
        }
        let mut bytes = self.encoded.iter();
        let mut doc = 0;
        while let Some(code) = next(&mut bytes) {
            doc += (code >> 1) as u32;
            let freq = if code & 1 == 1 {
                1
            } else {
                next(&mut bytes).unwrap_or(1) as u32
            };
            each(doc, freq)?;
        }
        Ok(())
    }

    /// Returns the bytes of memory in use.
    pub(crate) fn memory_bytes(&self) -> usize {
        self.blocks.len() * BLOCK_BYTES
            + self.lists.capacity() * size_of::<List>()
            + self.encoded.capacity()
    }
}

/// Returns the block of an address, and the offset in it.
const fn locate(address: u32) -> (usize, usize) {
    (
        address as usize >> BLOCK_BITS,
        address as usize & (BLOCK_BYTES - 1),
    )
}

#[inline]
#[expect(
    clippy::cast_possible_truncation,
    reason = "the value is below 128, or masked to 7 bits"
)]
fn put(bytes: &mut [u8; 10], length: &mut usize, mut value: u64) {
    while value >= 0x80 {
        bytes[*length] = (value & 0x7f) as u8 | 0x80;
        *length += 1;
        value >>= 7;
    }
    bytes[*length] = value as u8;
    *length += 1;
}

#[inline]
fn next<'a>(bytes: &mut impl Iterator<Item = &'a u8>) -> Option<u64> {
    let mut byte = *bytes.next()?;
    let mut value = u64::from(byte & 0x7f);
    let mut shift = 7;
    while byte & 0x80 != 0 {
        byte = *bytes.next()?;
        value |= u64::from(byte & 0x7f) << shift;
        shift += 7;
    }
    Some(value)
}

impl From<NotAdded> for LuceneError {
    fn from(_: NotAdded) -> Self {
        Self::TooMany {
            what: "more than 4 GiB of postings in one segment",
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn postings(inversion: &mut Inversion, term: u32) -> Vec<(u32, u32)> {
        let mut list = Vec::new();
        inversion
            .for_each(term, |doc, freq| {
                list.push((doc, freq));
                Ok(())
            })
            .unwrap();
        list
    }

    #[test]
    fn a_document_has_a_term_once() {
        let mut inversion = Inversion::default();
        inversion.add(5, 0, 1).unwrap();
        assert_eq!(inversion.add(5, 0, 2), Err(NotAdded::DuplicateTerm));
        inversion.add(5, u32::MAX >> 1, u32::MAX >> 1).unwrap();
        assert_eq!(
            postings(&mut inversion, 5),
            [(0, 1), (u32::MAX >> 1, u32::MAX >> 1)]
        );
        assert_eq!(postings(&mut inversion, 4), []);
        assert_eq!(inversion.terms().collect::<Vec<_>>(), [5]);
    }

    proptest! {
        #[test]
        fn lists_of_any_length_are_kept_apart(documents in prop::collection::vec(prop::collection::btree_map(0_u32..20, 1_u32..100_000, 0..20), 0..900)) {
            let mut inversion = Inversion::default();
            let mut expected = vec![Vec::new(); 20];
            for (doc, terms) in (0..).zip(&documents) {
                for (&term, &freq) in terms {
                    inversion.add(term, doc, freq).unwrap();
                    expected[term as usize].push((doc, freq));
                }
            }
            for (term, list) in (0..).zip(expected) {
                prop_assert_eq!(postings(&mut inversion, term), list);
            }
        }
    }
}
