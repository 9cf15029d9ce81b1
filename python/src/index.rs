//! The functions that make an index of collections, and that check what was made.

use std::path::PathBuf;

use pyo3::prelude::*;
use pyo3::types::PyDict;
use serde_json::{Value, json};
use splade_export::{
    EncoderSettings, Error, Finding, IndexOptions, build_index, is_index, join_indexes,
    verify_collection, verify_index, verify_index_of,
};

use crate::background;
use crate::errors::{exception, setting};
use crate::options::Options;
use crate::outputs::index_settings;
use crate::settings::threads;

#[pyfunction]
pub fn index(
    py: Python<'_>,
    inputs: Vec<PathBuf>,
    options: &Bound<'_, PyDict>,
    progress: Option<Py<PyAny>>,
) -> PyResult<String> {
    let options = Options::new(options)?;
    let output: Option<PathBuf> = options.take("output")?;
    let merge = options.flag("merge")?;
    let threads = threads(&options)?;
    let index = IndexOptions {
        inputs,
        output: output.ok_or_else(|| setting("`output` says where the index goes"))?,
        threads: threads.unwrap_or(EncoderSettings::default().threads),
        settings: index_settings(&options)?.unwrap_or_default(),
    };
    options.end()?;
    background::run(py, progress, move |stop, reporter| {
        let summary = if merge {
            join_indexes(&index, stop)?
        } else {
            build_index(&index, stop, &mut |event| reporter.event(event))?
        };
        Ok(serde_json::to_string(&summary)?)
    })
}

/// What a verification found.
struct Verified {
    found: Value,
    findings: Vec<Finding>,
    failure: Option<Error>,
}

#[pyfunction]
#[pyo3(signature = (output, index=None, progress=None))]
pub fn verify(
    py: Python<'_>,
    output: PathBuf,
    index: Option<PathBuf>,
    progress: Option<Py<PyAny>>,
) -> PyResult<String> {
    let verified = background::run(py, progress, move |stop, reporter| {
        if index.is_none() && is_index(&output) {
            let index = verify_index(&output, stop)?;
            return Ok(Verified {
                found: json!({ "documents": null, "parts": null, "index": index }),
                findings: Vec::new(),
                failure: None,
            });
        }
        let (manifest, findings) = verify_collection(&output, stop, &mut |read, documents| {
            reporter.verification(read, documents);
        })?;
        let beside = Some(output.join("index")).filter(|index| is_index(index));
        let refused = Finding::refuse(&output, &findings).map_err(Error::from);
        let checked = refused.and_then(|()| {
            let index = index.or(beside);
            let index = index.map(|index| verify_index_of(&index, &output, &manifest, stop));
            index.transpose()
        });
        let (index, failure) = match checked {
            Ok(index) => (index, None),
            Err(error) => (None, Some(error)),
        };
        let found = json!({
            "documents": manifest.counts.documents,
            "parts": manifest.parts.len(),
            "index": index,
        });
        Ok(Verified {
            found,
            findings,
            failure,
        })
    })?;
    let Some(failure) = verified.failure else {
        return Ok(verified.found.to_string());
    };
    let error = exception(failure);
    for finding in &verified.findings {
        let note = format!("{}: {}", finding.path.to_string_lossy(), finding.problem);
        let note = splade_export::printable(&note);
        error.value(py).call_method1("add_note", (note,))?;
    }
    Err(error)
}
