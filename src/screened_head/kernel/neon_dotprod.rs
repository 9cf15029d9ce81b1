//! The kernel for NEON with the dot product extension (`sdot`): a tile of 6 tokens and 16 columns.
//!
//! `sdot` adds four products of signed bytes to a 32-bit lane and takes one of its factors as a quad of a
//! vector, so that nothing is broadcast: 24 accumulators, four vectors of weights and two of tokens fill
//! 30 of the 32 registers. The rows lose their offset of 128 when they are loaded, once for 16 columns.
//!
//! The standard library's functions for `sdot` are not stable, so the instruction is written out.

use std::arch::aarch64::{
    int8x16_t, int32x4_t, vcombine_u8, vdup_n_u8, vdupq_n_s32, vdupq_n_u8, veorq_u8, vld1_u8,
    vld1q_s8, vld1q_u8, vmaxq_s32, vreinterpretq_s8_u8, vst1q_s32,
};
use std::arch::{asm, is_aarch64_feature_detected};

use super::arithmetic::Kernel;
use super::neon_floats::{dot, scores_f32};
use crate::screened_head::layout::{BLOCK, Block, GROUP, QUAD};
use crate::screened_head::rows::QuantizedRows;

/// Number of 32-bit lanes in a vector.
const LANES: usize = 4;
/// Number of vectors that hold a tile's columns.
const VECTORS: usize = 4;
/// Number of columns in a tile.
const TILE: usize = VECTORS * LANES;

/// Proof that the processor has NEON and `sdot`: only [`NeonDotprod::detect`] hands it out.
pub(super) struct NeonDotprod(());

impl NeonDotprod {
    /// Returns the kernel if this machine has the instructions.
    pub(super) fn detect() -> Option<&'static Self> {
        (is_aarch64_feature_detected!("neon") && is_aarch64_feature_detected!("dotprod"))
            .then_some(&Self(()))
    }
}

impl Kernel for NeonDotprod {
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
        // SAFETY: as above; NEON is part of it.
        unsafe { scores_f32(columns, hidden, scores) }
    }

    fn dot(&self, a: &[f32], b: &[f32]) -> f64 {
        // SAFETY: as above; NEON is part of it.
        unsafe { dot(a, b) }
    }
}

/// Returns `sums` plus the dot products of four columns with the `TOKEN`-th quad of `tokens`.
#[inline]
#[target_feature(enable = "neon,dotprod")]
fn add_dots<const TOKEN: u8>(
    mut sums: int32x4_t,
    columns: int8x16_t,
    tokens: int8x16_t,
) -> int32x4_t {
    // SAFETY: the instruction reads and writes nothing but the registers named, and the function's
    // features include it. The compiler refuses a `TOKEN` above 3.
    unsafe {
        asm!(
            "sdot {sums:v}.4s, {columns:v}.16b, {tokens:v}.4b[{token}]",
            sums = inout(vreg) sums,
            columns = in(vreg) columns,
            tokens = in(vreg) tokens,
            token = const TOKEN,
            options(pure, nomem, nostack, preserves_flags),
        );
    }
    sums
}

/// Loads one quad of six tokens without its offset: four tokens in one vector, two in another.
#[inline]
#[target_feature(enable = "neon,dotprod")]
fn load_tokens(tokens: &[u8; GROUP * QUAD]) -> [int8x16_t; 2] {
    // SAFETY: an array of 24 bytes is a vector of 16 and one of 8.
    let (four, two) = unsafe { (vld1q_u8(tokens.as_ptr()), vld1_u8(tokens.as_ptr().add(16))) };
    // Flipping the highest bit turns `q + 128` into `q`.
    let offset = vdupq_n_u8(0x80);
    [four, vcombine_u8(two, vdup_n_u8(0))].map(|bytes| vreinterpretq_s8_u8(veorq_u8(bytes, offset)))
}

/// Returns the scores of one group of tokens with 16 columns, the `part`-th of the block.
#[inline]
#[target_feature(enable = "neon,dotprod")]
fn tile(
    weights: &[[[i8; TILE * QUAD]; BLOCK / TILE]],
    part: usize,
    group: &[[u8; GROUP * QUAD]],
) -> [[int32x4_t; VECTORS]; GROUP] {
    let mut sums = [[vdupq_n_s32(0); VECTORS]; GROUP];
    for (weights, tokens) in weights.iter().zip(group) {
        let weights = weights[part].as_ptr();
        let [four, two] = load_tokens(tokens);
        // SAFETY: an array of 64 bytes is four vectors.
        let columns: [int8x16_t; VECTORS] = unsafe {
            [
                vld1q_s8(weights),
                vld1q_s8(weights.add(16)),
                vld1q_s8(weights.add(32)),
                vld1q_s8(weights.add(48)),
            ]
        };
        for (vector, columns) in columns.into_iter().enumerate() {
            sums[0][vector] = add_dots::<0>(sums[0][vector], columns, four);
            sums[1][vector] = add_dots::<1>(sums[1][vector], columns, four);
            sums[2][vector] = add_dots::<2>(sums[2][vector], columns, four);
            sums[3][vector] = add_dots::<3>(sums[3][vector], columns, four);
            sums[4][vector] = add_dots::<0>(sums[4][vector], columns, two);
            sums[5][vector] = add_dots::<1>(sums[5][vector], columns, two);
        }
    }
    sums
}

/// Writes the integers of a tile's columns.
#[inline]
#[target_feature(enable = "neon,dotprod")]
fn store(vectors: [int32x4_t; VECTORS], out: &mut [i32; TILE]) {
    for (vector, out) in vectors.into_iter().zip(out.as_chunks_mut::<LANES>().0) {
        // SAFETY: writes the four integers of the array.
        unsafe { vst1q_s32(out.as_mut_ptr(), vector) };
    }
}

#[target_feature(enable = "neon,dotprod")]
fn block_max(block: Block<'_>, rows: &QuantizedRows, best: &mut [i32; BLOCK]) {
    let weights = block.weights.as_chunks().0.as_chunks().0;
    for (part, best) in best.as_chunks_mut().0.iter_mut().enumerate() {
        let mut largest = [vdupq_n_s32(i32::MIN); VECTORS];
        for group in rows.bytes.as_chunks().0.chunks_exact(rows.quads) {
            for sums in tile(weights, part, group) {
                for vector in 0..VECTORS {
                    largest[vector] = vmaxq_s32(largest[vector], sums[vector]);
                }
            }
        }
        store(largest, best);
    }
}

#[target_feature(enable = "neon,dotprod")]
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
