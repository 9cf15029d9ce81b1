//! The center: the constant vector that is subtracted from all rows before they become integers.

/// Returns the mean of whole rows (`rows` is `N x hidden`), a good center for [`super::ScreenedHead::new`].
///
/// The sums are taken in `f64` in row order, so the mean is the same on every machine. An incomplete
/// last row is left out; without a whole row the mean is zeros, and with `hidden == 0` it is empty.
#[must_use]
pub fn mean_row(rows: &[f32], hidden: usize) -> Vec<f32> {
    if hidden == 0 {
        return Vec::new();
    }
    let mut sums = vec![0.0_f64; hidden];
    for row in rows.chunks_exact(hidden) {
        for (sum, &value) in sums.iter_mut().zip(row) {
            *sum += f64::from(value);
        }
    }
    #[allow(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        reason = "the center may be any vector: its rounding changes no result"
    )]
    sums.iter()
        .map(|sum| (sum / (rows.len() / hidden).max(1) as f64) as f32)
        .collect()
}
