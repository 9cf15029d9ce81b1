//! From weights to impacts.

use pyo3::prelude::*;
use splade_export::{Normalization, QuantizationOptions, Quantizer, SparseVector, Step};

use crate::errors::{exception, setting};
use crate::settings::read;

/// A quantization, checked.
#[pyclass(frozen)]
pub struct Quantization(splade_export::Quantization);

#[pymethods]
impl Quantization {
    #[new]
    #[pyo3(signature = (preset=None, step=None, rounding=None, min_impact=None, normalize=None))]
    fn new(
        preset: Option<&str>,
        step: Option<f64>,
        rounding: Option<&str>,
        min_impact: Option<u32>,
        normalize: Option<&str>,
    ) -> PyResult<Self> {
        let options = QuantizationOptions {
            preset: preset.map(|text| read("preset", text)).transpose()?,
            step: step
                .map(|step| {
                    Step::try_from(step).map_err(|error| setting(format!("`step` {error}")))
                })
                .transpose()?,
            rounding: rounding.map(|text| read("rounding", text)).transpose()?,
            min_impact,
            normalization: normalize.map(normalization).transpose()?,
        };
        let quantization = options
            .build()
            .map_err(|error| setting(error.to_string()))?;
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

fn normalization(text: &str) -> PyResult<Normalization> {
    match read("normalize", text)? {
        Normalization::Corpus => Err(setting(
            "`normalize` corpus takes the largest weight of a whole corpus, which texts do not tell; give that weight as a \
             number",
        )),
        normalization => Ok(normalization),
    }
}
