//! The encoder of queries: the same model, a second one, or a table.

use std::path::PathBuf;

use pyo3::prelude::*;
use pyo3::types::PyDict;
use splade_export::{QueryEncoder as Inner, SparseVector};

use crate::errors::exception;
use crate::options::Options;
use crate::quantization::Quantization;
use crate::settings::{encoder_settings, open_model, query_weights};
use crate::terms::{Terms, dictionary};

/// The query side of a model's folder, loaded. Threads may share it.
#[pyclass(frozen)]
pub struct QueryEncoder {
    encoder: Inner,
    terms: Terms,
}

#[pymethods]
impl QueryEncoder {
    #[new]
    fn new(py: Python<'_>, model: PathBuf, options: &Bound<'_, PyDict>) -> PyResult<Self> {
        let options = Options::new(options)?;
        let settings = encoder_settings(&options)?;
        let weights = query_weights(&options)?;
        options.end()?;
        let encoder = open_model(py, model, move |folder| {
            Ok(Inner::open(&folder, &weights, settings)?)
        });
        Ok(Self {
            encoder: encoder?,
            terms: Terms::default(),
        })
    }

    #[pyo3(signature = (text, quantization=None))]
    fn encode<'py>(
        &self,
        py: Python<'py>,
        text: &str,
        quantization: Option<&Quantization>,
    ) -> PyResult<Bound<'py, PyDict>> {
        let terms = self.terms.get(py, self.encoder.vocabulary())?;
        let vector = py.detach(|| self.vector(text)).map_err(exception)?;
        if let Some(quantization) = quantization {
            let impacts = quantization.impacts(&vector)?.into_iter();
            return dictionary(py, terms, impacts.map(|entry| (entry.term, entry.impact)));
        }
        let weights = vector.0.into_iter();
        dictionary(py, terms, weights.map(|entry| (entry.term, entry.weight)))
    }
}

impl QueryEncoder {
    fn vector(&self, text: &str) -> splade_export::Result<SparseVector> {
        match &self.encoder {
            Inner::Model(model) => Ok(model.encode(&[text])?.pop().unwrap_or_default()),
            Inner::Table(table) => Ok(table.weigh(&table.tokens(text)?)),
        }
    }
}
