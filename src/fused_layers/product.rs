//! Products of a linear layer as it left them: without bias, and of integers without scales.

use super::vector::Vector;

/// A product of rows with a matrix, `[rows, width]`.
#[derive(Clone, Copy)]
pub enum Product<'a> {
    /// Floats; to each a column's bias is added.
    Floats {
        /// `[rows, width]`
        values: &'a [f32],
        /// `[width]`
        bias: &'a [f32],
    },
    /// Integers `p`, of which the values are `(scale · p + low · sum) · weight + bias`.
    Integers {
        /// `[rows, width]`
        values: &'a [i32],
        /// `scale` and `low` of each row.
        scales: &'a [f32],
        /// `[3, width]`: each column's scale `weight`, `weight · sum` with the sum of the column's
        /// integers, and bias.
        columns: &'a [f32],
    },
}

impl Product<'_> {
    /// Returns the width if everything in it has the right size for so many rows.
    pub(super) fn width(&self, rows: usize) -> Option<usize> {
        let (values, width, fits) = match self {
            Self::Floats { values, bias } => (values.len(), bias.len(), true),
            Self::Integers {
                values,
                scales,
                columns,
            } => {
                let fits = scales.len() == 2 * rows && columns.len() % 3 == 0;
                (values.len(), columns.len() / 3, fits)
            }
        };
        (fits && values == rows * width).then_some(width)
    }
}

/// The rows of a product.
///
/// # Safety
/// As for [`Vector`]; rows and columns must be within the product.
pub(super) trait Rows<V: Vector>: Copy {
    /// What is needed of a row.
    type Row: Copy;

    unsafe fn row(self, row: usize) -> Self::Row;

    /// Asks for values that will be read soon; the row may be any.
    unsafe fn prefetch(self, row: usize, column: usize, count: usize);

    /// Returns the values from `column` on, `count` of them and zeros behind, or as many as a vector has.
    unsafe fn at(self, row: Self::Row, column: usize, count: usize) -> V;
}

/// [`Product::Floats`]
#[derive(Clone, Copy)]
pub(super) struct Floats {
    pub values: *const f32,
    pub bias: *const f32,
    pub width: usize,
}

impl<V: Vector> Rows<V> for Floats {
    type Row = *const f32;

    #[inline(always)]
    unsafe fn prefetch(self, row: usize, column: usize, count: usize) {
        // SAFETY: nothing is read.
        unsafe { prefetch::<V>(self.values.cast(), row * self.width + column, count) }
    }

    #[inline(always)]
    unsafe fn row(self, row: usize) -> *const f32 {
        // SAFETY: the row is within the product.
        unsafe { self.values.add(row * self.width) }
    }

    #[inline(always)]
    unsafe fn at(self, row: *const f32, column: usize, count: usize) -> V {
        // SAFETY: so many columns are within the product.
        unsafe {
            let (row, bias) = (row.add(column), self.bias.add(column));
            if count >= V::LANES {
                V::load(row).add(V::load(bias))
            } else {
                V::load_part(row, count, 0.0).add(V::load_part(bias, count, 0.0))
            }
        }
    }
}

/// [`Product::Integers`]
#[derive(Clone, Copy)]
pub(super) struct Integers {
    pub values: *const i32,
    pub scales: *const f32,
    pub columns: *const f32,
    pub width: usize,
}

/// A row of integers.
#[derive(Clone, Copy)]
pub(super) struct IntegerRow<V> {
    values: *const i32,
    scale: V,
    low: V,
}

impl<V: Vector> Rows<V> for Integers {
    type Row = IntegerRow<V>;

    #[inline(always)]
    unsafe fn prefetch(self, row: usize, column: usize, count: usize) {
        // SAFETY: nothing is read.
        unsafe { prefetch::<V>(self.values.cast(), row * self.width + column, count) }
    }

    #[inline(always)]
    unsafe fn row(self, row: usize) -> IntegerRow<V> {
        // SAFETY: the row is within the product.
        unsafe {
            IntegerRow {
                values: self.values.add(row * self.width),
                scale: V::splat(*self.scales.add(2 * row)),
                low: V::splat(*self.scales.add(2 * row + 1)),
            }
        }
    }

    #[inline(always)]
    unsafe fn at(self, row: IntegerRow<V>, column: usize, count: usize) -> V {
        // SAFETY: so many columns are within the product.
        unsafe {
            let weight = self.columns.add(column);
            let sum = weight.add(self.width);
            let bias = sum.add(self.width);
            let values = row.values.add(column);
            if count >= V::LANES {
                let rest = row.low.mul_add(V::load(sum), V::load(bias));
                let scale = row.scale.mul(V::load(weight));
                V::load_integers(values).mul_add(scale, rest)
            } else {
                let bias = V::load_part(bias, count, 0.0);
                let rest = row.low.mul_add(V::load_part(sum, count, 0.0), bias);
                let scale = row.scale.mul(V::load_part(weight, count, 0.0));
                V::load_integers_part(values, count).mul_add(scale, rest)
            }
        }
    }
}

/// Asks for `count` values of four bytes from `first` on.
#[inline(always)]
unsafe fn prefetch<V: Vector>(values: *const u8, first: usize, count: usize) {
    const LINE: usize = 64;
    let mut at = 4 * first;
    while at < 4 * (first + count) {
        // SAFETY: nothing is read.
        unsafe { V::prefetch(values.wrapping_add(at)) };
        at += LINE;
    }
}
