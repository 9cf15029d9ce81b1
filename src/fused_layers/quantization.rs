//! Rows as bytes, each with a scale of its own.
//!
//! ```text
//! x[i] ≈ low + scale · q[i]      q in 0..=255, low and low + 255 · scale the least and largest of x
//! ```

use super::vector::Vector;

/// Where quantized rows go.
pub struct Quantized<'a> {
    /// `[rows, width]`
    pub bytes: &'a mut [u8],
    /// `scale` and `low` of each row.
    pub scales: &'a mut [f32],
}

/// The same as pointers.
#[derive(Clone, Copy)]
pub(super) struct QuantizedRows {
    pub bytes: *mut u8,
    pub scales: *mut f32,
}

/// The least and the largest of the values of a row.
#[derive(Clone, Copy)]
pub(super) struct Range<V> {
    least: V,
    largest: V,
    /// 0, or NaN where a value is not finite.
    poison: V,
}

impl<V: Vector> Range<V> {
    /// Returns the range of nothing.
    #[inline(always)]
    pub(super) unsafe fn new() -> Self {
        // SAFETY: as for `Vector`.
        unsafe {
            Self {
                least: V::splat(f32::INFINITY),
                largest: V::splat(f32::NEG_INFINITY),
                poison: V::splat(0.0),
            }
        }
    }

    /// Adds values to the range.
    #[inline(always)]
    pub(super) unsafe fn add(&mut self, values: V) {
        // SAFETY: as for `Vector`.
        unsafe {
            self.least = values.min(self.least);
            self.largest = values.max(self.largest);
            self.poison = values.mul_add(V::splat(0.0), self.poison);
        }
    }

    /// Adds the first `count` of the values.
    #[inline(always)]
    pub(super) unsafe fn add_part(&mut self, values: V, count: usize) {
        let mut lanes = [0.0; 16];
        // SAFETY: as for `Vector`, which has at most so many lanes.
        unsafe {
            values.store(lanes.as_mut_ptr());
            // Repeats the first value, which changes no range.
            let first = lanes[0];
            lanes[count..].fill(first);
            self.add(V::load(lanes.as_ptr()));
        }
    }

    /// Writes the row as bytes.
    #[inline(always)]
    pub(super) unsafe fn quantize(
        self,
        values: *const f32,
        row: usize,
        width: usize,
        to: QuantizedRows,
    ) {
        // SAFETY: as for `Vector`; the row is within what the pointers are of.
        unsafe {
            let low = self.least.smallest();
            let scale = (self.largest.largest() - low) / 255.0;
            // A row of equal values has no steps.
            let steps = if scale > 0.0 { 1.0 / scale } else { 0.0 };
            *to.scales.add(2 * row) = scale + self.poison.sum();
            *to.scales.add(2 * row + 1) = low;
            let bytes = to.bytes.add(row * width);
            let (low, steps) = (V::splat(low), V::splat(steps));
            let mut column = 0;
            while column + V::LANES <= width {
                let value = V::load(values.add(column)).sub(low).mul(steps);
                value.store_bytes(bytes.add(column));
                column += V::LANES;
            }
            if column < width {
                let count = width - column;
                let value = V::load_part(values.add(column), count, 0.0);
                let value = value.sub(low).mul(steps);
                value.store_bytes_part(bytes.add(column), count);
            }
        }
    }
}

/// Quantizes a row that is there.
#[inline(always)]
pub(super) unsafe fn quantize_row<V: Vector>(
    values: *const f32,
    row: usize,
    width: usize,
    to: QuantizedRows,
) {
    // SAFETY: as for `Vector`; the row is within what the pointers are of.
    unsafe {
        let mut range = Range::<V>::new();
        let mut column = 0;
        while column + V::LANES <= width {
            range.add(V::load(values.add(column)));
            column += V::LANES;
        }
        if column < width {
            let count = width - column;
            range.add_part(V::load_part(values.add(column), count, 0.0), count);
        }
        range.quantize(values, row, width, to);
    }
}
