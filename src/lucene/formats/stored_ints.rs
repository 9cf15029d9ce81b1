//! Numbers of a chunk of stored fields, one per document.
//!
//! ```text
//! one value    vint
//! all equal    u8 0, vint value
//! else         u8 bits (8, 16 or 32, the least that hold the largest); groups of 128 values as words of 64 bits;
//!              the rest as numbers of that many bits, little-endian
//! group        64 / bits lanes, N = 128 / lanes words; word i has the values i, N + i, 2N + i …, the first in the
//!              most significant lane
//! ```

use crate::lucene::error::Result;
use crate::lucene::store::input::Input;
use crate::lucene::store::primitives::PutBytes;

const GROUP: usize = 128;

/// Appends values.
#[expect(
    clippy::cast_possible_truncation,
    reason = "values have at most the bits that are kept"
)]
pub(crate) fn put(values: &[u32], out: &mut Vec<u8>) {
    let Some(&first) = values.first() else { return };
    if values.len() == 1 {
        out.vint(first);
        return;
    }
    let most = values.iter().copied().max().unwrap_or(0);
    if values.iter().all(|value| *value == first) {
        out.u8(0);
        out.vint(first);
        return;
    }
    let bits: usize = match most {
        0..=0xff => 8,
        0x100..=0xffff => 16,
        _ => 32,
    };
    out.u8(bits as u8);
    let groups = values.chunks_exact(GROUP);
    let rest = groups.remainder();
    let words = GROUP * bits / 64;
    for group in groups {
        for i in 0..words {
            let word = group
                .iter()
                .skip(i)
                .step_by(words)
                .fold(0_u64, |word, value| word << bits | u64::from(*value));
            out.put(&word.to_le_bytes());
        }
    }
    for value in rest {
        out.put(&value.to_le_bytes()[..bits / 8]);
    }
}

/// Reads `count` values.
#[expect(
    clippy::cast_possible_truncation,
    reason = "masked by the width of a lane"
)]
pub(crate) fn read(input: &mut Input, count: usize) -> Result<Vec<u32>> {
    if count == 1 {
        return Ok(vec![input.vint()?]);
    }
    let bits = usize::from(input.u8()?);
    if bits == 0 {
        return Ok(vec![input.vint()?; count]);
    }
    if ![8, 16, 32].contains(&bits) {
        return Err(input.corrupt("a chunk has numbers of an unknown width"));
    }
    let words = GROUP * bits / 64;
    let mask = (1_u64 << bits) - 1;
    let mut values = vec![0_u32; count];
    let mut groups = values.chunks_exact_mut(GROUP);
    for group in &mut groups {
        for i in 0..words {
            let word = input.i64()?.cast_unsigned();
            for (lane, value) in group.iter_mut().skip(i).step_by(words).enumerate() {
                *value = (word >> (64 - bits * (lane + 1)) & mask) as u32;
            }
        }
    }
    for value in groups.into_remainder() {
        let mut bytes = [0; 4];
        bytes[..bits / 8].copy_from_slice(input.take(bits / 8)?);
        *value = u32::from_le_bytes(bytes);
    }
    Ok(values)
}
