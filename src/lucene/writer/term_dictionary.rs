//! Numbers terms.

use std::hash::{BuildHasher, Hasher, RandomState};

use crate::lucene::error::{LuceneError, Result, abbreviate};
use crate::lucene::limits::MAX_TERM_BYTES;

/// Numbers terms 0, 1, 2 … in the order in which they are first met, so that a posting is two numbers.
///
/// An encoder makes it once, from the model's vocabulary, with [`from_terms`](Self::from_terms); a reader of collections
/// lets it grow with [`intern`](Self::intern). The terms are sorted only when a segment is written.
///
/// Terms lie in one string. The hash table is open, has eight bytes per slot and is at most half full. Its hash has a
/// random seed, but no output depends on it.
#[derive(Debug, Clone)]
pub struct TermDictionary {
    text: String,
    ends: Vec<u32>,
    /// Hash and number + 1 of a term; 0 for a free slot. The length is a power of two.
    slots: Vec<(u32, u32)>,
    seed: u64,
    /// Whether the terms are those of a model, given once.
    is_vocabulary: bool,
}

impl Default for TermDictionary {
    fn default() -> Self {
        Self {
            text: String::new(),
            ends: Vec::new(),
            slots: Vec::new(),
            seed: RandomState::new().build_hasher().finish(),
            is_vocabulary: false,
        }
    }
}

impl TermDictionary {
    /// Creates an empty dictionary.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Creates an empty dictionary for the terms of a model as they are met: no segment has to account for its memory, so
    /// that segments end where they do with the whole vocabulary.
    #[must_use]
    pub fn of_model() -> Self {
        Self {
            is_vocabulary: true,
            ..Self::default()
        }
    }

    /// Numbers terms by their position in a list, such as the vocabulary of a model.
    ///
    /// # Errors
    ///
    /// [`LuceneError::DuplicateVocabulary`] if a term is in the list twice, [`LuceneError::TermTooLong`].
    pub fn from_terms<T: AsRef<str>>(terms: impl IntoIterator<Item = T>) -> Result<Self> {
        let mut dictionary = Self::new();
        for (second, term) in terms.into_iter().enumerate() {
            let term = term.as_ref();
            let first = dictionary.intern(term)? as usize;
            if first != second {
                return Err(LuceneError::DuplicateVocabulary {
                    term: abbreviate(term),
                    first,
                    second,
                });
            }
        }
        dictionary.is_vocabulary = true;
        Ok(dictionary)
    }

    /// Returns the number of a term, and gives it one if it has none.
    ///
    /// # Errors
    ///
    /// [`LuceneError::TermTooLong`], or [`LuceneError::TooMany`] above 4 GiB of terms.
    #[inline]
    pub fn intern(&mut self, term: &str) -> Result<u32> {
        if self.slots.len() <= self.ends.len() * 2 {
            self.grow();
        }
        let hash = self.hash(term.as_bytes());
        let mask = self.slots.len() - 1;
        let mut at = hash as usize & mask;
        loop {
            let (slot_hash, number) = self.slots[at];
            let Some(number) = number.checked_sub(1) else {
                break;
            };
            if slot_hash == hash && self.term(number) == Some(term) {
                return Ok(number);
            }
            at = (at + 1) & mask;
        }
        self.insert(term, hash, at)
    }

    /// Returns the number of a term, if it has one.
    #[must_use]
    pub fn get(&self, term: &str) -> Option<u32> {
        let hash = self.hash(term.as_bytes());
        let mask = self.slots.len().checked_sub(1)?;
        let mut at = hash as usize & mask;
        loop {
            let (slot_hash, number) = self.slots[at];
            let number = number.checked_sub(1)?;
            if slot_hash == hash && self.term(number) == Some(term) {
                return Some(number);
            }
            at = (at + 1) & mask;
        }
    }

    #[cold]
    fn insert(&mut self, term: &str, hash: u32, at: usize) -> Result<u32> {
        if term.len() > MAX_TERM_BYTES {
            return Err(LuceneError::TermTooLong {
                bytes: term.len(),
                start: abbreviate(term),
            });
        }
        let too_many = || LuceneError::TooMany {
            what: "more than 4 GiB of distinct terms in one segment",
        };
        let end = u32::try_from(self.text.len() + term.len()).map_err(|_| too_many())?;
        let number = u32::try_from(self.ends.len())
            .ok()
            .filter(|number| *number < u32::MAX)
            .ok_or_else(too_many)?;
        self.text.push_str(term);
        self.ends.push(end);
        self.slots[at] = (hash, number + 1);
        Ok(number)
    }

    /// Returns the term with a number.
    #[inline]
    #[must_use]
    pub fn term(&self, number: u32) -> Option<&str> {
        let number = number as usize;
        let end = *self.ends.get(number)? as usize;
        let begin = if number == 0 {
            0
        } else {
            self.ends[number - 1] as usize
        };
        self.text.get(begin..end)
    }

    /// Returns how many terms have numbers.
    #[must_use]
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Returns true if there are no terms.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// Forgets all terms, and keeps the memory.
    pub fn clear(&mut self) {
        self.text.clear();
        self.ends.clear();
        self.slots.fill((0, 0));
    }

    /// Returns the bytes of memory that a segment has to account for: none for a vocabulary, which outlives segments.
    #[must_use]
    pub fn segment_bytes(&self) -> usize {
        if self.is_vocabulary {
            0
        } else {
            self.memory_bytes()
        }
    }

    /// Bytes of memory in use.
    #[must_use]
    pub fn memory_bytes(&self) -> usize {
        self.text.len() + self.ends.len() * 4 + self.slots.len() * 8
    }

    #[cold]
    fn grow(&mut self) {
        let length = (self.slots.len() * 2).max(1 << 10);
        let old = std::mem::replace(&mut self.slots, vec![(0, 0); length]);
        for slot in old.into_iter().filter(|slot| slot.1 != 0) {
            let mut at = slot.0 as usize & (length - 1);
            while self.slots[at].1 != 0 {
                at = (at + 1) & (length - 1);
            }
            self.slots[at] = slot;
        }
    }

    /// Hashes by folded multiplication, eight bytes at a time.
    #[inline]
    #[expect(
        clippy::cast_possible_truncation,
        reason = "half of the product is folded onto the other, and half kept"
    )]
    fn hash(&self, bytes: &[u8]) -> u32 {
        let fold = |a: u64, b: u64| {
            let product = u128::from(a) * u128::from(b);
            product as u64 ^ (product >> 64) as u64
        };
        let mut hash = self.seed ^ bytes.len() as u64;
        let mut chunks = bytes.chunks_exact(8);
        for chunk in &mut chunks {
            let mut word = [0; 8];
            word.copy_from_slice(chunk);
            hash = fold(hash ^ u64::from_le_bytes(word), 0x9e37_79b9_7f4a_7c15);
        }
        let rest = chunks
            .remainder()
            .iter()
            .fold(0, |word, byte| word << 8 | u64::from(*byte));
        hash = fold(hash ^ rest, 0xd6e8_feb8_6659_fd93);
        (hash ^ hash >> 32) as u32
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_kept_while_it_grows() {
        let mut dictionary = TermDictionary::new();
        for round in 0..2 {
            for i in 0..50_000_u32 {
                assert_eq!(
                    dictionary.intern(&format!("term{i}")).unwrap(),
                    i,
                    "round {round}"
                );
            }
        }
        assert_eq!(dictionary.intern("").unwrap(), 50_000);
        assert_eq!(dictionary.term(49_999), Some("term49999"));
        assert_eq!(dictionary.term(50_000), Some(""));
        assert_eq!(dictionary.term(50_001), None);
        assert_eq!(dictionary.get("term7"), Some(7));
        assert_eq!(dictionary.get("term50000"), None);
        assert_eq!(TermDictionary::new().get("x"), None);
        dictionary.clear();
        assert_eq!(dictionary.intern("again").unwrap(), 0);
    }

    #[test]
    fn a_vocabulary_has_each_term_once() {
        assert!(matches!(
            TermDictionary::from_terms(["a", "b", "a"]),
            Err(LuceneError::DuplicateVocabulary {
                first: 0,
                second: 2,
                ..
            })
        ));
        assert!(matches!(
            TermDictionary::from_terms(["x".repeat(32_767)]),
            Err(LuceneError::TermTooLong { .. })
        ));
        assert_eq!(
            TermDictionary::from_terms(["x".repeat(32_766)])
                .unwrap()
                .len(),
            1
        );
    }
}
