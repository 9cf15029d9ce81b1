//! The functions that write collections.

use std::path::PathBuf;

use pyo3::prelude::*;
use pyo3::types::PyDict;
use splade_export::{
    Compression, ConvertOptions, ConvertTo, DocumentsOptions, IndexSettings, JoinOptions,
    JsonVectors, LineOutput, LuceneOutput, Model, Output, SpladeEncoder, convert_collections,
    encode_documents, join_shards,
};

use crate::background;
use crate::errors::setting;
use crate::inputs::{corpus, on_error, plan};
use crate::options::Options;
use crate::outputs::{outputs, wait_for_lock};
use crate::quantization::{is_given, quantization};
use crate::settings::{encoder, find_model, pruning, threads};
use crate::summary;

#[pyfunction]
pub fn documents(
    py: Python<'_>,
    paths: Vec<PathBuf>,
    options: &Bound<'_, PyDict>,
    progress: Option<Py<PyAny>>,
) -> PyResult<String> {
    let options = Options::new(options)?;
    let (model, settings) = encoder(&options)?;
    let made = outputs(&options)?;
    let defaults = DocumentsOptions::default();
    let resume = options.flag("resume")?;
    let documents = DocumentsOptions {
        quantization: quantization(&options)?,
        corpus: corpus(paths, &options)?,
        resume,
        wait_for_lock: wait_for_lock(&options, resume)?,
        part_size: part_size(&options)?.unwrap_or(defaults.part_size),
        selection: options.parse("parts")?.unwrap_or_default(),
        plan: plan(&options)?,
        on_error: on_error(&options)?,
        compression: made.compression,
        contents: options.flag("contents")?,
    };
    options.end()?;
    background::run(py, progress, move |stop, reporter| {
        let builder = SpladeEncoder::open(find_model(model)?)?.settings(settings);
        let encoder = builder.with_fingerprint().build()?;
        stop.check()?;
        let events = &mut |event| reporter.event(event);
        let summary = encode_documents(&encoder, &documents, made.outputs, stop, events)?;
        Ok(summary::of_run(&summary).to_string())
    })
}

#[pyfunction]
pub fn convert(
    py: Python<'_>,
    collections: Vec<PathBuf>,
    options: &Bound<'_, PyDict>,
    progress: Option<Py<PyAny>>,
) -> PyResult<String> {
    let quantizes = is_given(options)?;
    let options = Options::new(options)?;
    let model: Option<PathBuf> = options.take("model")?;
    let made = outputs(&options)?;
    let quantization = quantization(&options)?;
    let defaults = ConvertOptions::default();
    let mut converted = ConvertOptions {
        collections,
        vocabulary: None,
        pruning: pruning(&options)?,
        target: match quantization {
            _ if !quantizes => ConvertTo::Default,
            None => ConvertTo::Weights,
            Some(quantization) => ConvertTo::Impacts(quantization),
        },
        compression: made.compression,
        threads: threads(&options)?.unwrap_or(defaults.threads),
        resume: options.flag("resume")?,
    };
    options.end()?;
    background::run(py, progress, move |stop, reporter| {
        let numbered = made.outputs.iter().any(|output| output.needs_vocabulary());
        if let Some(model) = model.filter(|_| numbered) {
            let model = Model::open(&find_model(model)?)?;
            converted.vocabulary = Some(model.vocabulary.terms().to_vec());
        }
        let events = &mut |event| reporter.event(event);
        let summary = convert_collections(&converted, made.outputs, stop, events)?;
        Ok(summary::of_run(&summary).to_string())
    })
}

#[pyfunction]
pub fn join(
    py: Python<'_>,
    shards: Vec<PathBuf>,
    options: &Bound<'_, PyDict>,
    progress: Option<Py<PyAny>>,
) -> PyResult<String> {
    let options = Options::new(options)?;
    let resume = options.flag("resume")?;
    let wait_for_lock = wait_for_lock(&options, resume)?;
    let output: Option<PathBuf> = options.take("output")?;
    let output = output.ok_or_else(|| setting("`output` says where the collection goes"))?;
    let index: Option<PathBuf> = options.take("index")?;
    let indexes: Option<Vec<PathBuf>> = options.take("indexes")?;
    let force_merge = options.flag("force_merge")?;
    options.end()?;
    // The shards' files are copied as they are, so their compression does not matter here.
    let collection = LineOutput::new(output, JsonVectors::default(), Compression::default());
    let mut outputs: Vec<Box<dyn Output>> = vec![Box::new(collection)];
    let mut others = Vec::new();
    match (index, indexes) {
        (None, None) if force_merge => {
            return Err(setting(
                "`force_merge` is about the index, so it needs `index`",
            ));
        }
        (None, None) => {}
        (Some(index), Some(indexes)) => {
            let settings = IndexSettings {
                force_merge,
                ..IndexSettings::default()
            };
            outputs.push(Box::new(LuceneOutput::of_shards(index, settings)));
            others.push(indexes);
        }
        _ => return Err(setting("`index` is made of `indexes`: give both, or none")),
    }
    let joined = JoinOptions {
        shards,
        others,
        resume,
        wait_for_lock,
    };
    background::run(py, progress, move |stop, reporter| {
        let events = &mut |event| reporter.event(event);
        let summary = join_shards(&joined, outputs, stop, events)?;
        Ok(summary::of_run(&summary).to_string())
    })
}

fn part_size(options: &Options<'_>) -> PyResult<Option<usize>> {
    match options.take("part_size")? {
        Some(0) => Err(setting("`part_size` is at least 1")),
        size => Ok(size),
    }
}
