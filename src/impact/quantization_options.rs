//! A quantization as users describe it: a preset, and single settings of it.

use std::str::FromStr;

use thiserror::Error;

use super::quantization::{Normalization, Quantization, Rounding};
use super::step::Step;
use super::vector::MAX_IMPACT;

/// What a user says of a quantization. What is `None` is as in the preset, or as in [`Quantization::default`].
///
/// ```
/// use splade_export::{QuantizationOptions, QuantizationPreset};
///
/// let options = QuantizationOptions {
///     preset: Some(QuantizationPreset::Naver),
///     min_impact: Some(1),
///     ..QuantizationOptions::default()
/// };
/// let quantization = options.build()?;
/// assert_eq!((quantization.step.value(), quantization.min_impact), (0.01, 1));
/// # Ok::<(), splade_export::MinImpactTooLarge>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct QuantizationOptions {
    /// All settings at once.
    pub preset: Option<QuantizationPreset>,
    /// The weight that one unit of impact stands for.
    pub step: Option<Step>,
    /// How a fraction of a unit becomes an integer.
    pub rounding: Option<Rounding>,
    /// The smallest impact of a positive weight, in units.
    pub min_impact: Option<u32>,
    /// The divisor of the weights before the step.
    pub normalization: Option<Normalization>,
}

/// A quantization that others use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum QuantizationPreset {
    /// [`Quantization::naver`].
    Naver,
    /// [`Quantization::anserini`].
    Anserini,
}

/// The least impact is larger than any impact may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("`min_impact` {0} is not possible; it takes 0 to {MAX_IMPACT}")]
pub struct MinImpactTooLarge(pub u32);

impl QuantizationOptions {
    /// Makes the quantization.
    ///
    /// # Errors
    /// [`MinImpactTooLarge`].
    pub fn build(&self) -> Result<Quantization, MinImpactTooLarge> {
        let base = match self.preset {
            None => Quantization::default(),
            Some(QuantizationPreset::Naver) => Quantization::naver(),
            Some(QuantizationPreset::Anserini) => Quantization::anserini(),
        };
        let min_impact = self.min_impact.unwrap_or(base.min_impact);
        if min_impact > MAX_IMPACT {
            return Err(MinImpactTooLarge(min_impact));
        }
        Ok(Quantization {
            step: self.step.unwrap_or(base.step),
            rounding: self.rounding.unwrap_or(base.rounding),
            min_impact,
            normalization: self.normalization.unwrap_or(base.normalization),
        })
    }

    /// Returns true if nothing is said.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

impl FromStr for QuantizationPreset {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "naver" => Ok(Self::Naver),
            "anserini" => Ok(Self::Anserini),
            _ => Err("must be naver or anserini".to_owned()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn single_settings_change_those_of_the_preset() {
        let step = Step::try_from(0.5).unwrap();
        let options = QuantizationOptions {
            preset: Some(QuantizationPreset::Anserini),
            step: Some(step),
            rounding: Some(Rounding::Floor),
            ..QuantizationOptions::default()
        };
        let expected = Quantization {
            step,
            rounding: Rounding::Floor,
            ..Quantization::anserini()
        };
        assert_eq!(options.build(), Ok(expected));
        assert!(!options.is_empty() && QuantizationOptions::default().is_empty());
        let nothing = QuantizationOptions::default().build();
        assert_eq!(nothing, Ok(Quantization::default()));
    }

    #[test]
    fn a_least_impact_beyond_every_impact_is_refused() {
        let with = |min_impact| QuantizationOptions {
            min_impact: Some(min_impact),
            ..QuantizationOptions::default()
        };
        assert!(with(MAX_IMPACT).build().is_ok());
        let refused = with(MAX_IMPACT + 1).build();
        assert_eq!(refused, Err(MinImpactTooLarge(MAX_IMPACT + 1)));
    }
}
