//! The quantizations that a report compares.

use super::numerals::axis;
use crate::impact::{Normalization, Quantization, Rounding, Step};

/// A quantization with its name for readers.
#[derive(Debug, Clone, PartialEq)]
pub struct Setting {
    /// What readers call it.
    pub name: String,
    /// How weights become impacts.
    pub quantization: Quantization,
}

/// What one unit of the collection's numbers stands for.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Unit {
    /// The numbers are the weights themselves.
    Weights,
    /// The numbers are impacts, each unit of this weight.
    Impacts(f64),
    /// The numbers are impacts, and nothing says of which weight.
    Unknown,
}

impl Unit {
    /// Returns the weight that a number stands for; of impacts of unknown weight the impact itself.
    #[must_use]
    pub fn weight(self) -> f64 {
        match self {
            Self::Impacts(weight) => weight,
            Self::Weights | Self::Unknown => 1.0,
        }
    }

    /// Tells what impacts stand for from how they were made. Where each text or the corpus was normalized by its own
    /// largest weight, that is not known.
    #[must_use]
    pub fn of(quantization: Option<&Quantization>) -> Self {
        let unit = quantization.and_then(Quantization::unit);
        unit.map_or(Self::Unknown, Self::Impacts)
    }
}

/// Steps of weights that are compared, each with a least impact of 1.
const STEPS: [f64; 4] = [0.1, 0.05, 0.02, 0.01];
/// How many times coarser than impacts are.
const FACTORS: [f64; 4] = [2.0, 5.0, 10.0, 20.0];

/// Lists the quantizations that can be told from a collection: any of weights, only coarser ones of impacts.
#[must_use]
pub fn settings(unit: Unit, largest_weight: Option<f32>) -> Vec<Setting> {
    match unit {
        Unit::Weights => of_weights(largest_weight),
        Unit::Impacts(_) | Unit::Unknown => FACTORS
            .iter()
            .filter_map(|&factor| of_impacts(unit, factor))
            .collect(),
    }
}

fn of_impacts(unit: Unit, factor: f64) -> Option<Setting> {
    let step = factor * unit.weight();
    let coarser = format!("{factor} times coarser");
    let name = if unit == Unit::Unknown {
        coarser
    } else {
        format!("step {} ({coarser})", axis(step))
    };
    setting(name, step, 1)
}

fn of_weights(largest: Option<f32>) -> Vec<Setting> {
    let steps = STEPS.iter().map(|&step| {
        let default = if Quantization::default().step.value().to_bits() == step.to_bits() {
            " (the default)"
        } else {
            ""
        };
        setting(format!("step {step}{default}"), step, 1)
    });
    let others = [
        setting("weight × 100, as NAVER's exporter".to_owned(), 0.01, 0),
        setting("weight / 5 × 256, as Anserini's".to_owned(), 5.0 / 256.0, 0),
        largest.and_then(|largest| {
            let step = f64::from(largest) / 255.0;
            setting("8 bits: the largest weight is 255".to_owned(), step, 1)
        }),
    ];
    steps.chain(others).flatten().collect()
}

fn setting(name: String, step: f64, min_impact: u32) -> Option<Setting> {
    Some(Setting {
        name,
        quantization: Quantization {
            step: Step::try_from(step).ok()?,
            rounding: Rounding::Nearest,
            min_impact,
            normalization: Normalization::None,
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn impacts_allow_only_coarser_steps() {
        let names = |unit| -> Vec<String> {
            let all = settings(unit, Some(3.0));
            all.into_iter().map(|setting| setting.name).collect()
        };
        assert_eq!(names(Unit::Weights).len(), 7);
        assert_eq!(names(Unit::Impacts(0.1))[1], "step 0.5 (5 times coarser)");
        assert_eq!(names(Unit::Unknown).len(), 4);
    }

    #[test]
    fn the_weight_of_an_impact_is_known_where_the_divisor_is() {
        let mut quantization = Quantization::default();
        assert_eq!(Unit::of(Some(&quantization)), Unit::Impacts(0.1));
        quantization.normalization = Normalization::Text;
        assert_eq!(Unit::of(Some(&quantization)), Unit::Unknown);
        assert_eq!(Unit::of(None), Unit::Unknown);
    }
}
