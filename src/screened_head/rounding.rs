//! How values become 8-bit integers: one scale for many values, rounding without a function call.

use super::bound::SMALLEST_SCALE;

/// Number of partial sums over a row. It is fixed so that results do not depend on the instruction set.
pub(super) const SUM_LANES: usize = 16;

/// Rounds a small `f32` to an integer, ties to even, when it is added and subtracted again, and leaves
/// that integer in the low bits of the sum. The standard library's rounding is a function call on
/// processors before SSE 4.1.
pub(super) const ROUNDER: f32 = 12_582_912.0; // 1.5 * 2^23

/// Returns `(scale, 1 / scale)` for integers in `[-127, 127]`, or zeros when the values are too small
/// to have any integer but zero.
pub(super) fn scale_and_inverse(largest: f32) -> (f32, f32) {
    let scale = largest / 127.0;
    if scale < SMALLEST_SCALE {
        (0.0, 0.0)
    } else {
        (scale, 127.0 / largest)
    }
}
