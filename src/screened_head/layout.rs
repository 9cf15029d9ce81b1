//! How the integers of rows and columns lie in memory: the constants and the block that all kernels read.
//!
//! A *quad* is four consecutive values of a row or column, the number of products that one
//! multiply-add instruction sums into a 32-bit lane. Widths are padded with zeros to whole quads.
//!
//! - Columns come in blocks of [`BLOCK`]: `[block][quad][column in block][4]`, signed bytes.
//! - For kernels that ask for them, rows come as lines too: one after the other.
//! - Rows (tokens) come in groups of [`GROUP`]: `[group][quad][token in group][4]`.

/// Number of columns in a block: four 512-bit vectors of 32-bit sums.
pub(super) const BLOCK: usize = 64;

/// Number of bytes that one multiply-add instruction sums into a 32-bit lane.
pub(super) const QUAD: usize = 4;

/// Number of tokens that a kernel takes at a time. Six rows by four vectors of columns are 24
/// accumulators, enough to hide the latency of two multiply-add units and few enough for 32 registers.
pub(super) const GROUP: usize = 6;

/// Bytes that a kernel for whole lines takes of a line at a time.
pub(super) const LINE: usize = 64;

/// Number of lines that such a kernel takes at a time.
pub(super) const LINES: usize = 32;

/// Returns the number of quads in a row of `width` values, the last one padded with zeros.
pub(super) const fn quads(width: usize) -> usize {
    width.div_ceil(QUAD)
}

/// The integers of one block of columns, as a kernel reads them.
#[derive(Clone, Copy)]
pub(super) struct Block<'a> {
    /// `[quad][column][4]`, `quads * 64 * 4` integers in `[-127, 127]`.
    pub weights: &'a [i8],
    /// The sum of each column's integers, with which a kernel takes an offset of the rows out again.
    pub sums: &'a [i32; BLOCK],
}
