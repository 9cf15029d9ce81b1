//! The floating-point half of both NEON kernels.

use std::arch::aarch64::{
    float32x4_t, float64x2_t, vcvt_f64_f32, vcvt_high_f64_f32, vdupq_n_f32, vdupq_n_f64, vfmaq_f32,
    vfmaq_f64, vget_low_f32, vld1q_f32, vst1q_f32, vst1q_f64,
};

use super::dot_lanes::{DOT_LANES, add_tail, sum_lanes};
use crate::screened_head::layout::{BLOCK, GROUP};

/// Number of columns in a tile: four vectors.
const TILE: usize = 16;
/// Number of vectors that hold a tile's columns.
const VECTORS: usize = TILE / 4;

/// Computes `Kernel::block_scores_f32`.
#[target_feature(enable = "neon")]
pub(super) fn scores_f32(columns: &[[f32; BLOCK]], hidden: &[f32], scores: &mut [[f32; BLOCK]]) {
    let width = columns.len();
    for (group, scores) in hidden
        .chunks(GROUP * width)
        .zip(scores.as_chunks_mut::<GROUP>().0)
    {
        // The last group may be short: its last row stands in for those that are missing.
        let last = group.len() / width - 1;
        let rows: [&[f32]; GROUP] =
            std::array::from_fn(|token| &group[token.min(last) * width..][..width]);
        for part in 0..BLOCK / TILE {
            let sums = tile_f32(columns, part, &rows);
            for (sums, scores) in sums.into_iter().zip(scores.iter_mut()) {
                let out = scores.as_chunks_mut::<TILE>().0[part].as_chunks_mut::<4>();
                for (sums, out) in sums.into_iter().zip(out.0) {
                    // SAFETY: writes the four floats of the array.
                    unsafe { vst1q_f32(out.as_mut_ptr(), sums) };
                }
            }
        }
    }
}

/// Returns the scores of one group of tokens with 16 columns, the `part`-th of the block.
#[inline]
#[target_feature(enable = "neon")]
fn tile_f32(
    columns: &[[f32; BLOCK]],
    part: usize,
    rows: &[&[f32]; GROUP],
) -> [[float32x4_t; VECTORS]; GROUP] {
    let mut sums = [[vdupq_n_f32(0.0); VECTORS]; GROUP];
    for (dimension, weights) in columns.iter().enumerate() {
        let weights = weights.as_chunks::<TILE>().0[part].as_ptr();
        // SAFETY: an array of 16 floats is four vectors.
        let weights: [float32x4_t; VECTORS] = unsafe {
            [
                vld1q_f32(weights),
                vld1q_f32(weights.add(4)),
                vld1q_f32(weights.add(8)),
                vld1q_f32(weights.add(12)),
            ]
        };
        for (row, sums) in rows.iter().zip(&mut sums) {
            // SAFETY: every row is as long as `columns` and `dimension` is below that.
            let value = vdupq_n_f32(unsafe { *row.get_unchecked(dimension) });
            for vector in 0..VECTORS {
                sums[vector] = vfmaq_f32(sums[vector], weights[vector], value);
            }
        }
    }
    sums
}

/// Computes `Kernel::dot`.
#[target_feature(enable = "neon")]
pub(super) fn dot(a: &[f32], b: &[f32]) -> f64 {
    let (a_body, a_tail) = a.as_chunks::<DOT_LANES>();
    let (b_body, b_tail) = b.as_chunks::<DOT_LANES>();
    let mut sums: [float64x2_t; DOT_LANES / 2] = [vdupq_n_f64(0.0); DOT_LANES / 2];
    for (a, b) in a_body.iter().zip(b_body) {
        for (vector, sums) in sums.as_chunks_mut::<2>().0.iter_mut().enumerate() {
            // SAFETY: each array is four vectors of four floats.
            let (a, b) = unsafe {
                (
                    vld1q_f32(a.as_ptr().add(4 * vector)),
                    vld1q_f32(b.as_ptr().add(4 * vector)),
                )
            };
            // The products are exact, so fusing changes nothing.
            let (a_low, b_low) = (vget_low_f32(a), vget_low_f32(b));
            sums[0] = vfmaq_f64(sums[0], vcvt_f64_f32(a_low), vcvt_f64_f32(b_low));
            sums[1] = vfmaq_f64(sums[1], vcvt_high_f64_f32(a), vcvt_high_f64_f32(b));
        }
    }
    let mut lanes = [0.0_f64; DOT_LANES];
    for (sum, lanes) in sums.into_iter().zip(lanes.as_chunks_mut::<2>().0) {
        // SAFETY: writes the two doubles of the array.
        unsafe { vst1q_f64(lanes.as_mut_ptr(), sum) };
    }
    add_tail(&mut lanes, a_tail, b_tail);
    sum_lanes(lanes)
}
