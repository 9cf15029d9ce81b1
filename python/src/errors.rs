//! Exceptions, which are defined in `splade_export/errors.py`.

use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;
use splade_export::{Error, ErrorKind, join_causes};

/// Turns an error of the library into the exception of its kind.
pub fn exception(error: impl Into<Error>) -> PyErr {
    let error = error.into();
    Python::attach(|py| {
        let raised = py
            .import("splade_export.errors")
            .and_then(|errors| errors.getattr(class_of(error.kind())))
            .and_then(|class| class.call1((join_causes(&error),)));
        match raised {
            Ok(exception) => PyErr::from_value(exception),
            Err(_) => PyRuntimeError::new_err(join_causes(&error)),
        }
    })
}

/// Raises the exception for options that contradict each other or are out of range.
pub fn setting(message: impl Into<String>) -> PyErr {
    exception(Error::setting(message))
}

fn class_of(kind: ErrorKind) -> &'static str {
    match kind {
        ErrorKind::Setting => "SettingError",
        ErrorKind::Corpus => "CorpusError",
        ErrorKind::Model => "ModelError",
        ErrorKind::Encoding => "EncodingError",
        ErrorKind::Collection => "CollectionError",
        ErrorKind::Index => "IndexFormatError",
        ErrorKind::Run => "RunError",
        ErrorKind::Output => "OutputError",
        _ => "SpladeExportError",
    }
}
