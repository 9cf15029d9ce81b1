//! Keyword arguments that describe the input.

use std::path::PathBuf;
use std::sync::Arc;

use pyo3::prelude::*;
use splade_export::{CorpusKind, CorpusOptions, Fields, InputFormat, JudgedTopics, OnError, Plan};

use crate::errors::{exception, setting};
use crate::options::Options;

/// Reads what documents are read, and how.
pub fn corpus(paths: Vec<PathBuf>, options: &Options<'_>) -> PyResult<CorpusOptions> {
    let format = options.choice(
        "input_format",
        &[
            ("jsonl", InputFormat::Jsonl),
            ("tsv", InputFormat::Tsv),
            ("trec", InputFormat::Trec),
        ],
    )?;
    let fields: Option<Vec<String>> = options.take("fields")?;
    Ok(CorpusOptions {
        paths,
        kind: CorpusKind::Documents,
        format,
        fields: fields.map_or_else(Fields::default, Fields::new),
        id_field: options.take("id_field")?,
        only: None,
    })
}

/// Reads what topics are read, and how.
pub fn topics(paths: Vec<PathBuf>, options: &Options<'_>) -> PyResult<CorpusOptions> {
    let qrels: Option<PathBuf> = options.take("qrels")?;
    let judged = qrels.map(|path| JudgedTopics::read(&path)).transpose();
    Ok(CorpusOptions {
        kind: CorpusKind::Topics,
        only: judged.map_err(exception)?.map(Arc::new),
        ..corpus(paths, options)?
    })
}

/// Reads what becomes of records that cannot be used.
pub fn on_error(options: &Options<'_>) -> PyResult<OnError> {
    let skips = options.choice("on_error", &[("stop", false), ("skip", true)])?;
    let limit: Option<u64> = options.take("max_errors")?;
    match (skips, limit) {
        (Some(true), limit) => Ok(OnError::Skip {
            max_errors: Some(limit.unwrap_or(OnError::DEFAULT_MAX_ERRORS)),
        }),
        (_, Some(_)) => Err(setting("`max_errors` needs `on_error` skip")),
        (_, None) => Ok(OnError::Stop),
    }
}

/// Reads a plan.
pub fn plan(options: &Options<'_>) -> PyResult<Option<Arc<Plan>>> {
    let path: Option<PathBuf> = options.take("plan")?;
    let plan = path.map(|path| Plan::read(&path)).transpose();
    Ok(plan.map_err(exception)?.map(Arc::new))
}
