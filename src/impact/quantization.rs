//! The settings of quantization.

use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::step::Step;

/// The settings with which weights become impacts:
/// `impact = max(min_impact, round(weight / divisor / step))`.
///
/// NAVER's SPLADE exporter computes this with step 0.01, rounding to the nearest and a minimum of 0
/// (`weight * 100`); the encoders of Anserini and Pyserini with step 5/256 (`weight / 5 * 256`).
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Quantization {
    /// The weight that one unit of impact stands for. It is positive; weights are `log(1 + logit)`, mostly
    /// between 0 and 4.
    pub step: Step,
    /// How a fraction of a unit becomes an integer.
    pub rounding: Rounding,
    /// The smallest impact of a positive weight, in units; 0 drops terms whose impact rounds to 0.
    pub min_impact: u32,
    /// The divisor of the weights before the step.
    pub normalization: Normalization,
}

impl Default for Quantization {
    /// Returns a step of 0.1, rounding to the nearest, a minimum of 1 and no normalization.
    fn default() -> Self {
        Self {
            step: Step::TENTH,
            rounding: Rounding::Nearest,
            min_impact: 1,
            normalization: Normalization::None,
        }
    }
}

impl Quantization {
    /// Returns what NAVER's exporter does: weight x 100, and small weights vanish.
    #[must_use]
    pub fn naver() -> Self {
        Self {
            step: Step::HUNDREDTH,
            min_impact: 0,
            ..Self::default()
        }
    }

    /// Returns what Anserini's and Pyserini's encoders do: weight / 5 x 256, and small weights vanish.
    #[must_use]
    pub fn anserini() -> Self {
        Self {
            step: Step::FIVE_256THS,
            min_impact: 0,
            ..Self::default()
        }
    }

    /// Returns the weight that an impact of 1 stands for; `None` where each text or the corpus was divided by its own
    /// largest weight.
    #[must_use]
    pub fn unit(&self) -> Option<f64> {
        match self.normalization {
            Normalization::None => Some(self.step.value()),
            Normalization::By(divisor) => Some(self.step.value() * divisor.value()),
            Normalization::Corpus | Normalization::Text => None,
        }
    }
}

/// How a fraction becomes an integer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Rounding {
    /// Rounds to the nearest integer, and halves to the even one.
    #[default]
    Nearest,
    /// Rounds down.
    Floor,
    /// Rounds up.
    Ceil,
}

impl Rounding {
    pub(super) fn apply(self, value: f64) -> f64 {
        match self {
            Self::Nearest => value.round_ties_even(),
            Self::Floor => value.floor(),
            Self::Ceil => value.ceil(),
        }
    }
}

impl FromStr for Rounding {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "nearest" => Ok(Self::Nearest),
            "floor" => Ok(Self::Floor),
            "ceil" => Ok(Self::Ceil),
            _ => Err("must be nearest, floor or ceil".to_owned()),
        }
    }
}

/// The divisor of weights before the step.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Normalization {
    /// Leaves the weights as they are.
    #[default]
    None,
    /// Divides by the largest weight of the whole corpus.
    Corpus,
    /// Divides by the text's own largest weight.
    Text,
    /// Divides by a given positive number.
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn divisors_are_positive() {
        for bad in ["0", "-1", "nan", "inf", "x"] {
            assert!(bad.parse::<Normalization>().is_err());
        }
    }
}
