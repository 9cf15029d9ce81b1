//! The encoder of documents and other texts.

use std::path::PathBuf;
use std::sync::Arc;

use pyo3::prelude::*;
use pyo3::pybacked::PyBackedStr;
use pyo3::types::PyDict;
use splade_export::{DocumentsOptions, SparseVector, SpladeEncoder, explain_text};

use crate::background;
use crate::errors::{exception, setting};
use crate::options::Options;
use crate::quantization::Quantization;
use crate::settings::{encoder_settings, open_model};
use crate::sparse::{Arrays, arrays};
use crate::terms::{Terms, dictionary};

/// A model, loaded. Threads may share it.
#[pyclass(frozen)]
pub struct Encoder {
    encoder: Arc<SpladeEncoder>,
    terms: Terms,
}

#[pymethods]
impl Encoder {
    #[new]
    fn new(py: Python<'_>, model: PathBuf, options: &Bound<'_, PyDict>) -> PyResult<Self> {
        let options = Options::new(options)?;
        let settings = encoder_settings(&options)?;
        options.end()?;
        let encoder = open_model(py, model, |folder| {
            Ok(SpladeEncoder::open(folder)?.settings(settings).build()?)
        });
        Ok(Self {
            encoder: Arc::new(encoder?),
            terms: Terms::default(),
        })
    }

    #[getter]
    fn max_length(&self) -> usize {
        self.encoder.max_length()
    }

    #[getter]
    fn device(&self) -> String {
        self.encoder.device().to_string()
    }

    fn vocabulary(&self, py: Python<'_>) -> PyResult<Vec<Py<PyAny>>> {
        let terms = self.terms.get(py, self.encoder.vocabulary())?;
        Ok(terms
            .iter()
            .map(|term| term.clone_ref(py).into_any())
            .collect())
    }

    fn encode<'py>(
        &self,
        py: Python<'py>,
        texts: Vec<PyBackedStr>,
    ) -> PyResult<Vec<Bound<'py, PyDict>>> {
        let terms = self.terms.get(py, self.encoder.vocabulary())?;
        let vectors = self.vectors(py, texts)?;
        let weights = |vector: SparseVector| {
            let entries = vector.0.into_iter();
            dictionary(py, terms, entries.map(|entry| (entry.term, entry.weight)))
        };
        vectors.into_iter().map(weights).collect()
    }

    fn encode_csr<'py>(&self, py: Python<'py>, texts: Vec<PyBackedStr>) -> PyResult<Arrays<'py>> {
        arrays(py, &self.vectors(py, texts)?)
    }

    fn impacts<'py>(
        &self,
        py: Python<'py>,
        texts: Vec<PyBackedStr>,
        quantization: &Quantization,
    ) -> PyResult<Vec<Bound<'py, PyDict>>> {
        let terms = self.terms.get(py, self.encoder.vocabulary())?;
        let mut dictionaries = Vec::with_capacity(texts.len());
        for vector in self.vectors(py, texts)? {
            let impacts = quantization.impacts(&vector)?.into_iter();
            let entries = impacts.map(|entry| (entry.term, entry.impact));
            dictionaries.push(dictionary(py, terms, entries)?);
        }
        Ok(dictionaries)
    }

    /// Returns JSON, which Python reads faster than it is built object by object.
    #[pyo3(signature = (text, quantization=None))]
    fn explain(
        &self,
        py: Python<'_>,
        text: &str,
        quantization: Option<&Quantization>,
    ) -> PyResult<String> {
        let quantization = quantization.map(Quantization::inner);
        let explanation = py.detach(|| explain_text(&self.encoder, text, quantization));
        serde_json::to_string(&explanation.map_err(exception)?)
            .map_err(|error| setting(error.to_string()))
    }
}

impl Encoder {
    /// Encodes without the interpreter's lock, and looks for Ctrl-C from time to time. Many texts are encoded in slices as
    /// long as a part, so that they share their batches with the same texts as in a part.
    fn vectors(&self, py: Python<'_>, texts: Vec<PyBackedStr>) -> PyResult<Vec<SparseVector>> {
        if texts.len() == 1 {
            return py.detach(|| self.encoder.encode(&texts)).map_err(exception);
        }
        let shared = Arc::clone(&self.encoder);
        let encoded = background::run(py, None, move |stop, _| {
            let mut vectors = Vec::with_capacity(texts.len());
            for slice in texts.chunks(DocumentsOptions::default().part_size) {
                vectors.extend(shared.encode_until(slice, stop)?);
            }
            // Python's strings are given back where its lock is held.
            Ok((vectors, texts))
        });
        Ok(encoded?.0)
    }
}
