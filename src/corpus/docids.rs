//! The docids read so far.

use std::collections::HashSet;
use std::hash::{BuildHasherDefault, Hasher};

use sha2::{Digest, Sha256};

/// A set of docids that keeps twelve bytes of each one's SHA-256.
///
/// Memory: 13 bytes per slot of hash tables that are at most 7/8 full, 15 to 30 bytes per docid, 1.7 GB
/// for 100 million. The tables are 256 and grow one by one, so that growing never doubles the whole.
/// Two different docids of 100 million share their twelve bytes with probability 6e-14.
#[derive(Debug)]
pub struct DocidSet {
    tables: Vec<HashSet<[u8; 12], BuildHasherDefault<PrefixHasher>>>,
}

impl Default for DocidSet {
    fn default() -> Self {
        Self {
            tables: (0..256).map(|_| HashSet::default()).collect(),
        }
    }
}

impl DocidSet {
    /// Adds a docid; returns false if it was there already.
    pub fn insert(&mut self, docid: &str) -> bool {
        self.insert_key(DocidKey::of(docid))
    }

    /// Adds a docid by its key; returns false if it was there already.
    pub(super) fn insert_key(&mut self, key: DocidKey) -> bool {
        self.tables[usize::from(key.table)].insert(key.key)
    }
}

/// What a [`DocidSet`] keeps of a docid.
#[derive(Debug, Clone, Copy)]
pub(super) struct DocidKey {
    table: u8,
    key: [u8; 12],
}

impl DocidKey {
    /// Hashes a docid.
    pub fn of(docid: &str) -> Self {
        let digest = Sha256::digest(docid.as_bytes());
        let mut key = [0; 12];
        key.copy_from_slice(&digest[1..13]);
        Self {
            table: digest[0],
            key,
        }
    }
}

/// Takes eight bytes of the key as its hash: the keys are bytes of a cryptographic hash.
#[derive(Debug, Default)]
struct PrefixHasher(u64);

impl Hasher for PrefixHasher {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        if let Some(first) = bytes.first_chunk::<8>() {
            self.0 = u64::from_le_bytes(*first);
        }
    }

    fn write_usize(&mut self, _: usize) {}
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_repeated_docids() {
        let mut set = DocidSet::default();
        for i in 0..10_000 {
            assert!(set.insert(&i.to_string()));
        }
        assert!(!set.insert("77"));
        assert!(set.insert("077"));
    }
}
