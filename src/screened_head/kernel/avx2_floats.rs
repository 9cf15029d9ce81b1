//! The floating-point half of both AVX2 kernels.

use std::arch::x86_64::{
    __m256, __m256d, _mm_loadu_ps, _mm256_cvtps_pd, _mm256_fmadd_pd, _mm256_fmadd_ps,
    _mm256_loadu_ps, _mm256_set1_ps, _mm256_setzero_pd, _mm256_setzero_ps, _mm256_storeu_pd,
    _mm256_storeu_ps,
};

use super::dot_lanes::{DOT_LANES, add_tail, sum_lanes};
use crate::screened_head::layout::{BLOCK, GROUP};

/// Number of columns in a tile: two vectors.
const TILE: usize = 16;

/// Returns whether this machine has the instructions of this file.
pub(super) fn has_avx2_and_fma() -> bool {
    is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma")
}

/// Computes `Kernel::block_scores_f32`.
#[target_feature(enable = "avx2,fma")]
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
            let mut sums: [[__m256; 2]; GROUP] = [[_mm256_setzero_ps(); 2]; GROUP];
            for (dimension, weights) in columns.iter().enumerate() {
                let weights = weights.as_chunks::<TILE>().0[part].as_ptr();
                // SAFETY: an array of 16 floats is two vectors.
                let weights =
                    unsafe { [_mm256_loadu_ps(weights), _mm256_loadu_ps(weights.add(8))] };
                for (row, sums) in rows.iter().zip(&mut sums) {
                    // SAFETY: every row is `width` long and `dimension` is below it.
                    let value = _mm256_set1_ps(unsafe { *row.get_unchecked(dimension) });
                    for vector in 0..2 {
                        sums[vector] = _mm256_fmadd_ps(value, weights[vector], sums[vector]);
                    }
                }
            }
            for (sums, scores) in sums.into_iter().zip(scores.iter_mut()) {
                let out = scores.as_chunks_mut::<TILE>().0[part].as_mut_ptr();
                // SAFETY: writes the 16 floats of the array.
                unsafe {
                    _mm256_storeu_ps(out, sums[0]);
                    _mm256_storeu_ps(out.add(8), sums[1]);
                }
            }
        }
    }
}

/// Computes `Kernel::dot`.
#[target_feature(enable = "avx2,fma")]
pub(super) fn dot(a: &[f32], b: &[f32]) -> f64 {
    let (a_body, a_tail) = a.as_chunks::<DOT_LANES>();
    let (b_body, b_tail) = b.as_chunks::<DOT_LANES>();
    let mut sums: [__m256d; 4] = [_mm256_setzero_pd(); 4];
    for (a, b) in a_body.iter().zip(b_body) {
        for (vector, sum) in sums.iter_mut().enumerate() {
            // SAFETY: each array is four vectors of four floats.
            let (a, b) = unsafe {
                (
                    _mm_loadu_ps(a.as_ptr().add(4 * vector)),
                    _mm_loadu_ps(b.as_ptr().add(4 * vector)),
                )
            };
            // The products are exact: fusing changes nothing.
            *sum = _mm256_fmadd_pd(_mm256_cvtps_pd(a), _mm256_cvtps_pd(b), *sum);
        }
    }
    let mut lanes = [0.0_f64; DOT_LANES];
    for (sum, lanes) in sums.into_iter().zip(lanes.as_chunks_mut::<4>().0) {
        // SAFETY: writes the four doubles of the array.
        unsafe { _mm256_storeu_pd(lanes.as_mut_ptr(), sum) };
    }
    add_tail(&mut lanes, a_tail, b_tail);
    sum_lanes(lanes)
}
