//! The decoder as 8-bit integers, one scale per column, in the order in which the kernels read it.

use rayon::prelude::*;

use super::bound::{ColumnBound, inflate};
use super::kernel::Kernel;
use super::layout::{BLOCK, Block, QUAD, quads};
use super::rounding::{ROUNDER, SUM_LANES, scale_and_inverse};

/// The packed decoder: `V * H` bytes (both padded) and 20 bytes per column.
pub(super) struct PackedColumns {
    weights: Vec<i8>,
    sums: Vec<[i32; BLOCK]>,
    bounds: Vec<BlockBounds>,
    quads: usize,
}

/// The bounds of a block's columns, with one array per field so that the test runs on vectors.
#[derive(Clone)]
pub(super) struct BlockBounds {
    scale: [f32; BLOCK],
    base: [f32; BLOCK],
    norm: [f32; BLOCK],
    residual: [f32; BLOCK],
}

impl BlockBounds {
    /// The bounds of columns that only pad the last block: they are never positive.
    const PADDING: Self = Self {
        scale: [0.0; BLOCK],
        base: [-1.0; BLOCK],
        norm: [0.0; BLOCK],
        residual: [0.0; BLOCK],
    };

    /// Returns the bounds of one column of the block.
    #[inline]
    pub(super) fn column(&self, lane: usize) -> ColumnBound {
        ColumnBound {
            scale: self.scale[lane],
            base: self.base[lane],
            norm: self.norm[lane],
            residual: self.residual[lane],
        }
    }

    /// Sets the bounds of one column, margins included. `base` is `c . w + b`.
    fn set(&mut self, lane: usize, column: &QuantizedColumn, base: f64) {
        self.scale[lane] = column.scale;
        #[allow(clippy::cast_possible_truncation, reason = "covered by TEST_MARGIN")]
        {
            self.base[lane] = base as f32;
        }
        self.norm[lane] = inflate(column.squares.sqrt());
        self.residual[lane] = inflate(column.residual_squares.sqrt());
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
            bounds: vec![BlockBounds::PADDING; blocks],
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
                    interleave(&integers, lane, weights);
                    sums[lane] = integers.iter().map(|&value| i32::from(value)).sum();
                    let base = kernel.dot(center, row) + f64::from(bias);
                    bounds.set(lane, &quantized, base);
                }
            });
        packed
    }

    /// Returns the number of blocks.
    pub(super) fn blocks(&self) -> usize {
        self.sums.len()
    }

    /// Returns a block's integers.
    pub(super) fn block(&self, block: usize) -> Block<'_> {
        let size = self.quads * BLOCK * QUAD;
        Block {
            weights: &self.weights[block * size..][..size],
            sums: &self.sums[block],
        }
    }

    /// Returns a block's bounds.
    pub(super) fn bounds(&self, block: usize) -> &BlockBounds {
        &self.bounds[block]
    }

    /// Returns a column's bounds.
    pub(super) fn bound(&self, column: usize) -> ColumnBound {
        self.bounds[column / BLOCK].column(column % BLOCK)
    }

    /// Copies single columns (64 at most) into a block of their own, with zeros after them.
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

    /// Returns the number of bytes held.
    pub(super) fn bytes(&self) -> usize {
        self.weights.len() + size_of_val(self.sums.as_slice()) + size_of_val(self.bounds.as_slice())
    }
}

/// What rounding a column to integers leaves to be bounded.
struct QuantizedColumn {
    /// The value of one integer step.
    scale: f32,
    /// The sum of the squares of the column.
    squares: f64,
    /// The sum of the squares of what the integers miss.
    residual_squares: f64,
}

/// Writes a column's integers to its place in a block.
fn interleave(integers: &[i8], lane: usize, weights: &mut [i8]) {
    for (slots, quad) in weights
        .chunks_exact_mut(BLOCK * QUAD)
        .zip(integers.chunks_exact(QUAD))
    {
        slots[lane * QUAD..][..QUAD].copy_from_slice(quad);
    }
}

/// Rounds a column to integers of its own scale. `integers` is as long as the padded column; what lies
/// beyond the column must be zero and stays so.
fn quantize_column(row: &[f32], integers: &mut [i8]) -> QuantizedColumn {
    // Magnitudes order like their bits, and integers compare without regard to NaN.
    let bits = row.iter().map(|value| value.to_bits() & 0x7fff_ffff).max();
    let largest = f32::from_bits(bits.unwrap_or(0));
    let (scale, inverse) = scale_and_inverse(largest);
    let mut squares = [0.0_f64; SUM_LANES];
    let mut residual_squares = [0.0_f64; SUM_LANES];
    let mut quantize = |lane: usize, value: f32| -> i8 {
        // The nearest integer is at most 127 by the choice of the scale.
        let rounded = (value * inverse + ROUNDER) - ROUNDER;
        // The scale and an integer of 7 bits fit f64 together, so the residual is exact but for one
        // rounding of its own.
        let residual = f64::from(value) - f64::from(scale) * f64::from(rounded);
        squares[lane] += f64::from(value) * f64::from(value);
        residual_squares[lane] += residual * residual;
        #[allow(clippy::cast_possible_truncation, reason = "an integer in -127..=127")]
        {
            rounded as i8
        }
    };
    let (body, tail) = row.as_chunks::<SUM_LANES>();
    let (body_out, tail_out) = integers.split_at_mut(body.len() * SUM_LANES);
    for (values, out) in body.iter().zip(body_out.as_chunks_mut::<SUM_LANES>().0) {
        for lane in 0..SUM_LANES {
            out[lane] = quantize(lane, values[lane]);
        }
    }
    for (lane, (&value, out)) in tail.iter().zip(tail_out).enumerate() {
        *out = quantize(lane, value);
    }
    QuantizedColumn {
        scale,
        squares: squares.iter().sum(),
        residual_squares: residual_squares.iter().sum(),
    }
}
