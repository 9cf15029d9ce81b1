//! Packs a sequence of positions that does not decrease.
//!
//! The values are cut into blocks of `2^shift`. A block is a straight line through its first and last value, and the
//! distances of its values from that line, packed in the narrowest width of the format that holds them:
//!
//! ```text
//! slope  = f32((last - first) / max(1, count - 1))
//! line i = trunc(slope * f32(i))              in 32-bit floats, as the reader repeats it
//! meta   i64 smallest distance · i32 bits of the slope · i64 position of the data · u8 width      (21 bytes per block)
//! data   distances minus the smallest, `width` bits each, least significant bit first, then padding
//! ```

use crate::lucene::error::Result;
use crate::lucene::store::output::Output;
use crate::lucene::store::primitives::PutBytes;

/// Widths of a packed distance, and the bytes of padding after a block of this width.
const WIDTHS: [(u32, usize); 14] = [
    (1, 0),
    (2, 0),
    (4, 0),
    (8, 0),
    (12, 1),
    (16, 0),
    (20, 2),
    (24, 1),
    (28, 1),
    (32, 0),
    (40, 3),
    (48, 2),
    (56, 1),
    (64, 0),
];

/// Writes a sequence: the packed distances to a file as they come, the description of the blocks to memory.
#[derive(Debug)]
pub(crate) struct MonotonicWriter {
    meta: Vec<u8>,
    block: Vec<u64>,
    capacity: usize,
    base: u64,
}

impl MonotonicWriter {
    /// Begins a sequence with blocks of `2^shift` values, whose data begins where `data` stands now.
    pub(crate) fn new(shift: u32, data: &Output) -> Self {
        Self {
            meta: Vec::new(),
            block: Vec::new(),
            capacity: 1 << shift,
            base: data.position(),
        }
    }

    /// Adds a value, which must not be below the one before.
    pub(crate) fn add(&mut self, value: u64, data: &mut Output) -> Result<()> {
        self.block.push(value);
        if self.block.len() == self.capacity {
            self.flush(data)?;
        }
        Ok(())
    }

    /// Ends the sequence; returns the description of its blocks for the meta file.
    pub(crate) fn finish(mut self, data: &mut Output) -> Result<Vec<u8>> {
        if !self.block.is_empty() {
            self.flush(data)?;
        }
        Ok(self.meta)
    }

    fn flush(&mut self, data: &mut Output) -> Result<()> {
        let position = data.position() - self.base;
        let packed = encode_block(&self.block, position, &mut self.meta);
        self.block.clear();
        data.write(&packed)
    }
}

/// Returns the value at index `i` of the line through a block.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    reason = "the format rounds in this way"
)]
pub(crate) fn line(slope: f32, i: usize) -> i64 {
    (slope * i as f32) as i64
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    reason = "the format rounds in this way"
)]
fn encode_block(values: &[u64], position: u64, meta: &mut Vec<u8>) -> Vec<u8> {
    let (Some(&first), Some(&last)) = (values.first(), values.last()) else {
        return Vec::new();
    };
    let slope = ((last - first) as f64 / values.len().saturating_sub(1).max(1) as f64) as f32;
    let distance = |(i, &value): (usize, &u64)| value.cast_signed().wrapping_sub(line(slope, i));
    let smallest = values.iter().enumerate().map(distance).min().unwrap_or(0);
    let offset = |pair| distance(pair).wrapping_sub(smallest).cast_unsigned();
    let all = values
        .iter()
        .enumerate()
        .map(offset)
        .fold(0, |all, one| all | one);
    let bits = 64 - all.leading_zeros();
    let (width, padding) = if bits == 0 {
        (0, 0)
    } else {
        WIDTHS
            .into_iter()
            .find(|&(width, _)| width >= bits)
            .unwrap_or((64, 0))
    };
    meta.i64(smallest);
    meta.i32(slope.to_bits().cast_signed());
    meta.u64_as_i64(position);
    meta.u8(width as u8);
    if width == 0 {
        return Vec::new();
    }
    let mut packed = Vec::with_capacity(values.len() * width as usize / 8 + 9);
    let mut pending = 0_u128;
    let mut held = 0;
    for pair in values.iter().enumerate() {
        pending |= u128::from(offset(pair)) << held;
        held += width;
        while held >= 8 {
            packed.push(pending as u8);
            pending >>= 8;
            held -= 8;
        }
    }
    if held > 0 {
        packed.push(pending as u8);
    }
    packed.resize(packed.len() + padding, 0);
    packed
}

#[cfg(test)]
pub(crate) mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::lucene::store::codec::Codec;

    /// Decodes `count` values from the meta bytes and the data that begins at the sequence's base.
    pub(crate) fn decode(meta: &[u8], data: &[u8], shift: u32, count: usize) -> Vec<u64> {
        let mut values = Vec::new();
        for block in meta.chunks_exact(21) {
            let smallest = i64::from_le_bytes(block[..8].try_into().unwrap());
            let slope = f32::from_bits(u32::from_le_bytes(block[8..12].try_into().unwrap()));
            let start =
                usize::try_from(u64::from_le_bytes(block[12..20].try_into().unwrap())).unwrap();
            let width = usize::from(block[20]);
            for i in 0..(count - values.len()).min(1 << shift) {
                let mut offset = 0_u64;
                for bit in 0..width {
                    let at = i * width + bit;
                    offset |= u64::from(data[start + at / 8] >> (at % 8) & 1) << bit;
                }
                values.push(
                    (smallest + line(slope, i))
                        .wrapping_add(offset.cast_signed())
                        .cast_unsigned(),
                );
            }
        }
        values
    }

    fn round_trip(values: &[u64], shift: u32) -> Vec<u64> {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("data");
        let mut data = Output::create(path.clone(), Codec::plain("Test", 0)).unwrap();
        let start = usize::try_from(data.position()).unwrap();
        let mut writer = MonotonicWriter::new(shift, &data);
        for &value in values {
            writer.add(value, &mut data).unwrap();
        }
        let meta = writer.finish(&mut data).unwrap();
        assert_eq!(meta.len(), 21 * values.len().div_ceil(1 << shift));
        data.finish().unwrap().seal(&[0; 16]).unwrap();
        decode(
            &meta,
            &std::fs::read(path).unwrap()[start..],
            shift,
            values.len(),
        )
    }

    #[test]
    fn a_straight_line_takes_no_data() {
        let mut meta = Vec::new();
        assert_eq!(encode_block(&[54, 88], 0, &mut meta), Vec::<u8>::new());
        assert_eq!(
            meta,
            [
                54, 0, 0, 0, 0, 0, 0, 0, 0, 0, 8, 0x42, 0, 0, 0, 0, 0, 0, 0, 0, 0
            ]
        );
    }

    #[test]
    fn one_value_and_whole_blocks() {
        for values in [
            vec![0],
            vec![1 << 50],
            (0..8).map(|i| i * i).collect(),
            (0..9).map(|i| i * i * i).collect(),
        ] {
            assert_eq!(round_trip(&values, 2), values);
        }
    }

    proptest! {
        #[test]
        fn any_rising_sequence_is_read_back(steps in prop::collection::vec((any::<u64>(), 24_u32..64), 1..40), shift in 1_u32..5) {
            let mut value = 0_u64;
            let values: Vec<u64> = steps.iter().map(|(step, shift)| { value += step >> shift; value }).collect();
            prop_assert_eq!(round_trip(&values, shift), values);
        }
    }
}
