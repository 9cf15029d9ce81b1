//! Appends the primitive types of Lucene's files to a byte vector.
//!
//! | name | bytes |
//! |---|---|
//! | `i16`, `i32`, `i64` | 2, 4, 8 bytes, little-endian, two's complement |
//! | `be32`, `be64` | big-endian: only in headers, footers and parts of `segments_N` |
//! | `vint`, `vlong` | 7 bits per byte, low bits first; bit 7 says that another byte follows: 1 to 5, 1 to 9 bytes |
//! | `string` | `vint` length in bytes, then UTF-8 |
//! | `map` | `vint` count, then key and value as strings |

/// Appends Lucene's primitives to a vector.
pub(crate) trait PutBytes {
    /// Appends bytes as they are.
    fn put(&mut self, bytes: &[u8]);

    /// Appends one byte.
    fn u8(&mut self, value: u8) {
        self.put(&[value]);
    }

    /// Appends 2 bytes, little-endian.
    fn i16(&mut self, value: i16) {
        self.put(&value.to_le_bytes());
    }

    /// Appends 4 bytes, little-endian.
    fn i32(&mut self, value: i32) {
        self.put(&value.to_le_bytes());
    }

    /// Appends 8 bytes, little-endian.
    fn i64(&mut self, value: i64) {
        self.put(&value.to_le_bytes());
    }

    /// Appends a position or size as an `i64`; the values of this crate are file positions, far below 2^63.
    fn u64_as_i64(&mut self, value: u64) {
        self.put(&value.to_le_bytes());
    }

    /// Appends 4 bytes, big-endian.
    fn be32(&mut self, value: u32) {
        self.put(&value.to_be_bytes());
    }

    /// Appends 8 bytes, big-endian.
    fn be64(&mut self, value: u64) {
        self.put(&value.to_be_bytes());
    }

    /// Appends an unsigned 32-bit number in 1 to 5 bytes.
    fn vint(&mut self, value: u32) {
        self.vlong(u64::from(value));
    }

    /// Appends an unsigned number in 1 to 10 bytes (Lucene's own numbers end at 2^63).
    fn vlong(&mut self, value: u64);

    /// Appends the length of something held in memory, which the format limits to 31 bits, or a count.
    fn vlen(&mut self, value: usize) {
        self.vlong(value as u64);
    }

    /// Appends a length and the text.
    fn string(&mut self, text: &str) {
        self.vlen(text.len());
        self.put(text.as_bytes());
    }

    /// Appends a length and the bytes.
    fn counted(&mut self, bytes: &[u8]) {
        self.vlen(bytes.len());
        self.put(bytes);
    }

    /// Appends a map of strings in the order given.
    fn map(&mut self, entries: &[(&str, &str)]) {
        self.vlen(entries.len());
        for (key, value) in entries {
            self.string(key);
            self.string(value);
        }
    }
}

impl PutBytes for Vec<u8> {
    #[inline]
    fn put(&mut self, bytes: &[u8]) {
        self.extend_from_slice(bytes);
    }

    #[inline]
    #[expect(
        clippy::cast_possible_truncation,
        reason = "the value is below 128, or masked to 7 bits"
    )]
    fn vlong(&mut self, mut value: u64) {
        while value >= 0x80 {
            self.push((value & 0x7f) as u8 | 0x80);
            value >>= 7;
        }
        self.push(value as u8);
    }
}

/// Maps 0, -1, 1, -2 to 0, 1, 2, 3.
pub(crate) fn zig_zag(value: i64) -> u64 {
    ((value << 1) ^ (value >> 63)).cast_unsigned()
}

/// Undoes [`zig_zag`].
pub(crate) fn zag_zig(value: u64) -> i64 {
    (value >> 1).cast_signed() ^ -(value & 1).cast_signed()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bytes(write: impl FnOnce(&mut Vec<u8>)) -> Vec<u8> {
        let mut out = Vec::new();
        write(&mut out);
        out
    }

    #[test]
    fn variable_length_numbers() {
        assert_eq!(bytes(|b| b.vint(0)), [0]);
        assert_eq!(bytes(|b| b.vint(127)), [0x7f]);
        assert_eq!(bytes(|b| b.vint(128)), [0x80, 1]);
        assert_eq!(bytes(|b| b.vint(u32::MAX)), [0xff, 0xff, 0xff, 0xff, 0x0f]);
        assert_eq!(bytes(|b| b.vlong(i64::MAX as u64)).len(), 9);
    }

    #[test]
    fn zig_zag_is_a_bijection() {
        for (value, coded) in [
            (0, 0),
            (-1, 1),
            (1, 2),
            (-2, 3),
            (i64::MAX, u64::MAX - 1),
            (i64::MIN, u64::MAX),
        ] {
            assert_eq!(zig_zag(value), coded);
            assert_eq!(zag_zig(coded), value);
        }
    }

    #[test]
    fn strings_and_maps_carry_their_lengths() {
        assert_eq!(bytes(|b| b.string("é")), [2, 0xc3, 0xa9]);
        assert_eq!(bytes(|b| b.map(&[("a", "b")])), [1, 1, b'a', 1, b'b']);
    }
}
