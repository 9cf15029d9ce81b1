//! Finds the numbers of frequent terms again, in memory that the processor keeps near.

/// Number of terms that are remembered.
const ENTRIES: usize = 1 << 12;
/// The longest term that is remembered, in bytes.
const MOST_BYTES: usize = 15;

/// Remembers the numbers that a dictionary gave to terms. A dictionary of a whole vocabulary does not fit into the near
/// caches of a processor, and most postings are of few terms.
pub(super) struct TermCache {
    entries: Vec<Entry>,
    /// Entries of another generation are forgotten.
    generation: u32,
}

#[derive(Debug, Clone, Copy, Default)]
struct Entry {
    /// The bytes of the term and their number; 0 in an entry that was never used.
    name: u128,
    number: u32,
    generation: u32,
}

impl TermCache {
    pub(super) fn new() -> Self {
        Self {
            entries: vec![Entry::default(); ENTRIES],
            generation: 0,
        }
    }

    /// Returns the number of a term, which `find` looks up where it is not remembered.
    #[inline]
    pub(super) fn number<E>(
        &mut self,
        term: &str,
        find: impl FnOnce() -> Result<u32, E>,
    ) -> Result<u32, E> {
        let Some(name) = name(term) else {
            return find();
        };
        let entry = &mut self.entries[place(name)];
        if entry.name != name || entry.generation != self.generation {
            *entry = Entry {
                name,
                number: find()?,
                generation: self.generation,
            };
        }
        Ok(entry.number)
    }

    /// Forgets all terms.
    pub(super) fn clear(&mut self) {
        self.generation = self.generation.wrapping_add(1);
        if self.generation == 0 {
            self.entries.fill(Entry::default());
        }
    }
}

/// Returns a short term as a number, which no other term has.
#[inline]
fn name(term: &str) -> Option<u128> {
    let bytes = term.as_bytes();
    if bytes.len() > MOST_BYTES {
        return None;
    }
    let mut name = [0; MOST_BYTES + 1];
    name[..bytes.len()].copy_from_slice(bytes);
    #[allow(clippy::cast_possible_truncation, reason = "at most 16")]
    {
        name[MOST_BYTES] = bytes.len() as u8 + 1;
    }
    Some(u128::from_le_bytes(name))
}

/// Returns the entry in which a term is remembered.
#[inline]
#[allow(
    clippy::cast_possible_truncation,
    reason = "half of the bytes, and then the upper bits of the product"
)]
fn place(name: u128) -> usize {
    let folded = name as u64 ^ (name >> 64) as u64;
    let hash = folded.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    (hash >> (64 - ENTRIES.trailing_zeros())) as usize
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn numbers_are_those_of_the_dictionary(
            terms in prop::collection::vec(prop_oneof!["[ab]{0,3}", "[ab]{13,17}", "[é\u{0}]{0,9}"], 0..200),
            cleared in 0_usize..200,
        ) {
            let mut cache = TermCache::new();
            let mut dictionary: HashMap<&str, u32> = HashMap::new();
            for (at, term) in terms.iter().enumerate() {
                if at == cleared {
                    // Numbers are given anew from here on.
                    dictionary.clear();
                    cache.clear();
                }
                let next = 1000 * u32::from(at >= cleared) + u32::try_from(dictionary.len()).unwrap();
                let expected = *dictionary.entry(term).or_insert(next);
                let found = cache.number(term, || Ok::<_, ()>(expected)).unwrap();
                prop_assert_eq!(found, expected);
            }
        }
    }
}
