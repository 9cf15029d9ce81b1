//! Weights to impacts.

use thiserror::Error;

use super::quantization::{Normalization, Quantization};
use super::vector::{Impact, MAX_IMPACT, SparseVector};

/// The error for a weight that has no impact.
#[derive(Debug, Clone, PartialEq, Error)]
pub enum QuantizeError {
    /// The impact is above [`MAX_IMPACT`].
    #[error(
        "the weight {weight} gives the impact {impact}, over the limit of 2147483647; choose a larger `step`"
    )]
    TooLarge {
        /// The weight.
        weight: f32,
        /// The impact that it would get.
        impact: f64,
    },
}

/// A [`Quantization`] together with the largest weight of the corpus, ready to quantize vectors.
#[derive(Debug, Clone, Copy)]
pub struct Quantizer {
    quantization: Quantization,
    corpus_max: f32,
}

impl Quantizer {
    /// Takes `corpus_max`, the largest weight of the corpus; it matters for [`Normalization::Corpus`] only.
    #[must_use]
    pub fn new(quantization: Quantization, corpus_max: f32) -> Self {
        Self {
            quantization,
            corpus_max,
        }
    }

    /// Returns the impacts of a vector, by ascending token id. Terms with impact 0 are left out.
    ///
    /// # Errors
    /// Returns [`QuantizeError::TooLarge`] for an impact that Lucene cannot keep.
    pub fn quantize(&self, vector: &SparseVector) -> Result<Vec<Impact>, QuantizeError> {
        let divisor = self.divisor(vector);
        let mut impacts = Vec::with_capacity(vector.len());
        for entry in &vector.0 {
            let impact = self.impact(entry.weight, divisor)?;
            if impact > 0 {
                impacts.push(Impact {
                    term: entry.term,
                    impact,
                });
            }
        }
        Ok(impacts)
    }

    fn divisor(&self, vector: &SparseVector) -> f64 {
        match self.quantization.normalization {
            Normalization::None => 1.0,
            Normalization::Corpus => f64::from(self.corpus_max),
            Normalization::Text => f64::from(vector.max_weight()),
            Normalization::By(number) => number.value(),
        }
    }

    fn impact(&self, weight: f32, divisor: f64) -> Result<u32, QuantizeError> {
        let Quantization {
            step,
            rounding,
            min_impact,
            ..
        } = self.quantization;
        let units = f64::from(weight) / divisor * step.units_per_weight();
        let impact = rounding.apply(units).max(f64::from(min_impact));
        if impact > f64::from(MAX_IMPACT) {
            return Err(QuantizeError::TooLarge { weight, impact });
        }
        #[allow(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "an integer from 0 to 2^31 - 1"
        )]
        Ok(impact as u32)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::impact::quantization::Rounding;
    use crate::impact::vector::TermWeight;
    use proptest::prelude::*;

    fn vector(weights: &[f32]) -> SparseVector {
        SparseVector(
            (0..)
                .zip(weights)
                .map(|(term, &weight)| TermWeight { term, weight })
                .collect(),
        )
    }

    fn impacts(quantization: Quantization, weights: &[f32]) -> Vec<u32> {
        Quantizer::new(quantization, 4.0)
            .quantize(&vector(weights))
            .unwrap()
            .iter()
            .map(|i| i.impact)
            .collect()
    }

    fn quantization(step: f64, rounding: Rounding, min_impact: u32) -> Quantization {
        Quantization {
            step: step.try_into().unwrap(),
            rounding,
            min_impact,
            normalization: Normalization::None,
        }
    }

    #[test]
    fn the_default_repeats_a_term_weight_over_a_tenth_times_at_least_once() {
        let default = Quantization::default();
        assert_eq!(impacts(default, &[1.0, 0.04, 2.7023, 0.1]), [10, 1, 27, 1]);
    }

    #[test]
    fn halves_go_to_the_even_neighbor() {
        let q = quantization(1.0, Rounding::Nearest, 0);
        assert_eq!(impacts(q, &[0.5, 1.5, 2.5]), [2, 2]);
        let q = quantization(1.0, Rounding::Floor, 0);
        assert_eq!(impacts(q, &[0.5, 1.5, 2.5]), [1, 2]);
        let q = quantization(1.0, Rounding::Ceil, 0);
        assert_eq!(impacts(q, &[0.5, 1.5, 2.5]), [1, 2, 3]);
    }

    #[test]
    fn a_minimum_of_zero_lets_small_weights_vanish() {
        assert_eq!(
            impacts(quantization(0.01, Rounding::Nearest, 0), &[0.004, 0.006]),
            [1]
        );
    }

    #[test]
    fn normalization_divides_first() {
        let mut q = quantization(0.1, Rounding::Floor, 1);
        q.normalization = Normalization::Corpus;
        assert_eq!(impacts(q, &[4.0, 2.0, 0.1]), [10, 5, 1]);
        q.normalization = Normalization::Text;
        assert_eq!(impacts(q, &[2.0, 1.0]), [10, 5]);
        q.normalization = "8".parse().unwrap();
        assert_eq!(impacts(q, &[4.0]), [5]);
    }

    #[test]
    fn an_impact_over_31_bits_is_refused() {
        let q = Quantizer::new(quantization(1e-9, Rounding::Nearest, 1), 0.0);
        assert!(q.quantize(&vector(&[3.0])).is_err());
    }

    proptest! {
        #[test]
        fn impacts_are_monotone_near_and_never_below_the_minimum(
            mut weights in prop::collection::vec(1e-6f32..50.0, 1..40),
            step in 1e-3f64..2.0,
            min_impact in 0u32..3,
        ) {
            weights.sort_by(f32::total_cmp);
            for rounding in [Rounding::Nearest, Rounding::Floor, Rounding::Ceil] {
                let q = Quantizer::new(quantization(step, rounding, min_impact), 0.0);
                let mut last = 0;
                for &weight in &weights {
                    let out = q.quantize(&vector(&[weight])).unwrap();
                    let impact = out.first().map_or(0, |i| i.impact);
                    prop_assert!(impact >= last && impact >= min_impact);
                    let exact = f64::from(weight) / step;
                    let floor = f64::from(min_impact).max(exact - 1.0 - 1e-9);
                    prop_assert!(f64::from(impact) >= exact.min(floor) - 1e-6);
                    prop_assert!(f64::from(impact) <= exact.max(f64::from(min_impact)) + 1.0 + 1e-6);
                    last = impact;
                }
            }
        }

        #[test]
        fn a_step_of_a_hundredth_is_exactly_times_a_hundred(weight in 1e-4f32..20.0) {
            let q = Quantizer::new(quantization(0.01, Rounding::Nearest, 0), 0.0);
            let out = q.quantize(&vector(&[weight])).unwrap();
            let expected = (f64::from(weight) * 100.0).round_ties_even();
            prop_assert_eq!(out.first().map_or(0.0, |i| f64::from(i.impact)), expected);
        }
    }
}
