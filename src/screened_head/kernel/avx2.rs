//! The kernel for AVX2 with FMA, without VNNI: a tile of 6 tokens and 8 columns.
//!
//! The byte products of AVX2 (`vpmaddubsw`) saturate at 16 bits, so weights and rows are widened to
//! 16-bit integers and `vpmaddwd` adds two products to a 32-bit lane. Each column lies in two lanes that
//! are added at the end. The rows are kept widened; the weights are widened when they are loaded, once
//! for six tokens.

use std::arch::x86_64::{
    __m128i, __m256i, _mm_loadu_si128, _mm256_add_epi32, _mm256_cvtepi8_epi16, _mm256_hadd_epi32,
    _mm256_madd_epi16, _mm256_max_epi32, _mm256_permute4x64_epi64, _mm256_set1_epi32,
    _mm256_set1_epi64x, _mm256_setzero_si256, _mm256_storeu_si256,
};

use super::arithmetic::Kernel;
use super::avx2_floats::{dot, has_avx2_and_fma, scores_f32};
use crate::screened_head::layout::{BLOCK, Block, GROUP, QUAD};
use crate::screened_head::rows::QuantizedRows;

/// Number of columns in a tile, which is the number of 32-bit lanes in a vector.
const TILE: usize = 8;

/// Proof that the processor has AVX2 and FMA: only [`Avx2::detect`] hands it out.
pub(super) struct Avx2(());

impl Avx2 {
    /// Returns the kernel if this machine has the instructions.
    pub(super) fn detect() -> Option<&'static Self> {
        has_avx2_and_fma().then_some(&Self(()))
    }
}

impl Kernel for Avx2 {
    fn needs_words(&self) -> bool {
        true
    }

    fn block_max(&self, block: Block<'_>, rows: &QuantizedRows, best: &mut [i32; BLOCK]) {
        // SAFETY: the value exists only where the features were detected.
        unsafe { word_max(block, rows, best) }
    }

    fn block_scores(&self, block: Block<'_>, rows: &QuantizedRows, scores: &mut [[i32; BLOCK]]) {
        // SAFETY: as above.
        unsafe { word_scores(block, rows, scores) }
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

/// Writes one vector of integers.
#[inline]
#[target_feature(enable = "avx2")]
fn store(vector: __m256i, out: &mut [i32; TILE]) {
    // SAFETY: writes the eight integers of the array.
    unsafe { _mm256_storeu_si256(out.as_mut_ptr().cast(), vector) };
}

/// Returns the scores of one group of tokens with 8 columns, the `part`-th of the block.
#[inline]
#[target_feature(enable = "avx2")]
fn word_tile(
    weights: &[[[i8; TILE * QUAD]; BLOCK / TILE]],
    part: usize,
    group: &[[i16; GROUP * QUAD]],
) -> [__m256i; GROUP] {
    let mut sums = [[_mm256_setzero_si256(); 2]; GROUP];
    for (weights, tokens) in weights.iter().zip(group) {
        let weights: *const __m128i = weights[part].as_ptr().cast();
        let tokens: *const i64 = tokens.as_ptr().cast();
        // SAFETY: an array of 32 bytes is two vectors of 16.
        let columns = unsafe { [_mm_loadu_si128(weights), _mm_loadu_si128(weights.add(1))] };
        let columns = columns.map(|columns| _mm256_cvtepi8_epi16(columns));
        for (token, sums) in sums.iter_mut().enumerate() {
            // SAFETY: an array of 24 words is six quads; the read asks for no alignment.
            let quad = _mm256_set1_epi64x(unsafe { tokens.add(token).read_unaligned() });
            for vector in 0..2 {
                let products = _mm256_madd_epi16(quad, columns[vector]);
                sums[vector] = _mm256_add_epi32(sums[vector], products);
            }
        }
    }
    // Adds the two lanes of each column; the halves come out interleaved.
    sums.map(|[low, high]| _mm256_permute4x64_epi64::<0b11_01_10_00>(_mm256_hadd_epi32(low, high)))
}

#[target_feature(enable = "avx2")]
fn word_max(block: Block<'_>, rows: &QuantizedRows, best: &mut [i32; BLOCK]) {
    let weights = block.weights.as_chunks().0.as_chunks().0;
    for (part, best) in best.as_chunks_mut().0.iter_mut().enumerate() {
        let mut largest = _mm256_set1_epi32(i32::MIN);
        for group in rows.words.as_chunks().0.chunks_exact(rows.quads) {
            for sums in word_tile(weights, part, group) {
                largest = _mm256_max_epi32(largest, sums);
            }
        }
        store(largest, best);
    }
}

#[target_feature(enable = "avx2")]
fn word_scores(block: Block<'_>, rows: &QuantizedRows, scores: &mut [[i32; BLOCK]]) {
    let weights = block.weights.as_chunks().0.as_chunks().0;
    for part in 0..BLOCK / TILE {
        let groups = rows.words.as_chunks().0.chunks_exact(rows.quads);
        for (group, scores) in groups.zip(scores.as_chunks_mut::<GROUP>().0) {
            for (sums, scores) in word_tile(weights, part, group).into_iter().zip(scores) {
                store(sums, &mut scores.as_chunks_mut().0[part]);
            }
        }
    }
}
