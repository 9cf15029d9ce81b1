//! The quantization step.

use std::str::FromStr;

use serde::{Deserialize, Serialize};
use thiserror::Error;

/// The weight that one unit of impact stands for: positive and finite.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "f64")]
pub struct Step(f64);

/// The error for a step or divisor that is not a positive number.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("must be a positive number")]
pub struct NotPositive;

impl Step {
    /// The default step.
    pub(super) const TENTH: Self = Self(0.1);
    /// The step of NAVER's exporter.
    pub(super) const HUNDREDTH: Self = Self(0.01);
    /// The step of Anserini's encoders, which divide 5 into 256 units.
    pub(super) const FIVE_256THS: Self = Self(5.0 / 256.0);

    /// Returns the weight that one unit of impact stands for.
    #[must_use]
    pub fn value(self) -> f64 {
        self.0
    }

    /// Returns the number of impact units in one unit of weight.
    ///
    /// Decimal steps (0.1, 0.01) have no exact binary form, but their reciprocals (10, 100) have. Rounding
    /// a reciprocal that is a whole number but for rounding errors makes the impact that of `weight * 100`
    /// to the last bit.
    pub(super) fn units_per_weight(self) -> f64 {
        let units = 1.0 / self.0;
        let whole = units.round();
        if whole >= 1.0 && (units - whole).abs() < 1e-9 * whole {
            whole
        } else {
            units
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_are_positive() {
        for bad in ["0", "-1", "nan", "inf", "x"] {
            assert!(bad.parse::<Step>().is_err());
        }
    }

    #[test]
    fn decimal_steps_have_whole_reciprocals() {
        let units = |text: &str| text.parse::<Step>().unwrap().units_per_weight();
        assert_eq!(
            (units("0.1"), units("0.01"), units("2")),
            (10.0, 100.0, 0.5)
        );
    }
}
