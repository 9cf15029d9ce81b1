//! Skip data of a posting list, in `.doc`: lets a searcher jump over blocks, and tells it the largest impact in them.
//!
//! Level 0 has an entry after each full block of 128 postings that more postings follow; level `l` has every 8th entry
//! of the level below, for at most 10 levels. The levels are written behind the postings of the term, the highest
//! first, each but level 0 with its length in front. An entry:
//!
//! ```text
//! vint   last doc of the block, minus that of the entry before on this level
//! vlong  position in .doc after the block, minus that of the entry before (first: minus the start of the term)
//! vint   length of the impacts, then vint (largest frequency - 1) << 1: norms are all 1, so one pair says all
//! vlong  only above level 0: size of the level below after its entry for the same block, without its own pointer
//! ```
//!
//! The largest frequency is that of all postings since the entry before on the same level.

use crate::lucene::store::primitives::PutBytes;

/// How many entries of a level have one entry of the next.
const MULTIPLIER: u64 = 8;
/// Largest number of levels.
const LEVELS: usize = 10;

/// Level of the skip data of one term.
#[derive(Debug, Default)]
struct Level {
    bytes: Vec<u8>,
    last_doc: u32,
    last_position: u64,
    max_freq: u32,
}

/// Collects the skip data of one term after another.
#[derive(Debug, Default)]
pub(crate) struct SkipData {
    levels: Vec<Level>,
    entries: u64,
    impacts: Vec<u8>,
}

impl SkipData {
    /// Begins a term whose postings start at a position of `.doc`.
    pub(crate) fn start(&mut self, position: u64) {
        self.entries = 0;
        if self.levels.is_empty() {
            self.levels.resize_with(LEVELS, Level::default);
        }
        for level in &mut self.levels {
            level.bytes.clear();
            level.last_doc = 0;
            level.last_position = position;
            level.max_freq = 0;
        }
    }

    /// Adds the entry after a full block.
    pub(crate) fn add(&mut self, last_doc: u32, position: u64, max_freq: u32) {
        self.entries += 1;
        let mut covered = max_freq;
        let mut child = None;
        let mut step = 1;
        for level in &mut self.levels {
            level.max_freq = level.max_freq.max(covered);
            if !self.entries.is_multiple_of(step) {
                break;
            }
            level.bytes.vint(last_doc - level.last_doc);
            level.bytes.vlong(position - level.last_position);
            self.impacts.clear();
            self.impacts.vint((level.max_freq - 1) << 1);
            level.bytes.counted(&self.impacts);
            let size = level.bytes.len() as u64;
            if let Some(child) = child {
                level.bytes.vlong(child);
            }
            child = Some(size);
            level.last_doc = last_doc;
            level.last_position = position;
            covered = std::mem::take(&mut level.max_freq);
            step *= MULTIPLIER;
        }
    }

    /// Appends the levels of the term, the highest first.
    pub(crate) fn put(&self, out: &mut Vec<u8>) {
        for (number, level) in self.levels.iter().enumerate().rev() {
            if level.bytes.is_empty() {
                continue;
            }
            if number > 0 {
                out.vlen(level.bytes.len());
            }
            out.put(&level.bytes);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sizes(entries: u32) -> Vec<usize> {
        let mut skip = SkipData::default();
        skip.start(100);
        for entry in 1..=entries {
            skip.add(entry * 128, 100 + u64::from(entry), 1);
        }
        skip.levels
            .iter()
            .map(|level| level.bytes.len())
            .take_while(|&bytes| bytes > 0)
            .collect()
    }

    #[test]
    fn levels_begin_with_every_eighth_entry() {
        assert_eq!(sizes(0).len(), 0);
        assert_eq!(sizes(7).len(), 1);
        assert_eq!(sizes(8).len(), 2);
        assert_eq!(sizes(63).len(), 2);
        assert_eq!(sizes(64).len(), 3);
    }

    #[test]
    fn impacts_have_the_known_bytes() {
        for (max_freq, bytes) in [
            (1, &[1, 0][..]),
            (255, &[2, 0xfc, 3]),
            (i32::MAX.cast_unsigned(), &[5, 0xfc, 0xff, 0xff, 0xff, 0x0f]),
        ] {
            let mut skip = SkipData::default();
            skip.start(0);
            skip.add(5, 6, max_freq);
            let mut out = Vec::new();
            skip.put(&mut out);
            assert_eq!(out, [&[5, 6], bytes].concat());
        }
    }

    #[test]
    fn an_upper_level_has_the_largest_frequency_of_all_below() {
        let mut skip = SkipData::default();
        skip.start(0);
        for entry in 1..=16 {
            skip.add(entry, u64::from(entry), if entry == 3 { 50 } else { 2 });
        }
        let mut out = Vec::new();
        skip.put(&mut out);
        // Two entries on level 1: doc delta 8, position delta 8, impacts, pointer to 8 entries of 4 bytes below.
        assert_eq!(out[..11], [10, 8, 8, 1, 98, 32, 8, 8, 1, 2, 64]);
    }
}
