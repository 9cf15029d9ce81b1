//! Sums that do not depend on the order of what is added.

/// Fraction bits of a sum: enough for weights to nine decimal places.
const FRACTION_BITS: u32 = 32;

/// A sum of weights in fixed point: threads may add in any order and the result is the same to the last bit.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct ExactSum(i128);

impl ExactSum {
    /// Adds a weight, rounded to 2^-32.
    #[allow(
        clippy::cast_possible_truncation,
        reason = "a weight is below 2^31, so this fits 64 bits; a larger one saturates"
    )]
    pub fn add(&mut self, weight: f32) {
        let scaled = f64::from(weight) * f64::from(FRACTION_BITS).exp2();
        self.0 += i128::from(scaled.round() as i64);
    }

    /// Adds another sum.
    pub fn merge(&mut self, other: Self) {
        self.0 += other.0;
    }

    /// Returns the sum as the nearest number.
    #[allow(clippy::cast_precision_loss, reason = "the nearest number is meant")]
    pub fn value(self) -> f64 {
        self.0 as f64 / f64::from(FRACTION_BITS).exp2()
    }
}

/// Returns a count as a number.
#[allow(
    clippy::cast_precision_loss,
    reason = "counts are below 2^53, and a figure is for reading"
)]
pub(super) fn number(count: u64) -> f64 {
    count as f64
}

/// Returns `part / whole`, and 0 where there is nothing.
pub(super) fn ratio(part: f64, whole: f64) -> f64 {
    if whole > 0.0 { part / whole } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_sum_does_not_depend_on_its_order(mut weights in prop::collection::vec(1e-6f32..100.0, 0..200)) {
            let sum = |weights: &[f32]| {
                let mut sum = ExactSum::default();
                weights.iter().for_each(|&weight| sum.add(weight));
                sum
            };
            let forward = sum(&weights);
            let near: f64 = weights.iter().map(|&w| f64::from(w)).sum();
            prop_assert!((forward.value() - near).abs() < 1e-6);
            weights.sort_by(f32::total_cmp);
            prop_assert_eq!(forward, sum(&weights));
        }
    }
}
