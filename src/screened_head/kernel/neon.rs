//! The kernel for NEON without the dot product extension: a tile of 6 tokens and 8 columns.
//!
//! Products of bytes fill 16-bit lanes (`smull`), of which pairs are added to 32-bit lanes (`sadalp`). Each
//! column lies in two lanes that are added at the end, so a tile has 24 accumulators. The rows lose their
//! offset of 128 when a quad is broadcast.

use std::arch::aarch64::{
    int8x16_t, int32x4_t, vdupq_n_s32, vdupq_n_u32, veorq_u32, vget_low_s8, vld1q_s8, vmaxq_s32,
    vmull_high_s8, vmull_s8, vpadalq_s16, vpaddq_s32, vreinterpretq_s8_u32, vst1q_s32,
};
use std::arch::is_aarch64_feature_detected;

use super::arithmetic::Kernel;
use super::neon_floats::{dot, scores_f32};
use crate::screened_head::layout::{BLOCK, Block, GROUP, QUAD};
use crate::screened_head::rows::QuantizedRows;

/// Number of columns in a tile: two vectors of sums.
const TILE: usize = 8;

/// Proof that the processor has NEON: only [`Neon::detect`] hands it out.
pub(super) struct Neon(());

impl Neon {
    /// Returns the kernel if this machine has the instructions.
    pub(super) fn detect() -> Option<&'static Self> {
        is_aarch64_feature_detected!("neon").then_some(&Self(()))
    }
}

impl Kernel for Neon {
    fn block_max(&self, block: Block<'_>, rows: &QuantizedRows, best: &mut [i32; BLOCK]) {
        // SAFETY: the value exists only where the features were detected.
        unsafe { block_max(block, rows, best) }
    }

    fn block_scores(&self, block: Block<'_>, rows: &QuantizedRows, scores: &mut [[i32; BLOCK]]) {
        // SAFETY: as above.
        unsafe { block_scores(block, rows, scores) }
    }

    fn block_scores_f32(
        &self,
        columns: &[[f32; BLOCK]],
        hidden: &[f32],
        scores: &mut [[f32; BLOCK]],
    ) {
        // SAFETY: as above.
        unsafe { scores_f32(columns, hidden, scores) }
    }

    fn dot(&self, a: &[f32], b: &[f32]) -> f64 {
        // SAFETY: as above.
        unsafe { dot(a, b) }
    }
}

/// The sums of a vector of four columns, two lanes for each column: the first two columns, the last two.
type Halves = [int32x4_t; 2];

/// Adds the products of four columns with one broadcast quad.
#[inline]
#[target_feature(enable = "neon")]
fn add_products([low, high]: Halves, columns: int8x16_t, quad: int8x16_t) -> Halves {
    // A product, 128 * 127 at most, fits 16 bits; sums of two are taken in 32 bits.
    [
        vpadalq_s16(low, vmull_s8(vget_low_s8(columns), vget_low_s8(quad))),
        vpadalq_s16(high, vmull_high_s8(columns, quad)),
    ]
}

/// Returns the scores of one group of tokens with 8 columns, the `part`-th of the block.
#[inline]
#[target_feature(enable = "neon")]
fn tile(
    weights: &[[[i8; TILE * QUAD]; BLOCK / TILE]],
    part: usize,
    group: &[[u8; GROUP * QUAD]],
) -> [[int32x4_t; 2]; GROUP] {
    let mut sums = [[[vdupq_n_s32(0); 2]; 2]; GROUP];
    let offset = vdupq_n_u32(0x8080_8080);
    for (weights, tokens) in weights.iter().zip(group) {
        let weights = weights[part].as_ptr();
        // SAFETY: an array of 32 bytes is two vectors.
        let columns = unsafe { [vld1q_s8(weights), vld1q_s8(weights.add(16))] };
        for (quad, sums) in tokens.as_chunks::<QUAD>().0.iter().zip(&mut sums) {
            // Flipping the highest bit of each byte turns `q + 128` into `q`.
            let quad = veorq_u32(vdupq_n_u32(u32::from_le_bytes(*quad)), offset);
            let quad = vreinterpretq_s8_u32(quad);
            for vector in 0..2 {
                sums[vector] = add_products(sums[vector], columns[vector], quad);
            }
        }
    }
    sums.map(|sums| sums.map(|[low, high]| vpaddq_s32(low, high)))
}

/// Writes the integers of a tile's columns.
#[inline]
#[target_feature(enable = "neon")]
fn store(vectors: [int32x4_t; 2], out: &mut [i32; TILE]) {
    for (vector, out) in vectors.into_iter().zip(out.as_chunks_mut::<4>().0) {
        // SAFETY: writes the four integers of the array.
        unsafe { vst1q_s32(out.as_mut_ptr(), vector) };
    }
}

#[target_feature(enable = "neon")]
fn block_max(block: Block<'_>, rows: &QuantizedRows, best: &mut [i32; BLOCK]) {
    let weights = block.weights.as_chunks().0.as_chunks().0;
    for (part, best) in best.as_chunks_mut().0.iter_mut().enumerate() {
        let mut largest = [vdupq_n_s32(i32::MIN); 2];
        for group in rows.bytes.as_chunks().0.chunks_exact(rows.quads) {
            for sums in tile(weights, part, group) {
                for vector in 0..2 {
                    largest[vector] = vmaxq_s32(largest[vector], sums[vector]);
                }
            }
        }
        store(largest, best);
    }
}

#[target_feature(enable = "neon")]
fn block_scores(block: Block<'_>, rows: &QuantizedRows, scores: &mut [[i32; BLOCK]]) {
    let weights = block.weights.as_chunks().0.as_chunks().0;
    for part in 0..BLOCK / TILE {
        let groups = rows.bytes.as_chunks().0.chunks_exact(rows.quads);
        for (group, scores) in groups.zip(scores.as_chunks_mut::<GROUP>().0) {
            for (sums, scores) in tile(weights, part, group).into_iter().zip(scores) {
                store(sums, &mut scores.as_chunks_mut().0[part]);
            }
        }
    }
}
