//! The kernel for AVX2 with AVX-VNNI: a tile of 6 tokens and 16 columns.
//!
//! 12 accumulators, two vectors of weights and one broadcast quad fill the 16 registers. Bytes and
//! offset are as in the AVX-512 kernel.

use std::arch::x86_64::{
    __m256i, _mm256_dpbusd_avx_epi32, _mm256_loadu_si256, _mm256_max_epi32, _mm256_set1_epi32,
    _mm256_setzero_si256, _mm256_slli_epi32, _mm256_storeu_si256, _mm256_sub_epi32,
};

use super::arithmetic::Kernel;
use super::avx2_floats::{dot, has_avx2_and_fma, scores_f32};
use crate::screened_head::layout::{BLOCK, Block, GROUP, QUAD};
use crate::screened_head::rows::QuantizedRows;

/// Number of 32-bit lanes in a vector.
const LANES: usize = 8;
/// Number of columns in a tile: two vectors.
const TILE: usize = 2 * LANES;

/// Proof that the processor has AVX2, FMA and AVX-VNNI: only [`Avx2Vnni::detect`] hands it out.
pub(super) struct Avx2Vnni(());

impl Avx2Vnni {
    /// Returns the kernel if this machine has the instructions.
    pub(super) fn detect() -> Option<&'static Self> {
        (has_avx2_and_fma() && is_x86_feature_detected!("avxvnni")).then_some(&Self(()))
    }
}

impl Kernel for Avx2Vnni {
    fn block_max(&self, block: Block<'_>, rows: &QuantizedRows, best: &mut [i32; BLOCK]) {
        // SAFETY: the value exists only where the features were detected.
        unsafe { byte_max(block, rows, best) }
    }

    fn block_scores(&self, block: Block<'_>, rows: &QuantizedRows, scores: &mut [[i32; BLOCK]]) {
        // SAFETY: as above.
        unsafe { byte_scores(block, rows, scores) }
    }

    fn block_scores_f32(
        &self,
        columns: &[[f32; BLOCK]],
        hidden: &[f32],
        scores: &mut [[f32; BLOCK]],
    ) {
        // SAFETY: as above; AVX2 and FMA are part of it.
        unsafe { scores_f32(columns, hidden, scores) }
    }

    fn dot(&self, a: &[f32], b: &[f32]) -> f64 {
        // SAFETY: as above; AVX2 and FMA are part of it.
        unsafe { dot(a, b) }
    }
}

/// Writes one vector of integers.
#[inline]
#[target_feature(enable = "avx2")]
fn store(vector: __m256i, out: &mut [i32; LANES]) {
    // SAFETY: writes the eight integers of the array.
    unsafe { _mm256_storeu_si256(out.as_mut_ptr().cast(), vector) };
}

/// Returns what the accumulators of 16 columns start with.
#[inline]
#[target_feature(enable = "avx2")]
fn byte_offsets(sums: &[i32; TILE]) -> [__m256i; 2] {
    let sums: *const __m256i = sums.as_ptr().cast();
    // SAFETY: an array of 16 integers is two vectors.
    let sums = unsafe { [_mm256_loadu_si256(sums), _mm256_loadu_si256(sums.add(1))] };
    sums.map(|sums| _mm256_sub_epi32(_mm256_setzero_si256(), _mm256_slli_epi32::<7>(sums)))
}

/// Returns the scores of one group of tokens with 16 columns, the `part`-th of the block.
#[inline]
#[target_feature(enable = "avx2,avxvnni")]
fn byte_tile(
    weights: &[[[i8; TILE * QUAD]; BLOCK / TILE]],
    part: usize,
    group: &[[u8; GROUP * QUAD]],
    offsets: [__m256i; 2],
) -> [[__m256i; 2]; GROUP] {
    let mut sums = [offsets; GROUP];
    for (weights, tokens) in weights.iter().zip(group) {
        let weights: *const __m256i = weights[part].as_ptr().cast();
        let tokens: *const i32 = tokens.as_ptr().cast();
        // SAFETY: an array of 64 bytes is two vectors.
        let columns = unsafe {
            [
                _mm256_loadu_si256(weights),
                _mm256_loadu_si256(weights.add(1)),
            ]
        };
        for (token, sums) in sums.iter_mut().enumerate() {
            // SAFETY: an array of 24 bytes is six quads; the read asks for no alignment.
            let quad = _mm256_set1_epi32(unsafe { tokens.add(token).read_unaligned() });
            for vector in 0..2 {
                sums[vector] = _mm256_dpbusd_avx_epi32(sums[vector], quad, columns[vector]);
            }
        }
    }
    sums
}

#[target_feature(enable = "avx2,avxvnni")]
fn byte_max(block: Block<'_>, rows: &QuantizedRows, best: &mut [i32; BLOCK]) {
    let weights = block.weights.as_chunks().0.as_chunks().0;
    let parts = block.sums.as_chunks::<TILE>().0.iter();
    for (part, (sums, best)) in parts.zip(best.as_chunks_mut::<TILE>().0).enumerate() {
        let offsets = byte_offsets(sums);
        let mut largest = [_mm256_set1_epi32(i32::MIN); 2];
        for group in rows.bytes.as_chunks().0.chunks_exact(rows.quads) {
            let sums = byte_tile(weights, part, group, offsets);
            for vector in 0..2 {
                for sums in &sums {
                    largest[vector] = _mm256_max_epi32(largest[vector], sums[vector]);
                }
            }
        }
        for (largest, best) in largest.into_iter().zip(best.as_chunks_mut().0) {
            store(largest, best);
        }
    }
}

#[target_feature(enable = "avx2,avxvnni")]
fn byte_scores(block: Block<'_>, rows: &QuantizedRows, scores: &mut [[i32; BLOCK]]) {
    let weights = block.weights.as_chunks().0.as_chunks().0;
    for (part, sums) in block.sums.as_chunks::<TILE>().0.iter().enumerate() {
        let offsets = byte_offsets(sums);
        let groups = rows.bytes.as_chunks().0.chunks_exact(rows.quads);
        for (group, scores) in groups.zip(scores.as_chunks_mut::<GROUP>().0) {
            let sums = byte_tile(weights, part, group, offsets);
            for (sums, scores) in sums.into_iter().zip(scores) {
                let out = &mut scores.as_chunks_mut::<TILE>().0[part];
                for (sums, out) in sums.into_iter().zip(out.as_chunks_mut().0) {
                    store(sums, out);
                }
            }
        }
    }
}
