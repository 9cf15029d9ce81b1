//! What every kernel computes.

use crate::screened_head::layout::{BLOCK, Block};
use crate::screened_head::rows::QuantizedRows;

/// The arithmetic of one instruction set.
///
/// Every kernel reads the same layouts and returns the same integers and the same bits of
/// [`Kernel::dot`]; only the speed differs.
pub(in crate::screened_head) trait Kernel: Send + Sync {
    /// Returns whether this kernel reads [`QuantizedRows::words`].
    fn needs_words(&self) -> bool {
        false
    }

    /// Returns whether this kernel reads [`QuantizedRows::lines`].
    fn needs_lines(&self) -> bool {
        false
    }

    /// Computes the largest integer dot product over all tokens, for each column of the block.
    fn block_max(&self, block: Block<'_>, rows: &QuantizedRows, best: &mut [i32; BLOCK]);

    /// Computes all integer dot products of the block: `[token, padded to groups][64]`.
    fn block_scores(&self, block: Block<'_>, rows: &QuantizedRows, scores: &mut [[i32; BLOCK]]);

    /// Computes all `f32` dot products of 64 columns, given as `[H][64]`, with the rows of `hidden`
    /// (`T x H`), summed in any order: `[token, padded to groups][64]`. Padding tokens may hold
    /// anything.
    fn block_scores_f32(
        &self,
        columns: &[[f32; BLOCK]],
        hidden: &[f32],
        scores: &mut [[f32; BLOCK]],
    );

    /// Returns the dot product that defines the head's result, in `f64`.
    ///
    /// Products of two `f32` are exact in `f64`, so a fused multiply-add changes nothing. Sixteen
    /// lanes take the products in turn (lane `k mod 16`), each in ascending order of `k`; then lane
    /// `i` takes lane `i + 8`, then `i + 4`, `i + 2`, `i + 1`. `a` and `b` are equally long.
    fn dot(&self, a: &[f32], b: &[f32]) -> f64;
}
