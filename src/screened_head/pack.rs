//! The decoder as 8-bit integers, one scale a column, in the order the kernels read it.

use rayon::prelude::*;

use super::bound::{ColumnBound, SMALLEST_SCALE, inflate};
use super::quantize::{LANES, ROUNDER};
use super::screen::Kernel;

/// Columns of a block: four 512-bit vectors of 32-bit sums.
pub(super) const BLOCK: usize = 64;

/// Bytes that one multiply-add instruction sums into a 32-bit lane.
pub(super) const QUAD: usize = 4;

/// Quads of a row of `width` values, the last one padded with zeros.
pub(super) const fn quads(width: usize) -> usize {
    width.div_ceil(QUAD)
}

/// One block of columns, as a kernel sees it.
#[derive(Clone, Copy)]
pub(super) struct Block<'a> {
    /// `[quad][column][4]`, `quads * 64 * 4` integers in `[-127, 127]`.
    pub weights: &'a [i8],
    /// The sum of each column's integers.
    pub sums: &'a [i32; BLOCK],
}

/// The packed decoder: `V * H` bytes (both padded) and 20 bytes a column.
pub(super) struct PackedColumns {
    weights: Vec<i8>,
    sums: Vec<[i32; BLOCK]>,
    bounds: Vec<BlockBounds>,
    quads: usize,
}

/// The bounds of a block's columns, an array for each field so that the test runs on vectors.
#[derive(Clone)]
pub(super) struct BlockBounds {
    scale: [f32; BLOCK],
    base: [f32; BLOCK],
    norm: [f32; BLOCK],
    missed: [f32; BLOCK],
}

impl BlockBounds {
    /// A column of the block.
    #[inline]
    pub(super) fn column(&self, lane: usize) -> ColumnBound {
        ColumnBound {
            scale: self.scale[lane],
            base: self.base[lane],
            norm: self.norm[lane],
            missed: self.missed[lane],
        }
    }
}

impl PackedColumns {
    /// Packs `decoder` (`bias.len() x center.len()`). All values must be finite.
    pub(super) fn pack(decoder: &[f32], bias: &[f32], center: &[f32], kernel: &dyn Kernel) -> Self {
        let width = center.len();
        let quads = quads(width);
        let blocks = bias.len().div_ceil(BLOCK);
        let mut packed = Self {
            weights: vec![0; blocks * quads * BLOCK * QUAD],
            sums: vec![[0; BLOCK]; blocks],
            bounds: vec![
                BlockBounds {
                    scale: [0.0; BLOCK],
                    // Columns that pad the last block: never positive.
                    base: [-1.0; BLOCK],
                    norm: [0.0; BLOCK],
                    missed: [0.0; BLOCK],
                };
                blocks
            ],
            quads,
        };
        let blocks = packed
            .weights
            .par_chunks_mut((quads * BLOCK * QUAD).max(1))
            .zip(&mut packed.sums)
            .zip(&mut packed.bounds);
        let columns = decoder.par_chunks((BLOCK * width).max(1));
        let columns = columns.zip(bias.par_chunks(BLOCK));
        blocks
            .zip(columns)
            .for_each(|(((weights, sums), bounds), (rows, bias))| {
                let mut integers = vec![0_i8; quads * QUAD];
                for (lane, (row, &bias)) in rows.chunks_exact(width).zip(bias).enumerate() {
                    let quantized = quantize_column(row, &mut integers);
                    for (slots, quad) in weights
                        .chunks_exact_mut(BLOCK * QUAD)
                        .zip(integers.chunks_exact(QUAD))
                    {
                        slots[lane * QUAD..][..QUAD].copy_from_slice(quad);
                    }
                    sums[lane] = integers.iter().map(|&value| i32::from(value)).sum();
                    let base = kernel.dot(center, row) + f64::from(bias);
                    bounds.scale[lane] = quantized.scale;
                    #[allow(clippy::cast_possible_truncation, reason = "covered by TEST_MARGIN")]
                    {
                        bounds.base[lane] = base as f32;
                    }
                    bounds.norm[lane] = inflate(quantized.squares.sqrt());
                    bounds.missed[lane] = inflate(quantized.missed_squares.sqrt());
                }
            });
        packed
    }

    /// The number of blocks.
    pub(super) fn blocks(&self) -> usize {
        self.sums.len()
    }

    /// A block's integers.
    pub(super) fn block(&self, block: usize) -> Block<'_> {
        let size = self.quads * BLOCK * QUAD;
        Block {
            weights: &self.weights[block * size..][..size],
            sums: &self.sums[block],
        }
    }

    /// A block's bounds.
    pub(super) fn bounds(&self, block: usize) -> &BlockBounds {
        &self.bounds[block]
    }

    /// A column's bounds.
    pub(super) fn bound(&self, column: usize) -> ColumnBound {
        self.bounds[column / BLOCK].column(column % BLOCK)
    }

    /// Copies single columns (64 at most) into a block of their own, zeros after them.
    pub(super) fn gather(
        &self,
        columns: impl ExactSizeIterator<Item = usize>,
        weights: &mut Vec<i8>,
        sums: &mut [i32; BLOCK],
    ) {
        let size = self.quads * BLOCK * QUAD;
        if columns.len() < BLOCK {
            weights.clear();
            *sums = [0; BLOCK];
        }
        weights.resize(size, 0);
        for (lane, column) in columns.take(BLOCK).enumerate() {
            let source = self.block(column / BLOCK);
            let from = column % BLOCK;
            sums[lane] = source.sums[from];
            for (to, line) in weights
                .chunks_exact_mut(BLOCK * QUAD)
                .zip(source.weights.chunks_exact(BLOCK * QUAD))
            {
                to[lane * QUAD..][..QUAD].copy_from_slice(&line[from * QUAD..][..QUAD]);
            }
        }
    }

    /// Bytes held.
    pub(super) fn bytes(&self) -> usize {
        self.weights.len() + size_of_val(self.sums.as_slice()) + size_of_val(self.bounds.as_slice())
    }
}

struct QuantizedColumn {
    scale: f32,
    squares: f64,
    missed_squares: f64,
}

/// Rounds a row to integers of its own scale. `integers` is as long as the padded row; what lies
/// beyond the row must be zero and stays so.
fn quantize_column(row: &[f32], integers: &mut [i8]) -> QuantizedColumn {
    // Magnitudes order like their bits, and integers compare without regard to NaN.
    let bits = row.iter().map(|value| value.to_bits() & 0x7fff_ffff).max();
    let largest = f32::from_bits(bits.unwrap_or(0));
    let scale = largest / 127.0;
    let (scale, inverse) = if scale < SMALLEST_SCALE {
        (0.0, 0.0)
    } else {
        (scale, 127.0 / largest)
    };
    let mut squares = [0.0_f64; LANES];
    let mut missed_squares = [0.0_f64; LANES];
    let mut quantize = |lane: usize, value: f32| -> i8 {
        // Rounds to the integer nearest, at most 127 by the choice of the scale.
        let rounded = (value * inverse + ROUNDER) - ROUNDER;
        // The scale and an integer of 7 bits fit f64 together, so the residual is exact but for one
        // rounding of its own.
        let missed = f64::from(value) - f64::from(scale) * f64::from(rounded);
        squares[lane] += f64::from(value) * f64::from(value);
        missed_squares[lane] += missed * missed;
        #[allow(clippy::cast_possible_truncation, reason = "an integer in -127..=127")]
        {
            rounded as i8
        }
    };
    let (body, tail) = row.as_chunks::<LANES>();
    let (body_out, tail_out) = integers.split_at_mut(body.len() * LANES);
    for (values, out) in body.iter().zip(body_out.as_chunks_mut::<LANES>().0) {
        for lane in 0..LANES {
            out[lane] = quantize(lane, values[lane]);
        }
    }
    for (lane, (&value, out)) in tail.iter().zip(tail_out).enumerate() {
        *out = quantize(lane, value);
    }
    QuantizedColumn {
        scale,
        squares: squares.iter().sum(),
        missed_squares: missed_squares.iter().sum(),
    }
}
