//! Compresses the suffixes of a block of terms, in `.tim`.
//!
//! Most suffixes are digits and lowercase letters, which need six bits: the bytes 1F to 3E and 5F to 7E are mapped to
//! 0 to 63. Three bytes keep their own six bits, and hold the six bits of a fourth byte in their upper two bits. Bytes
//! outside these ranges, at most one in 32, are listed as exceptions.
//!
//! ```text
//! length n, q = n / 4 bytes at the end are spread: n - q bytes, each  two bits of a spread byte << 6 | own six bits
//!   the first q bytes take bits 5-4, the next q bits 3-2, the next q bits 1-0 of the spread bytes
//! vint exceptions, each  u8 distance from the one before · u8 the byte
//! ```
//!
//! Like Lucene, we compress where the prefix has more than two bytes and the suffixes more than two on average. Lucene
//! has a third form (LZ4), which we neither write nor read.

use crate::lucene::error::Result;
use crate::lucene::store::input::Input;
use crate::lucene::store::primitives::PutBytes;

/// Code in a block for suffixes that are not compressed.
pub(crate) const NONE: u64 = 0;
/// Code in a block for suffixes that are compressed like this, by Lucene's name for it.
pub(crate) const LOWERCASE_ASCII: u64 = 1;

/// Returns the six bits that a byte is mapped to.
const fn six_bits(byte: u8) -> u8 {
    let next = byte.wrapping_add(1);
    next & 0x1f | (next & 0x40) >> 1
}

/// Returns the byte that six bits stand for.
const fn byte_of(bits: u8) -> u8 {
    ((bits & 0x1f) | 0x20 | (bits & 0x20) << 1) - 1
}

const fn has_six_bits(byte: u8) -> bool {
    matches!(byte.wrapping_add(1) & 0xe0, 0x20 | 0x60)
}

/// Returns the compressed suffixes of a block, if Lucene would compress them, too.
#[expect(
    clippy::cast_possible_truncation,
    reason = "distances are at most 255 by the step before"
)]
pub(crate) fn compress(suffixes: &[u8], entries: usize, prefix: usize) -> Option<Vec<u8>> {
    let length = suffixes.len();
    if prefix <= 2 || length <= 2 * entries || length < 8 {
        return None;
    }
    // Exceptions are listed by distances of one byte: where two are further apart, a byte that needs no exception is
    // listed between them.
    let mut exceptions = Vec::new();
    let mut last = 0;
    for (i, _) in suffixes
        .iter()
        .enumerate()
        .filter(|(_, byte)| !has_six_bits(**byte))
    {
        while i - last > 0xff {
            last += 0xff;
            exceptions.push(last);
        }
        exceptions.push(i);
        last = i;
    }
    if exceptions.len() > length >> 5 {
        return None;
    }
    let spread = length / 4;
    let kept = length - spread;
    let bits: Vec<u8> = suffixes.iter().map(|byte| six_bits(*byte)).collect();
    let mut out = bits[..kept].to_vec();
    for (third, shift) in [(0, 2), (1, 4), (2, 6)] {
        let mask = 0x30 >> (2 * third);
        for (to, from) in out[third * spread..].iter_mut().zip(&bits[kept..]) {
            *to |= (from & mask) << shift;
        }
    }
    out.vlen(exceptions.len());
    let mut last = 0;
    for i in exceptions {
        out.push((i - last) as u8);
        out.push(suffixes[i]);
        last = i;
    }
    Some(out)
}

/// Reads compressed suffixes, which have `suffixes.len()` bytes when decompressed.
pub(crate) fn decompress(input: &mut Input, suffixes: &mut [u8]) -> Result<()> {
    let spread = suffixes.len() / 4;
    let kept = suffixes.len() - spread;
    suffixes[..kept].copy_from_slice(input.take(kept)?);
    for i in 0..spread {
        let part = |third: usize| suffixes[third * spread + i] & 0xc0;
        suffixes[kept + i] = part(0) >> 2 | part(1) >> 4 | part(2) >> 6;
    }
    for byte in suffixes.iter_mut() {
        *byte = byte_of(*byte & 0x3f);
    }
    let mut at = 0;
    for _ in 0..input.vlen()? {
        at += usize::from(input.u8()?);
        let byte = input.u8()?;
        match suffixes.get_mut(at) {
            Some(suffix) => *suffix = byte,
            None => return Err(input.corrupt("an exception of a compressed block is out of range")),
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::lucene::store::codec::Codec;
    use crate::lucene::store::output::Output;

    #[test]
    fn six_bits_are_a_bijection() {
        for byte in (0x1f..0x3f).chain(0x5f..0x7f) {
            assert!(has_six_bits(byte) && six_bits(byte) < 64);
            assert_eq!(byte_of(six_bits(byte)), byte);
        }
        assert!(!has_six_bits(b'A') && !has_six_bits(0xc3) && !has_six_bits(0xff));
    }

    #[test]
    fn short_or_foreign_suffixes_stay_as_they_are() {
        assert_eq!(compress(b"abcdefghij", 1, 2), None);
        assert_eq!(compress(b"ababab", 3, 3), None);
        assert_eq!(
            compress("ABCDEFGHIJKLMNOPQRSTUVWXYZABCDEF".as_bytes(), 2, 3),
            None
        );
    }

    proptest! {
        #[test]
        fn suffixes_are_read_back(words in prop::collection::vec("[a-z0-9]{4,12}", 1..90), large in prop::collection::vec(any::<prop::sample::Index>(), 0..2)) {
            let mut suffixes = words.concat().into_bytes();
            for at in large {
                let at = at.index(suffixes.len());
                suffixes[at] = 0xc3;
            }
            if let Some(bytes) = compress(&suffixes, words.len(), 3) {
                let dir = tempfile::tempdir().unwrap();
                let path = dir.path().join("file");
                let mut output = Output::create(path.clone(), Codec::plain("Test", 0)).unwrap();
                let start = output.position();
                output.write(&bytes).unwrap();
                output.finish().unwrap().seal(&[1; 16]).unwrap();
                let mut input = Input::open(path, 64).unwrap();
                input.seek(start);
                let mut read = vec![0; suffixes.len()];
                decompress(&mut input, &mut read).unwrap();
                prop_assert_eq!(read, suffixes);
            }
        }
    }
}
