//! `impact = round(weight / divisor / step)`, at least the minimum.

use std::str::FromStr;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::{Impact, MAX_IMPACT, SparseVector};

/// How weights become impacts.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Quantization {
    /// The weight that one unit of impact stands for.
    pub step: Step,
    /// What happens to the part of a unit that is left.
    pub rounding: Rounding,
    /// No positive weight gets a smaller impact; 0 lets small weights vanish.
    pub min_impact: u32,
    /// What the weights are divided by first.
    pub normalization: Normalization,
}

impl Default for Quantization {
    /// Step 0.1, to the nearest, at least 1.
    fn default() -> Self {
        Self {
            step: Step(0.1),
            rounding: Rounding::Nearest,
            min_impact: 1,
            normalization: Normalization::None,
        }
    }
}

/// The weight that one unit of impact stands for: positive and finite.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "f64")]
pub struct Step(f64);

/// A step or divisor that is not a positive number.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("must be a positive number")]
pub struct NotPositive;

impl Step {
    /// Its value.
    #[must_use]
    pub fn value(self) -> f64 {
        self.0
    }

    /// Impacts in one unit of weight. Decimal steps (0.1, 0.01) have no exact binary form, their
    /// reciprocals (10, 100) do: taking those makes the result that of `weight * 100` to the last bit.
    fn scale(self) -> f64 {
        let scale = 1.0 / self.0;
        let whole = scale.round();
        if whole >= 1.0 && (scale - whole).abs() < 1e-9 * whole {
            whole
        } else {
            scale
        }
    }
}

impl TryFrom<f64> for Step {
    type Error = NotPositive;

    fn try_from(value: f64) -> Result<Self, NotPositive> {
        if value.is_finite() && value > 0.0 {
            Ok(Self(value))
        } else {
            Err(NotPositive)
        }
    }
}

impl FromStr for Step {
    type Err = NotPositive;

    fn from_str(text: &str) -> Result<Self, NotPositive> {
        text.parse::<f64>().map_err(|_| NotPositive)?.try_into()
    }
}

/// From a fraction to an integer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Rounding {
    /// To the nearest, halves to the even one.
    #[default]
    Nearest,
    /// Down.
    Floor,
    /// Up.
    Ceil,
}

impl Rounding {
    fn apply(self, value: f64) -> f64 {
        match self {
            Self::Nearest => value.round_ties_even(),
            Self::Floor => value.floor(),
            Self::Ceil => value.ceil(),
        }
    }
}

/// What weights are divided by before the step.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Normalization {
    /// Nothing.
    #[default]
    None,
    /// The largest weight of the whole corpus.
    Corpus,
    /// The text's own largest weight.
    Text,
    /// A given number.
    By(Step),
}

impl FromStr for Normalization {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "none" => Ok(Self::None),
            "corpus" => Ok(Self::Corpus),
            "text" => Ok(Self::Text),
            number => number
                .parse()
                .map(Self::By)
                .map_err(|_| "must be none, corpus, text or a positive number".to_owned()),
        }
    }
}

/// A weight that has no impact.
#[derive(Debug, Clone, PartialEq, Error)]
pub enum QuantizeError {
    /// Lucene keeps impacts as 31-bit integers.
    #[error(
        "the weight {weight} gives the impact {impact}, over the limit of 2147483647; choose a larger --step"
    )]
    TooLarge {
        /// The weight.
        weight: f32,
        /// What it would become.
        impact: f64,
    },
}

/// A [`Quantization`] ready for use: the corpus's largest weight is known.
#[derive(Debug, Clone, Copy)]
pub struct Quantizer {
    quantization: Quantization,
    corpus_max: f32,
}

impl Quantizer {
    /// `corpus_max` is the largest weight of the corpus; it matters for [`Normalization::Corpus`] only.
    #[must_use]
    pub fn new(quantization: Quantization, corpus_max: f32) -> Self {
        Self {
            quantization,
            corpus_max,
        }
    }

    /// The impacts of a vector, by ascending token id.
    ///
    /// # Errors
    /// [`QuantizeError::TooLarge`] for an impact that Lucene cannot keep.
    pub fn quantize(&self, vector: &SparseVector) -> Result<Vec<Impact>, QuantizeError> {
        let divisor = match self.quantization.normalization {
            Normalization::None => 1.0,
            Normalization::Corpus => f64::from(self.corpus_max),
            Normalization::Text => f64::from(vector.max_weight()),
            Normalization::By(number) => number.value(),
        };
        let mut impacts = Vec::with_capacity(vector.len());
        for entry in &vector.0 {
            let scaled = f64::from(entry.weight) / divisor * self.quantization.step.scale();
            let impact = self
                .quantization
                .rounding
                .apply(scaled)
                .max(f64::from(self.quantization.min_impact));
            if impact > f64::from(MAX_IMPACT) {
                return Err(QuantizeError::TooLarge {
                    weight: entry.weight,
                    impact,
                });
            }
            #[allow(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "an integer from 0 to 2^31 - 1"
            )]
            let impact = impact as u32;
            if impact > 0 {
                impacts.push(Impact {
                    term: entry.term,
                    impact,
                });
            }
        }
        Ok(impacts)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::impact::TermWeight;
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
            step: Step(step),
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
    fn halves_go_to_the_even_neighbour() {
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
    fn steps_and_divisors_are_positive() {
        for bad in ["0", "-1", "nan", "inf", "x"] {
            assert!(bad.parse::<Step>().is_err());
            assert!(bad.parse::<Normalization>().is_err());
        }
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
