//! The kernels for AVX2 with FMA, with and without AVX-VNNI.
//!
//! With VNNI a tile is 6 tokens by 16 columns: 12 accumulators, two vectors of weights and one
//! broadcast quad fill the 16 registers. Bytes and offset are as in the AVX-512 kernel.
//!
//! Without it the byte products of AVX2 (`vpmaddubsw`) saturate at 16 bits, so weights and rows are
//! widened to 16-bit integers and `vpmaddwd` adds two products to a 32-bit lane: 6 tokens by 8 columns,
//! each column in two lanes that are added at the end. The rows are kept widened, the weights are
//! widened when they are loaded, once for six tokens.

use std::arch::x86_64::{
    __m128i, __m256, __m256d, __m256i, _mm_loadu_ps, _mm_loadu_si128, _mm256_add_epi32,
    _mm256_cvtepi8_epi16, _mm256_cvtps_pd, _mm256_dpbusd_avx_epi32, _mm256_fmadd_pd,
    _mm256_fmadd_ps, _mm256_hadd_epi32, _mm256_loadu_ps, _mm256_loadu_si256, _mm256_madd_epi16,
    _mm256_max_epi32, _mm256_permute4x64_epi64, _mm256_set1_epi32, _mm256_set1_epi64x,
    _mm256_set1_ps, _mm256_setzero_pd, _mm256_setzero_ps, _mm256_setzero_si256, _mm256_slli_epi32,
    _mm256_storeu_pd, _mm256_storeu_ps, _mm256_storeu_si256, _mm256_sub_epi32,
};

use super::kernel_portable::{DOT_LANES, add_tail, sum_lanes};
use super::pack::{BLOCK, Block, QUAD};
use super::quantize::{GROUP, QuantizedRows};
use super::screen::Kernel;

/// 32-bit lanes of a vector.
const LANES: usize = 8;
/// Columns of a tile in bytes and in floats: two vectors.
const TILE: usize = 2 * LANES;
/// Columns of a tile in 16-bit integers: one vector of sums.
const WORD_TILE: usize = LANES;

/// Proof that the processor has AVX2, FMA and AVX-VNNI: only [`Avx2Vnni::detect`] hands it out.
pub(super) struct Avx2Vnni(());

/// Proof that the processor has AVX2 and FMA: only [`Avx2::detect`] hands it out.
pub(super) struct Avx2(());

fn has_avx2() -> bool {
    is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma")
}

impl Avx2Vnni {
    pub(super) fn detect() -> Option<&'static Self> {
        (has_avx2() && is_x86_feature_detected!("avxvnni")).then_some(&Self(()))
    }
}

impl Avx2 {
    pub(super) fn detect() -> Option<&'static Self> {
        has_avx2().then_some(&Self(()))
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

#[inline]
#[target_feature(enable = "avx2")]
fn store(vector: __m256i, out: &mut [i32; LANES]) {
    // SAFETY: writes the eight integers of the array.
    unsafe { _mm256_storeu_si256(out.as_mut_ptr().cast(), vector) };
}

/// What the accumulators of 16 columns start with.
#[inline]
#[target_feature(enable = "avx2")]
fn byte_offsets(sums: &[i32; TILE]) -> [__m256i; 2] {
    let sums: *const __m256i = sums.as_ptr().cast();
    // SAFETY: an array of 16 integers is two vectors.
    let sums = unsafe { [_mm256_loadu_si256(sums), _mm256_loadu_si256(sums.add(1))] };
    sums.map(|sums| _mm256_sub_epi32(_mm256_setzero_si256(), _mm256_slli_epi32::<7>(sums)))
}

/// The scores of one group of tokens with 16 columns, the `part`-th of the block.
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

/// The scores of one group of tokens with 8 columns, the `part`-th of the block.
#[inline]
#[target_feature(enable = "avx2")]
fn word_tile(
    weights: &[[[i8; WORD_TILE * QUAD]; BLOCK / WORD_TILE]],
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
    for part in 0..BLOCK / WORD_TILE {
        let groups = rows.words.as_chunks().0.chunks_exact(rows.quads);
        for (group, scores) in groups.zip(scores.as_chunks_mut::<GROUP>().0) {
            for (sums, scores) in word_tile(weights, part, group).into_iter().zip(scores) {
                store(sums, &mut scores.as_chunks_mut().0[part]);
            }
        }
    }
}

#[target_feature(enable = "avx2,fma")]
fn scores_f32(columns: &[[f32; BLOCK]], hidden: &[f32], scores: &mut [[f32; BLOCK]]) {
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

#[target_feature(enable = "avx2,fma")]
fn dot(a: &[f32], b: &[f32]) -> f64 {
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
