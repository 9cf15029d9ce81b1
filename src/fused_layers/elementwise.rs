//! What is done to each row by itself.

use super::functions::Functions;
use super::product::Rows;
use super::quantization::{QuantizedRows, Range};
use super::vector::Vector;

/// What becomes of a value of a product.
pub(super) trait Function {
    unsafe fn of<V: Vector>(functions: Functions, value: V) -> V;
}

/// Leaves it as it is.
pub(super) struct Same;

impl Function for Same {
    #[inline(always)]
    unsafe fn of<V: Vector>(_: Functions, value: V) -> V {
        value
    }
}

/// `x · Φ(x)`
pub(super) struct Gelu;

impl Function for Gelu {
    #[inline(always)]
    unsafe fn of<V: Vector>(functions: Functions, value: V) -> V {
        // SAFETY: as for `Vector`.
        unsafe { functions.gelu(value) }
    }
}

/// Writes a function of a row, and returns its range.
#[inline(always)]
pub(super) unsafe fn write_row<V: Vector, P: Rows<V>, F: Function>(
    product: P,
    row: usize,
    width: usize,
    to: *mut f32,
) -> Range<V> {
    // SAFETY: as for `Vector`; the row is within the product, and `to` has room for it.
    unsafe {
        let values = product.row(row);
        let functions = Functions::new();
        let mut range = Range::new();
        let mut column = 0;
        while column + V::LANES <= width {
            let value = F::of(functions, product.at(values, column, V::LANES));
            value.store(to.add(column));
            range.add(value);
            column += V::LANES;
        }
        if column < width {
            let count = width - column;
            let value = F::of(functions, product.at(values, column, count));
            value.store_part(to.add(column), count);
            range.add_part(value, count);
        }
        range
    }
}

/// The same, for values that are quantized next.
pub(super) struct NearGelu;

impl Function for NearGelu {
    #[inline(always)]
    unsafe fn of<V: Vector>(functions: Functions, value: V) -> V {
        // SAFETY: as for `Vector`.
        unsafe { functions.near_gelu(value) }
    }
}

/// A residual and the norm after it.
#[derive(Clone, Copy)]
pub(super) struct ResidualNorm {
    pub residual: *const f32,
    pub gain: *const f32,
    pub bias: *const f32,
    pub epsilon: f32,
    pub normed: *mut f32,
    /// The sum itself, or null where it is not needed.
    pub sum: *mut f32,
    pub width: usize,
}

impl ResidualNorm {
    /// Writes the norm of a row's sum with the residual, and returns its range.
    #[inline(always)]
    pub(super) unsafe fn write_row<V: Vector, P: Rows<V>>(
        &self,
        product: P,
        row: usize,
    ) -> Range<V> {
        // SAFETY: as for `Vector`; the row is within what the pointers are of.
        unsafe {
            let out = self.normed.add(row * self.width);
            let mean = self.add_row::<V, P>(product, row);
            if !self.sum.is_null() {
                let sum = self.sum.add(row * self.width);
                std::ptr::copy_nonoverlapping(out, sum, self.width);
            }
            let factor = self.inverse_deviation::<V>(out, mean);
            let (mean, factor) = (V::splat(mean), V::splat(factor));
            let mut range = Range::new();
            let mut column = 0;
            while column < self.width {
                let count = self.width - column;
                let value = load::<V>(out.add(column), count, 0.0);
                let value = value.sub(mean).mul(factor);
                let gain = load::<V>(self.gain.add(column), count, 0.0);
                let value = value.mul_add(gain, load(self.bias.add(column), count, 0.0));
                if count >= V::LANES {
                    value.store(out.add(column));
                    range.add(value);
                } else {
                    value.store_part(out.add(column), count);
                    range.add_part(value, count);
                }
                column += V::LANES;
            }
            range
        }
    }

    /// Writes the sum of a row and its residual in place of the norm, and returns its mean.
    #[inline(always)]
    unsafe fn add_row<V: Vector, P: Rows<V>>(&self, product: P, row: usize) -> f32 {
        // SAFETY: as above.
        unsafe {
            let values = product.row(row);
            let start = row * self.width;
            let mut total = V::splat(0.0);
            let mut column = 0;
            while column < self.width {
                let count = self.width - column;
                let residual = load::<V>(self.residual.add(start + column), count, 0.0);
                let value = product.at(values, column, count).add(residual);
                let to = self.normed.add(start + column);
                if count >= V::LANES {
                    value.store(to);
                } else {
                    value.store_part(to, count);
                }
                total = total.add(value);
                column += V::LANES;
            }
            total.sum() / float(self.width)
        }
    }

    #[inline(always)]
    unsafe fn inverse_deviation<V: Vector>(&self, values: *const f32, mean: f32) -> f32 {
        // SAFETY: as above.
        unsafe {
            let center = V::splat(mean);
            let mut squares = V::splat(0.0);
            let mut column = 0;
            while column < self.width {
                let count = self.width - column;
                let value = load::<V>(values.add(column), count, mean).sub(center);
                squares = value.mul_add(value, squares);
                column += V::LANES;
            }
            1.0 / (squares.sum() / float(self.width) + self.epsilon).sqrt()
        }
    }
}

/// Loads a vector, or its first `count` lanes where they are fewer, and `fill` behind.
#[inline(always)]
unsafe fn load<V: Vector>(from: *const f32, count: usize, fill: f32) -> V {
    // SAFETY: the caller has so many values.
    unsafe {
        if count >= V::LANES {
            V::load(from)
        } else {
            V::load_part(from, count, fill)
        }
    }
}

#[allow(
    clippy::cast_precision_loss,
    reason = "a row has at most some thousand values"
)]
fn float(size: usize) -> f32 {
    size as f32
}

/// Writes rows and their bytes; where no floats are wanted, through the row `line`.
#[inline(always)]
pub(super) unsafe fn write_quantized<V: Vector, P: Rows<V>, F: Function>(
    product: P,
    rows: usize,
    width: usize,
    line: *mut f32,
    to: QuantizedRows,
) {
    for row in 0..rows {
        // SAFETY: as for `Vector`; the row is within the product, and `line` has room for it.
        unsafe {
            let range = write_row::<V, P, F>(product, row, width, line);
            range.quantize(line, row, width, to);
        }
    }
}
