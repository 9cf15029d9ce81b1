//! The kernel for AVX-512 with VNNI: a tile of 6 tokens and 64 columns in 24 accumulators.
//!
//! `vpdpbusd` adds four products of an unsigned and a signed byte to a 32-bit lane. The rows are the
//! unsigned side, offset by 128; the accumulators start at `-128` times the column's sum, which takes
//! the offset out again. A step of the tile loads four vectors of weights and six broadcast quads for
//! 24 instructions, so the two multiply-add units are the limit, not the loads.

use std::arch::x86_64::{
    __m512, __m512d, __m512i, _mm256_loadu_ps, _mm512_cvtps_pd, _mm512_dpbusd_epi32,
    _mm512_fmadd_pd, _mm512_fmadd_ps, _mm512_loadu_ps, _mm512_loadu_si512, _mm512_max_epi32,
    _mm512_set1_epi32, _mm512_set1_ps, _mm512_setzero_pd, _mm512_setzero_ps, _mm512_setzero_si512,
    _mm512_slli_epi32, _mm512_storeu_pd, _mm512_storeu_ps, _mm512_storeu_si512, _mm512_sub_epi32,
};

use super::arithmetic::Kernel;
use super::dot_lanes::{DOT_LANES, add_tail, sum_lanes};
use crate::screened_head::layout::{BLOCK, Block, GROUP, QUAD};
use crate::screened_head::rows::QuantizedRows;

/// Number of 32-bit lanes in a vector.
const LANES: usize = 16;
/// Number of vectors that hold a block's columns.
const VECTORS: usize = BLOCK / LANES;

/// Proof that the processor has AVX-512 F and VNNI: only [`Avx512Vnni::detect`] hands it out.
pub(super) struct Avx512Vnni(());

impl Avx512Vnni {
    /// Returns the kernel if this machine has the instructions.
    pub(super) fn detect() -> Option<&'static Self> {
        (is_x86_feature_detected!("avx512f") && is_x86_feature_detected!("avx512vnni"))
            .then_some(&Self(()))
    }
}

impl Kernel for Avx512Vnni {
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
        unsafe { block_scores_f32(columns, hidden, scores) }
    }

    fn dot(&self, a: &[f32], b: &[f32]) -> f64 {
        // SAFETY: as above.
        unsafe { dot(a, b) }
    }
}

/// Returns what the accumulators of each column start with.
#[inline]
#[target_feature(enable = "avx512f,avx512vnni")]
fn offsets(sums: &[i32; BLOCK]) -> [__m512i; VECTORS] {
    let mut offsets = [_mm512_setzero_si512(); VECTORS];
    for (offset, sums) in offsets.iter_mut().zip(sums.as_chunks::<LANES>().0) {
        // SAFETY: reads the 16 integers of the array.
        let sums = unsafe { _mm512_loadu_si512(sums.as_ptr().cast()) };
        *offset = _mm512_sub_epi32(_mm512_setzero_si512(), _mm512_slli_epi32::<7>(sums));
    }
    offsets
}

/// Returns the scores of one group of tokens with all columns of a block. Both slices hold whole quads
/// and the shorter one ends the sum.
#[inline]
#[target_feature(enable = "avx512f,avx512vnni")]
fn tile(
    weights: &[[i8; BLOCK * QUAD]],
    group: &[[u8; GROUP * QUAD]],
    offsets: [__m512i; VECTORS],
) -> [[__m512i; VECTORS]; GROUP] {
    let mut sums = [offsets; GROUP];
    for (weights, tokens) in weights.iter().zip(group) {
        let weights: *const i8 = weights.as_ptr();
        let tokens: *const i32 = tokens.as_ptr().cast();
        // SAFETY: an array of 256 bytes is four vectors.
        let columns: [__m512i; VECTORS] = unsafe {
            [
                _mm512_loadu_si512(weights.cast()),
                _mm512_loadu_si512(weights.add(64).cast()),
                _mm512_loadu_si512(weights.add(128).cast()),
                _mm512_loadu_si512(weights.add(192).cast()),
            ]
        };
        for (token, sums) in sums.iter_mut().enumerate() {
            // SAFETY: an array of 24 bytes is six quads; the read asks for no alignment.
            let quad = _mm512_set1_epi32(unsafe { tokens.add(token).read_unaligned() });
            for vector in 0..VECTORS {
                sums[vector] = _mm512_dpbusd_epi32(sums[vector], quad, columns[vector]);
            }
        }
    }
    sums
}

/// Writes the integers of a block's columns.
#[inline]
#[target_feature(enable = "avx512f,avx512vnni")]
fn store(vectors: [__m512i; VECTORS], out: &mut [i32; BLOCK]) {
    for (vector, out) in vectors.into_iter().zip(out.as_chunks_mut::<LANES>().0) {
        // SAFETY: writes the 16 integers of the array.
        unsafe { _mm512_storeu_si512(out.as_mut_ptr().cast(), vector) };
    }
}

#[target_feature(enable = "avx512f,avx512vnni")]
fn block_max(block: Block<'_>, rows: &QuantizedRows, best: &mut [i32; BLOCK]) {
    let weights = block.weights.as_chunks().0;
    let offsets = offsets(block.sums);
    let mut largest = [_mm512_set1_epi32(i32::MIN); VECTORS];
    for group in rows.bytes.as_chunks().0.chunks_exact(rows.quads) {
        let sums = tile(weights, group, offsets);
        for vector in 0..VECTORS {
            for sums in &sums {
                largest[vector] = _mm512_max_epi32(largest[vector], sums[vector]);
            }
        }
    }
    store(largest, best);
}

#[target_feature(enable = "avx512f,avx512vnni")]
fn block_scores(block: Block<'_>, rows: &QuantizedRows, scores: &mut [[i32; BLOCK]]) {
    let weights = block.weights.as_chunks().0;
    let offsets = offsets(block.sums);
    let groups = rows.bytes.as_chunks().0.chunks_exact(rows.quads);
    for (group, scores) in groups.zip(scores.as_chunks_mut::<GROUP>().0) {
        let sums = tile(weights, group, offsets);
        for (sums, scores) in sums.into_iter().zip(scores) {
            store(sums, scores);
        }
    }
}

#[target_feature(enable = "avx512f,avx512vnni")]
fn block_scores_f32(columns: &[[f32; BLOCK]], hidden: &[f32], scores: &mut [[f32; BLOCK]]) {
    let width = columns.len();
    for (group, scores) in hidden
        .chunks(GROUP * width)
        .zip(scores.as_chunks_mut::<GROUP>().0)
    {
        // The last group may be short: its last row stands in for those that are missing.
        let last = group.len() / width - 1;
        let rows: [&[f32]; GROUP] =
            std::array::from_fn(|token| &group[token.min(last) * width..][..width]);
        let mut sums: [[__m512; VECTORS]; GROUP] = [[_mm512_setzero_ps(); VECTORS]; GROUP];
        for (dimension, weights) in columns.iter().enumerate() {
            let weights = weights.as_ptr();
            // SAFETY: an array of 64 floats is four vectors.
            let weights: [__m512; VECTORS] = unsafe {
                [
                    _mm512_loadu_ps(weights),
                    _mm512_loadu_ps(weights.add(16)),
                    _mm512_loadu_ps(weights.add(32)),
                    _mm512_loadu_ps(weights.add(48)),
                ]
            };
            for (row, sums) in rows.iter().zip(&mut sums) {
                // SAFETY: every row is `width` long and `dimension` is below it.
                let value = _mm512_set1_ps(unsafe { *row.get_unchecked(dimension) });
                for vector in 0..VECTORS {
                    sums[vector] = _mm512_fmadd_ps(value, weights[vector], sums[vector]);
                }
            }
        }
        for (sums, scores) in sums.into_iter().zip(scores) {
            for (vector, out) in sums.into_iter().zip(scores.as_chunks_mut::<LANES>().0) {
                // SAFETY: writes the 16 floats of the array.
                unsafe { _mm512_storeu_ps(out.as_mut_ptr(), vector) };
            }
        }
    }
}

#[target_feature(enable = "avx512f,avx512vnni")]
fn dot(a: &[f32], b: &[f32]) -> f64 {
    let (a_body, a_tail) = a.as_chunks::<DOT_LANES>();
    let (b_body, b_tail) = b.as_chunks::<DOT_LANES>();
    let mut low = _mm512_setzero_pd();
    let mut high = _mm512_setzero_pd();
    for (a, b) in a_body.iter().zip(b_body) {
        // SAFETY: each array is two vectors of eight floats.
        unsafe {
            low = step(a.as_ptr(), b.as_ptr(), low);
            high = step(a.as_ptr().add(8), b.as_ptr().add(8), high);
        }
    }
    let mut lanes = [0.0_f64; DOT_LANES];
    // SAFETY: the array is two vectors of eight doubles.
    unsafe {
        _mm512_storeu_pd(lanes.as_mut_ptr(), low);
        _mm512_storeu_pd(lanes.as_mut_ptr().add(8), high);
    }
    add_tail(&mut lanes, a_tail, b_tail);
    sum_lanes(lanes)
}

/// Returns `sum + a b` for eight elements. The products are exact, so fusing changes nothing.
///
/// # Safety
/// `a` and `b` must be readable for eight floats.
#[inline]
#[target_feature(enable = "avx512f,avx512vnni")]
unsafe fn step(a: *const f32, b: *const f32, sum: __m512d) -> __m512d {
    // SAFETY: the caller's promise.
    let (a, b) = unsafe { (_mm256_loadu_ps(a), _mm256_loadu_ps(b)) };
    _mm512_fmadd_pd(_mm512_cvtps_pd(a), _mm512_cvtps_pd(b), sum)
}
