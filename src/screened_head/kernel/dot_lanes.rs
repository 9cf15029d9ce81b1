//! The lanes of the dot product that defines the head's result, see `Kernel::dot`.

/// Number of lanes.
pub(super) const DOT_LANES: usize = 16;

/// Adds the products of the last, incomplete turn to their lanes.
#[inline]
pub(super) fn add_tail(lanes: &mut [f64; DOT_LANES], a: &[f32], b: &[f32]) {
    for ((lane, &a), &b) in lanes.iter_mut().zip(a).zip(b) {
        *lane += f64::from(a) * f64::from(b);
    }
}

/// Returns the sum of the lanes in the order that `Kernel::dot` defines.
#[inline]
pub(super) fn sum_lanes(mut lanes: [f64; DOT_LANES]) -> f64 {
    let mut half = DOT_LANES / 2;
    while half > 0 {
        for lane in 0..half {
            lanes[lane] += lanes[lane + half];
        }
        half /= 2;
    }
    lanes[0]
}
