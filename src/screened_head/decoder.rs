//! The head's weights as the stages of pooling read them.

use super::columns::PackedColumns;
use super::kernel::Kernel;

/// The decoder of a head, in floats and in integers, and the kernel that multiplies with it.
#[derive(Clone, Copy)]
pub(super) struct Decoder<'a> {
    /// The decoder's rows, one for each column of the logits: `V x H`.
    pub weights: &'a [f32],
    /// One bias per column: `V`.
    pub bias: &'a [f32],
    /// The same weights and biases as integers with bounds.
    pub packed: &'a PackedColumns,
    /// The width of a row, `H`.
    pub width: usize,
    /// The arithmetic of this machine.
    pub kernel: &'a dyn Kernel,
}

impl<'a> Decoder<'a> {
    /// Returns the weights of one column.
    pub(super) fn column(&self, column: usize) -> &'a [f32] {
        &self.weights[column * self.width..][..self.width]
    }
}
