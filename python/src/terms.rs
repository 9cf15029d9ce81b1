//! A vocabulary as Python strings, made once.

use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyDict, PyString};
use splade_export::{PseudoTerms, Vocabulary};

use crate::errors::exception;

/// The terms by token id, as documents and topics write them.
#[derive(Default)]
pub struct Terms(PyOnceLock<Vec<Py<PyString>>>);

impl Terms {
    /// Returns the terms, and makes their strings at the first call.
    pub fn get(&self, py: Python<'_>, vocabulary: &Vocabulary) -> PyResult<&[Py<PyString>]> {
        let strings = self.0.get_or_try_init(py, || {
            let written = PseudoTerms::new(vocabulary.terms()).map_err(exception)?;
            let terms = written.terms().iter();
            Ok::<_, PyErr>(terms.map(|term| PyString::new(py, term).unbind()).collect())
        })?;
        Ok(strings)
    }
}

/// Makes a dictionary of numbers by term.
pub fn dictionary<'py, N: IntoPyObject<'py>>(
    py: Python<'py>,
    terms: &[Py<PyString>],
    entries: impl Iterator<Item = (u32, N)>,
) -> PyResult<Bound<'py, PyDict>> {
    let dictionary = PyDict::new(py);
    for (id, number) in entries {
        if let Some(term) = terms.get(id as usize) {
            dictionary.set_item(term, number)?;
        }
    }
    Ok(dictionary)
}
