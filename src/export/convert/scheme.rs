//! From the vectors that a collection holds to those that are written.

use super::inputs::{Collections, as_float};
use super::options::{ConvertOptions, ConvertTo};
use crate::error::{Error, Result};
use crate::export::event::{Event, EventHandler};
use crate::impact::{Pruning, Quantization, Quantizer};
use crate::run::{CollectionSettings, ImpactsBefore, RunSettings, VectorKind};

/// What becomes of the numbers after pruning.
#[derive(Debug, Clone, Copy)]
pub(super) enum Rule {
    /// Impacts stay as they are.
    KeepImpacts,
    /// Weights are written.
    Weights,
    /// Weights are quantized.
    Quantize(Quantizer),
}

/// How each vector is converted.
pub(super) struct Scheme {
    /// What the numbers of the input are.
    pub(super) from: VectorKind,
    /// The weight that a number of the input stands for.
    pub(super) unit: f64,
    /// The pruning that is applied now.
    pub(super) pruning: Pruning,
    pub(super) rule: Rule,
    /// The settings of the run: those of an encoding with the same result, where there is one.
    pub(super) settings: RunSettings,
}

impl Scheme {
    pub(super) fn new(options: &ConvertOptions, collections: &Collections) -> Result<Self> {
        let base = &collections.base;
        let from = base.kind;
        let unit = match from {
            VectorKind::Weights => 1.0,
            VectorKind::Impacts => known_unit(collections).unwrap_or(1.0),
        };
        let pruning = base.pruning.then(&options.pruning).ok_or_else(|| {
            Error::setting(
                "`keep_mass` is a share of a document's whole weight, and the collection was pruned already; convert one \
                 that was made without pruning",
            )
        })?;
        let quantization = match (options.target, from) {
            (ConvertTo::Impacts(quantization), _) => Some(quantization),
            (ConvertTo::Default, VectorKind::Weights) => Some(Quantization::default()),
            (ConvertTo::Default, VectorKind::Impacts) | (ConvertTo::Weights, _) => None,
        };
        let largest = weigh(collections.largest, unit);
        let rule = match (options.target, from, quantization) {
            (_, _, Some(quantization)) => Rule::Quantize(Quantizer::new(quantization, largest)),
            (ConvertTo::Default, VectorKind::Impacts, None) => Rule::KeepImpacts,
            _ => Rule::Weights,
        };
        let mut settings = RunSettings {
            pruning,
            collection: CollectionSettings {
                compression: options.compression,
                ..base.collection
            },
            ..base.clone()
        };
        if !matches!(rule, Rule::KeepImpacts) {
            settings.kind = match quantization {
                Some(_) => VectorKind::Impacts,
                None => VectorKind::Weights,
            };
            settings.quantization = quantization;
            if from == VectorKind::Impacts {
                settings.impacts_before = Some(ImpactsBefore {
                    quantization: base.quantization,
                });
            }
        }
        Ok(Self {
            from,
            unit,
            pruning: options.pruning,
            rule,
            settings,
        })
    }

    /// Returns the quantization that is applied now.
    pub(super) fn quantization(&self) -> Option<Quantization> {
        match self.rule {
            Rule::Quantize(_) => self.settings.quantization,
            Rule::KeepImpacts | Rule::Weights => None,
        }
    }

    /// Returns the weight that a number of the input stands for.
    pub(super) fn weight(&self, number: f32) -> f32 {
        weigh(number, self.unit)
    }

    /// Returns the weight that an impact of the input stands for.
    pub(super) fn weight_of_impact(&self, impact: u32) -> f32 {
        self.weight(as_float(impact))
    }

    /// Tells what is lost where the input holds impacts.
    pub(super) fn warnings(&self, collections: &Collections, events: &mut EventHandler<'_>) {
        if self.from == VectorKind::Weights {
            return;
        }
        let counts_units =
            self.pruning.min_weight.is_some() || !matches!(self.rule, Rule::KeepImpacts);
        let unit = known_unit(collections);
        if counts_units && unit.is_none() {
            events(Event::Warning(
                "the collection holds impacts, and nothing says which weight an impact of 1 stands for: weights are counted in \
                 impacts"
                    .to_owned(),
            ));
        }
        if !matches!(self.rule, Rule::KeepImpacts) {
            let unit = unit.map_or("its unit".to_owned(), |unit| format!("a unit of {unit}"));
            events(Event::Warning(format!(
                "the collection holds impacts, each rounded to {unit}: what the rounding took does not come back; for exact \
                 results convert a collection of float weights"
            )));
        }
    }
}

/// Returns the weight that an impact of 1 stands for, if the collection says it.
fn known_unit(collections: &Collections) -> Option<f64> {
    let quantization = collections.base.quantization.as_ref();
    quantization.and_then(Quantization::unit)
}

#[allow(
    clippy::cast_possible_truncation,
    reason = "the nearest float is meant"
)]
fn weigh(number: f32, unit: f64) -> f32 {
    (f64::from(number) * unit) as f32
}
