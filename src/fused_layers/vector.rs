//! What a kernel needs of an instruction set.

/// Number of rows that a tile of a product takes at a time.
pub(super) const GROUP: usize = 6;

/// Most lanes of a vector.
const MOST_LANES: usize = 16;

/// A vector of floats.
///
/// # Safety
/// Every function may be called only where the processor has the instruction set, and inlined into a
/// function compiled for it. Pointers must be good for as many values as the vector has lanes.
#[allow(
    clippy::missing_safety_doc,
    reason = "the trait says it for all functions"
)]
pub(super) trait Vector: Copy {
    /// Floats in a vector.
    const LANES: usize;
    /// Vectors side by side in a tile of a product.
    const TILE: usize;

    unsafe fn splat(value: f32) -> Self;
    /// Asks for the line of memory at an address, which may be any.
    unsafe fn prefetch(at: *const u8);
    unsafe fn load(from: *const f32) -> Self;
    /// Loads integers and converts them.
    unsafe fn load_integers(from: *const i32) -> Self;
    unsafe fn store(self, to: *mut f32);
    /// Rounds values in 0..=255 to the nearest integers, halves to even ones.
    unsafe fn store_bytes(self, to: *mut u8);

    unsafe fn add(self, other: Self) -> Self;
    unsafe fn sub(self, other: Self) -> Self;
    unsafe fn mul(self, other: Self) -> Self;
    unsafe fn div(self, other: Self) -> Self;
    /// Returns `self * factor + term`, rounded once.
    unsafe fn mul_add(self, factor: Self, term: Self) -> Self;
    /// Returns the larger value, and `other` where one is NaN.
    unsafe fn max(self, other: Self) -> Self;
    /// Returns the smaller value, and `other` where one is NaN.
    unsafe fn min(self, other: Self) -> Self;
    unsafe fn abs(self) -> Self;
    /// Returns `self` with the signs of `sign`, given that `self` has none.
    unsafe fn with_sign_of(self, sign: Self) -> Self;
    unsafe fn round(self) -> Self;
    /// Returns `self * 2^power` for whole powers in -126..=127.
    unsafe fn scale(self, power: Self) -> Self;
    /// Returns `then` where `self < limit`, else `other`.
    unsafe fn if_less(self, limit: Self, then: Self, other: Self) -> Self;

    unsafe fn sum(self) -> f32;
    unsafe fn largest(self) -> f32;
    unsafe fn smallest(self) -> f32;

    /// Computes [`tile`] with [`Vector::TILE`] vectors side by side.
    unsafe fn wide_tile(tile: Tile);

    /// Loads the first `count` lanes; the others are `fill`.
    #[inline(always)]
    unsafe fn load_part(from: *const f32, count: usize, fill: f32) -> Self {
        let mut lanes = [fill; MOST_LANES];
        // SAFETY: a vector has at most so many lanes.
        unsafe {
            std::ptr::copy_nonoverlapping(from, lanes.as_mut_ptr(), count);
            Self::load(lanes.as_ptr())
        }
    }

    /// As [`Vector::load_integers`], of the first `count` lanes; the others are 0.
    #[inline(always)]
    unsafe fn load_integers_part(from: *const i32, count: usize) -> Self {
        let mut lanes = [0; MOST_LANES];
        // SAFETY: as above.
        unsafe {
            std::ptr::copy_nonoverlapping(from, lanes.as_mut_ptr(), count);
            Self::load_integers(lanes.as_ptr())
        }
    }

    /// Stores the first `count` lanes.
    #[inline(always)]
    unsafe fn store_part(self, to: *mut f32, count: usize) {
        let mut lanes = [0.0; MOST_LANES];
        // SAFETY: as above.
        unsafe {
            self.store(lanes.as_mut_ptr());
            std::ptr::copy_nonoverlapping(lanes.as_ptr(), to, count);
        }
    }

    /// As [`Vector::store_bytes`], of the first `count` lanes.
    #[inline(always)]
    unsafe fn store_bytes_part(self, to: *mut u8, count: usize) {
        let mut lanes = [0; MOST_LANES];
        // SAFETY: as above.
        unsafe {
            self.store_bytes(lanes.as_mut_ptr());
            std::ptr::copy_nonoverlapping(lanes.as_ptr(), to, count);
        }
    }
}

/// A product of [`GROUP`] rows with some columns: `out[i][j] = Σ_k a[i][k] · b[k][j]`.
#[derive(Clone, Copy)]
pub(super) struct Tile {
    pub a: *const f32,
    pub a_stride: usize,
    pub b: *const f32,
    pub b_stride: usize,
    pub depth: usize,
    pub out: *mut f32,
    pub out_stride: usize,
    /// Whether to add to what is there.
    pub add: bool,
}

/// Computes a tile of `N` vectors of columns, the terms of each sum in ascending order.
#[inline(always)]
pub(super) unsafe fn tile<V: Vector, const N: usize>(tile: Tile) {
    // SAFETY: the caller gives pointers to whole rows and columns.
    unsafe {
        let mut sums = [[V::splat(0.0); N]; GROUP];
        if tile.add {
            for (row, sums) in sums.iter_mut().enumerate() {
                for (vector, sum) in sums.iter_mut().enumerate() {
                    *sum = V::load(tile.out.add(row * tile.out_stride + vector * V::LANES));
                }
            }
        }
        for k in 0..tile.depth {
            let mut columns = [V::splat(0.0); N];
            for (vector, column) in columns.iter_mut().enumerate() {
                *column = V::load(tile.b.add(k * tile.b_stride + vector * V::LANES));
            }
            for (row, sums) in sums.iter_mut().enumerate() {
                let value = V::splat(*tile.a.add(row * tile.a_stride + k));
                for (sum, column) in sums.iter_mut().zip(columns) {
                    *sum = value.mul_add(column, *sum);
                }
            }
        }
        for (row, sums) in sums.into_iter().enumerate() {
            for (vector, sum) in sums.into_iter().enumerate() {
                sum.store(tile.out.add(row * tile.out_stride + vector * V::LANES));
            }
        }
    }
}

/// Something to be computed in any instruction set.
pub(super) trait Task {
    /// Computes it.
    ///
    /// # Safety
    /// As for [`Vector`].
    unsafe fn run<V: Vector>(self);
}
