//! The function that encodes topics.

use std::path::PathBuf;

use pyo3::prelude::*;
use pyo3::types::PyDict;
use splade_export::{
    QueryEncoder, QueryOrigin, TopicsFormat, TopicsOptions, encode_topics, encode_topics_with_table,
};

use crate::background;
use crate::errors::{exception, setting};
use crate::inputs;
use crate::options::Options;
use crate::quantization::quantization;
use crate::settings::{encoder, find_model, query_weights};

#[pyfunction]
pub fn topics(
    py: Python<'_>,
    paths: Vec<PathBuf>,
    options: &Bound<'_, PyDict>,
    progress: Option<Py<PyAny>>,
) -> PyResult<String> {
    let options = Options::new(options)?;
    let (model, settings) = encoder(&options)?;
    let query_model: Option<PathBuf> = options.take("query_model")?;
    let weights = query_weights(&options)?;
    let output: Option<PathBuf> = options.take("output")?;
    let output = output.ok_or_else(|| setting("`output` says which file is written"))?;
    let format: Option<String> = options.take("format")?;
    let format = TopicsFormat::named(format.as_deref(), &output).map_err(exception)?;
    let mut topics = TopicsOptions {
        quantization: quantization(&options)?,
        corpus: inputs::topics(paths, &options)?,
        output,
        origin: None,
    };
    options.end()?;
    background::run(py, progress, move |stop, reporter| {
        let documents = find_model(model)?;
        let queries = match query_model {
            Some(model) => find_model(model)?,
            None => documents.clone(),
        };
        let encoder = QueryEncoder::open(&queries, &weights, settings)?;
        topics.origin = Some(QueryOrigin::of(&encoder, &documents, &queries, &weights)?);
        let events = &mut |event| reporter.event(event);
        let summary = match &encoder {
            QueryEncoder::Model(model) => encode_topics(model, &topics, format, stop, events)?,
            QueryEncoder::Table(table) => {
                encode_topics_with_table(table, &topics, format, stop, events)?
            }
        };
        Ok(serde_json::to_string(&summary)?)
    })
}
