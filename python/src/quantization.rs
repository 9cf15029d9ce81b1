//! From weights to impacts.

use pyo3::prelude::*;
use pyo3::types::PyDict;
use splade_export::{
    Normalization, QuantizationOptions, QuantizationPreset, Quantizer, Rounding, SparseVector, Step,
};

use crate::errors::{exception, setting};
use crate::options::Options;

/// A quantization, checked.
#[pyclass(frozen)]
pub struct Quantization(splade_export::Quantization);

#[pymethods]
impl Quantization {
    #[new]
    fn new(options: &Bound<'_, PyDict>) -> PyResult<Self> {
        let options = Options::new(options)?;
        let quantization = quantization(&options)?.ok_or_else(|| {
            setting("`step` none keeps weights, and impacts were asked for; give a number")
        })?;
        options.end()?;
        if quantization.normalization == Normalization::Corpus {
            return Err(setting(
                "`normalize` corpus takes the largest weight of a whole corpus, which texts do not tell; give that weight \
                 as a number",
            ));
        }
        Ok(Self(quantization))
    }
}

impl Quantization {
    /// Quantizes one vector.
    pub fn impacts(&self, vector: &SparseVector) -> PyResult<Vec<splade_export::Impact>> {
        // No text is divided by what other texts have: `corpus` was refused.
        let quantizer = Quantizer::new(self.0, 0.0);
        quantizer.quantize(vector).map_err(exception)
    }

    pub fn inner(&self) -> splade_export::Quantization {
        self.0
    }
}

/// Returns true if an option of the quantization is given.
pub fn is_given(options: &Bound<'_, PyDict>) -> PyResult<bool> {
    for name in [
        "preset",
        "step",
        "rounding",
        "min_impact",
        "normalize",
        "max_impact",
    ] {
        if options
            .get_item(name)?
            .is_some_and(|value| !value.is_none())
        {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Reads a quantization; `None` keeps float weights.
pub fn quantization(options: &Options<'_>) -> PyResult<Option<splade_export::Quantization>> {
    let preset = options.choice(
        "preset",
        &[
            ("naver", QuantizationPreset::Naver),
            ("anserini", QuantizationPreset::Anserini),
        ],
    )?;
    let step = options.text("step")?;
    let rounding = options.choice(
        "rounding",
        &[
            ("nearest", Rounding::Nearest),
            ("floor", Rounding::Floor),
            ("ceil", Rounding::Ceil),
        ],
    )?;
    let min_impact: Option<u32> = options.take("min_impact")?;
    let normalization: Option<Normalization> = options.parse("normalize")?;
    let max_impact: Option<u32> = options.take("max_impact")?;
    let given = [
        ("preset", preset.is_some()),
        ("step", step.is_some()),
        ("normalize", normalization.is_some()),
        ("rounding", rounding.is_some()),
        ("min_impact", min_impact.is_some()),
        ("max_impact", max_impact.is_some()),
    ];
    let other = |names: &[(&'static str, bool)]| {
        let mut names = names.iter();
        names.find(|(_, given)| *given).map(|(name, _)| *name)
    };
    if step.as_deref() == Some("none") {
        return match other(&[&given[..1], &given[2..]].concat()) {
            None => Ok(None),
            Some(name) => Err(setting(format!(
                "`step` none keeps the weights as they are, so `{name}` has no effect; leave one of the two out"
            ))),
        };
    }
    let mut chosen = QuantizationOptions {
        preset,
        step: None,
        rounding,
        min_impact,
        normalization,
    };
    if let Some(most) = max_impact {
        if let Some(name) = other(&given[..3]) {
            return Err(setting(format!(
                "`max_impact` sets what `{name}` sets; leave one of the two out"
            )));
        }
        chosen.step = Some(positive("max_impact", 1.0 / f64::from(most))?);
        chosen.normalization = Some(Normalization::Corpus);
    }
    if let Some(step) = step {
        let step = step.parse();
        chosen.step = Some(step.map_err(|error| setting(format!("`step` {error}, or none")))?);
    }
    let quantization = chosen.build();
    Ok(Some(
        quantization.map_err(|error| setting(error.to_string()))?,
    ))
}

fn positive(name: &str, number: f64) -> PyResult<Step> {
    Step::try_from(number).map_err(|error| setting(format!("`{name}` {error}")))
}
