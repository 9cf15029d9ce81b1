//! Packs blocks of 128 numbers: FOR (all with the same number of bits) and `PFor` (FOR with up to seven exceptions).
//!
//! **FOR** packs 128 values of `p` bits (1 to 31) into `2p` words of 64 bits. A word is cut into lanes of `P` = 8, 16
//! or 32 bits, the smallest that holds `p`; lane `k`, the first being the most significant, holds the values
//! `k·N` to `k·N + N - 1`, where `N` = 128 / lanes. All lanes are packed alike, so one computes on whole words:
//!
//! ```text
//! row r of 2p:  | value r | value 2p+r | … (F = P/p values of p bits) | R = P mod p bits left over |
//! ```
//!
//! The values after the first `2p·F` of a lane are one bit string, most significant bit first, which is cut into
//! pieces of `R` bits for the rows' left-over bits. Rows are written as little-endian 64-bit words.
//!
//! **`PFor`** chooses `p` so that at most seven of the values need more bits; each of those is followed by a pair
//! (index, bits above `p`). A first byte holds the number of exceptions (top 3 bits) and `p`; `p` = 0 says that all
//! values but the exceptions are equal, and a single number follows in place of the packed block.

use crate::lucene::error::Result;
use crate::lucene::store::input::Input;
use crate::lucene::store::primitives::PutBytes;

/// How many numbers a block has.
pub(crate) const BLOCK: usize = 128;

/// A block of numbers below 2^31.
pub(crate) type Block = [u32; BLOCK];

/// How many values of a block may have more bits than the others: three bits hold the count.
const MAX_EXCEPTIONS: usize = 7;

/// How the values lie in the words for `p` bits a value.
struct Layout {
    /// Bits of a lane, `P`.
    lane: u32,
    /// Values in a lane, `N`.
    per_lane: usize,
    /// Words of output, `2p`.
    rows: usize,
    /// Whole values in a row of a lane, `F`.
    whole: usize,
    /// Left-over bits of a row of a lane, `R`.
    left: u32,
}

impl Layout {
    fn new(p: u32) -> Self {
        let lane = match p {
            0..=8 => 8,
            9..=16 => 16,
            _ => 32,
        };
        let per_lane = BLOCK * lane as usize / 64;
        Self {
            lane,
            per_lane,
            rows: 2 * p as usize,
            whole: (lane / p) as usize,
            left: lane % p,
        }
    }

    /// Returns a word with the low `bits` of every lane set.
    fn mask(&self, bits: u32) -> u64 {
        let one = (1_u64 << bits) - 1;
        match self.lane {
            8 => one * 0x0101_0101_0101_0101,
            16 => one * 0x0001_0001_0001_0001,
            _ => one * 0x0000_0001_0000_0001,
        }
    }

    /// Calls `piece(row, bits still missing in the row after it, word, bits still left in the word after it, bits)`
    /// for each piece of the left-over bits.
    fn pieces(&self, p: u32, mut piece: impl FnMut(usize, u32, usize, u32, u32)) {
        if self.left == 0 {
            return;
        }
        let mut word = self.rows * self.whole;
        let mut in_word = p;
        for row in 0..self.rows {
            let mut missing = self.left;
            while missing > 0 {
                let bits = missing.min(in_word);
                missing -= bits;
                in_word -= bits;
                piece(row, missing, word, in_word, bits);
                if in_word == 0 {
                    word += 1;
                    in_word = p;
                }
            }
        }
    }
}

/// Appends 128 values, each below 2^p, in `16 p` bytes; `p` is 1 to 31.
fn encode_for(values: &Block, p: u32, out: &mut Vec<u8>) {
    let layout = Layout::new(p);
    let mut words = [0_u64; 64];
    for lane in values.chunks_exact(layout.per_lane) {
        for (word, &value) in words.iter_mut().zip(lane) {
            *word = *word << layout.lane | u64::from(value);
        }
    }
    let mut rows = [0_u64; 64];
    let rows = &mut rows[..layout.rows];
    for (s, group) in words.chunks(layout.rows).take(layout.whole).enumerate() {
        // Group s of the words takes the bits below the s groups before it.
        let shift = layout.lane - p * (u32::try_from(s).unwrap_or(0) + 1);
        for (row, word) in rows.iter_mut().zip(group) {
            *row |= word << shift;
        }
    }
    layout.pieces(p, |row, missing, word, in_word, bits| {
        rows[row] |= ((words[word] >> in_word) & layout.mask(bits)) << missing;
    });
    for row in rows {
        out.put(&row.to_le_bytes());
    }
}

/// Reads what [`encode_for`] wrote; `bytes` has `16 p` bytes.
#[expect(
    clippy::cast_possible_truncation,
    reason = "a lane has at most 32 bits"
)]
fn decode_for(bytes: &[u8], p: u32, values: &mut Block) {
    let layout = Layout::new(p);
    let mut rows = [0_u64; 64];
    for (row, bytes) in rows.iter_mut().zip(bytes.chunks_exact(8)) {
        let mut word = [0; 8];
        word.copy_from_slice(bytes);
        *row = u64::from_le_bytes(word);
    }
    let mut words = [0_u64; 64];
    let mask = layout.mask(p);
    for (s, group) in words.chunks_mut(layout.rows).take(layout.whole).enumerate() {
        let shift = layout.lane - p * (u32::try_from(s).unwrap_or(0) + 1);
        for (row, word) in rows.iter().zip(group) {
            *word = row >> shift & mask;
        }
    }
    layout.pieces(p, |row, missing, word, in_word, bits| {
        words[word] |= (rows[row] >> missing & layout.mask(bits)) << in_word;
    });
    let lane_mask = (1_u64 << layout.lane) - 1;
    for (k, lane) in values.chunks_exact_mut(layout.per_lane).enumerate() {
        let shift = 64 - layout.lane * (u32::try_from(k).unwrap_or(0) + 1);
        for (value, word) in lane.iter_mut().zip(&words) {
            *value = (word >> shift & lane_mask) as u32;
        }
    }
}

/// Returns the bits of a number, at least one.
fn bit_length(value: u32) -> u32 {
    32 - (value | 1).leading_zeros()
}

/// Appends a block of 128 values below 2^31.
#[expect(
    clippy::cast_possible_truncation,
    reason = "indices are below 128, high parts are cut to 8 bits by the choice of p"
)]
pub(crate) fn encode(values: &Block, out: &mut Vec<u8>) {
    // Counts the values of each bit length. p is the bit length of the eighth largest value, so that at most seven values
    // have more bits; but no more than 8 bits below the largest, since an exception has one byte for the bits above p.
    let mut counts = [0_usize; 33];
    for &value in values {
        counts[bit_length(value) as usize] += 1;
    }
    let most = (1..=32)
        .rev()
        .find(|&bits| counts[bits as usize] > 0)
        .unwrap_or(1);
    let mut p = most;
    let mut above = counts[most as usize];
    while above <= MAX_EXCEPTIONS && p > 1 && p + 8 > most {
        p -= 1;
        above += counts[p as usize];
    }
    let limit = (1_u32 << p) - 1;

    let exceptions = counts[p as usize + 1..].iter().sum::<usize>();
    let token = (exceptions as u8) << 5;
    let mut kept = *values;
    let mut pairs = [(0_u8, 0_u8); MAX_EXCEPTIONS];
    if exceptions > 0 {
        let mut next = 0;
        for (i, value) in kept.iter_mut().enumerate() {
            if *value > limit {
                pairs[next] = (i as u8, (*value >> p) as u8);
                next += 1;
                *value &= limit;
            }
        }
    }
    let equal = most <= 8 && kept.iter().all(|&value| value == kept[0]);
    if equal {
        out.push(token);
        out.vint(kept[0]);
    } else {
        out.push(token | p as u8);
        encode_for(&kept, p, out);
    }
    for &(index, high) in &pairs[..exceptions] {
        out.push(index);
        out.push(if equal { high << p } else { high });
    }
}

/// Reads a block.
pub(crate) fn decode(input: &mut Input, values: &mut Block) -> Result<()> {
    let token = input.u8()?;
    let p = u32::from(token & 31);
    if p == 0 {
        values.fill(input.vint()?);
    } else {
        decode_for(input.take(16 * p as usize)?, p, values);
    }
    for _ in 0..token >> 5 {
        let index = usize::from(input.u8()?);
        let high = u32::from(input.u8()?);
        match values.get_mut(index) {
            Some(value) => *value |= high << p,
            None => return Err(input.corrupt("an exception of a block is out of range")),
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
