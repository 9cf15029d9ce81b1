//! From weights to impacts.

use pyo3::prelude::*;
use splade_export::{Normalization, Quantizer, Rounding, SparseVector, Step};

use crate::errors::{exception, setting};

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
        let mut quantization = match preset {
            None => splade_export::Quantization::default(),
            Some("naver") => splade_export::Quantization::naver(),
            Some("anserini") => splade_export::Quantization::anserini(),
            Some(other) => {
                return Err(setting(format!(
                    "`preset` is naver or anserini, not {other:?}"
                )));
            }
        };
        if let Some(step) = step {
            quantization.step =
                Step::try_from(step).map_err(|error| setting(format!("`step` {error}")))?;
        }
        match rounding {
            None => {}
            Some("nearest") => quantization.rounding = Rounding::Nearest,
            Some("floor") => quantization.rounding = Rounding::Floor,
            Some("ceil") => quantization.rounding = Rounding::Ceil,
            Some(other) => {
                return Err(setting(format!(
                    "`rounding` is nearest, floor or ceil, not {other:?}"
                )));
            }
        }
        if let Some(least) = min_impact {
            quantization.min_impact = least;
        }
        if let Some(text) = normalize {
            quantization.normalization = normalization(text)?;
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

fn normalization(text: &str) -> PyResult<Normalization> {
    match text.parse() {
        Ok(Normalization::Corpus) => Err(setting(
            "`normalize` corpus takes the largest weight of a whole corpus, which texts do not tell; give that weight as a \
             number",
        )),
        Ok(normalization) => Ok(normalization),
        Err(error) => Err(setting(format!("`normalize`: {error}"))),
    }
}
