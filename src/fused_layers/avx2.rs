//! Vectors of AVX2 with FMA.

use std::arch::x86_64::{
    __m256, _CMP_LT_OQ, _MM_FROUND_NO_EXC, _MM_FROUND_TO_NEAREST_INT, _MM_HINT_T0,
    _mm_packus_epi16, _mm_packus_epi32, _mm_prefetch, _mm_storel_epi64, _mm256_add_epi32,
    _mm256_add_ps, _mm256_and_ps, _mm256_andnot_ps, _mm256_blendv_ps, _mm256_castsi256_ps,
    _mm256_castsi256_si128, _mm256_cmp_ps, _mm256_cvtepi32_ps, _mm256_cvtps_epi32, _mm256_div_ps,
    _mm256_extracti128_si256, _mm256_fmadd_ps, _mm256_loadu_ps, _mm256_loadu_si256, _mm256_max_ps,
    _mm256_min_ps, _mm256_mul_ps, _mm256_or_ps, _mm256_round_ps, _mm256_set1_epi32, _mm256_set1_ps,
    _mm256_slli_epi32, _mm256_storeu_ps, _mm256_sub_ps,
};

use super::vector::{Task, Tile, Vector, tile};

/// Runs a task.
#[target_feature(enable = "avx2,fma")]
pub(super) fn run<T: Task>(task: T) {
    // SAFETY: the function is compiled for the instruction set, so whoever calls it has it.
    unsafe { task.run::<Avx2>() }
}

/// A vector of 8 floats.
#[derive(Clone, Copy)]
struct Avx2(__m256);

impl Avx2 {
    #[inline(always)]
    unsafe fn lanes(self) -> [f32; 8] {
        let mut lanes = [0.0; 8];
        unsafe { _mm256_storeu_ps(lanes.as_mut_ptr(), self.0) };
        lanes
    }
}

// SAFETY, for all functions: the trait asks for the processor's instructions and for good pointers.
impl Vector for Avx2 {
    const LANES: usize = 8;
    const TILE: usize = 2;

    #[inline(always)]
    unsafe fn splat(value: f32) -> Self {
        unsafe { Self(_mm256_set1_ps(value)) }
    }

    #[inline(always)]
    unsafe fn prefetch(at: *const u8) {
        unsafe { _mm_prefetch::<_MM_HINT_T0>(at.cast()) }
    }

    #[inline(always)]
    unsafe fn load(from: *const f32) -> Self {
        unsafe { Self(_mm256_loadu_ps(from)) }
    }

    #[inline(always)]
    unsafe fn load_integers(from: *const i32) -> Self {
        unsafe { Self(_mm256_cvtepi32_ps(_mm256_loadu_si256(from.cast()))) }
    }

    #[inline(always)]
    unsafe fn store(self, to: *mut f32) {
        unsafe { _mm256_storeu_ps(to, self.0) }
    }

    #[inline(always)]
    unsafe fn store_bytes(self, to: *mut u8) {
        unsafe {
            let integers = _mm256_cvtps_epi32(self.0);
            let (low, high) = (
                _mm256_castsi256_si128(integers),
                _mm256_extracti128_si256::<1>(integers),
            );
            let words = _mm_packus_epi32(low, high);
            _mm_storel_epi64(to.cast(), _mm_packus_epi16(words, words));
        }
    }

    #[inline(always)]
    unsafe fn add(self, other: Self) -> Self {
        unsafe { Self(_mm256_add_ps(self.0, other.0)) }
    }

    #[inline(always)]
    unsafe fn sub(self, other: Self) -> Self {
        unsafe { Self(_mm256_sub_ps(self.0, other.0)) }
    }

    #[inline(always)]
    unsafe fn mul(self, other: Self) -> Self {
        unsafe { Self(_mm256_mul_ps(self.0, other.0)) }
    }

    #[inline(always)]
    unsafe fn div(self, other: Self) -> Self {
        unsafe { Self(_mm256_div_ps(self.0, other.0)) }
    }

    #[inline(always)]
    unsafe fn mul_add(self, factor: Self, term: Self) -> Self {
        unsafe { Self(_mm256_fmadd_ps(self.0, factor.0, term.0)) }
    }

    #[inline(always)]
    unsafe fn max(self, other: Self) -> Self {
        unsafe { Self(_mm256_max_ps(self.0, other.0)) }
    }

    #[inline(always)]
    unsafe fn min(self, other: Self) -> Self {
        unsafe { Self(_mm256_min_ps(self.0, other.0)) }
    }

    #[inline(always)]
    unsafe fn abs(self) -> Self {
        unsafe { Self(_mm256_andnot_ps(_mm256_set1_ps(-0.0), self.0)) }
    }

    #[inline(always)]
    unsafe fn with_sign_of(self, sign: Self) -> Self {
        unsafe {
            let sign = _mm256_and_ps(_mm256_set1_ps(-0.0), sign.0);
            Self(_mm256_or_ps(self.0, sign))
        }
    }

    #[inline(always)]
    unsafe fn round(self) -> Self {
        const NEAREST: i32 = _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC;
        unsafe { Self(_mm256_round_ps::<NEAREST>(self.0)) }
    }

    #[inline(always)]
    unsafe fn scale(self, power: Self) -> Self {
        unsafe {
            let exponent = _mm256_add_epi32(_mm256_cvtps_epi32(power.0), _mm256_set1_epi32(127));
            let factor = _mm256_castsi256_ps(_mm256_slli_epi32::<23>(exponent));
            Self(_mm256_mul_ps(self.0, factor))
        }
    }

    #[inline(always)]
    unsafe fn if_less(self, limit: Self, then: Self, other: Self) -> Self {
        unsafe {
            let less = _mm256_cmp_ps::<_CMP_LT_OQ>(self.0, limit.0);
            Self(_mm256_blendv_ps(other.0, then.0, less))
        }
    }

    #[inline(always)]
    unsafe fn sum(self) -> f32 {
        unsafe {
            let [a, b, c, d, e, f, g, h] = self.lanes();
            ((a + e) + (c + g)) + ((b + f) + (d + h))
        }
    }

    #[inline(always)]
    unsafe fn largest(self) -> f32 {
        unsafe { self.lanes().into_iter().fold(f32::NEG_INFINITY, f32::max) }
    }

    #[inline(always)]
    unsafe fn smallest(self) -> f32 {
        unsafe { self.lanes().into_iter().fold(f32::INFINITY, f32::min) }
    }

    #[inline(always)]
    unsafe fn wide_tile(wide: Tile) {
        unsafe { tile::<Self, 2>(wide) }
    }
}
