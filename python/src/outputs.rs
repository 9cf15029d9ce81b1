//! Keyword arguments that say what is written.

use std::path::PathBuf;
use std::time::Duration;

use pyo3::prelude::*;
use splade_export::{Compression, IndexSettings, LuceneOutput, Output, OutputFormat};

use crate::errors::{exception, setting};
use crate::options::Options;

/// What a run writes.
pub struct Outputs {
    pub outputs: Vec<Box<dyn Output>>,
    pub compression: Compression,
}

/// Reads the outputs of a run: the collection first, then the other formats, then the index.
pub fn outputs(options: &Options<'_>) -> PyResult<Outputs> {
    let output: Option<PathBuf> = options.take("output")?;
    let index: Option<PathBuf> = options.take("index")?;
    let formats: Option<Vec<String>> = options.take("format")?;
    let compression = options.choice(
        "compress",
        &[("gzip", Compression::Gzip), ("none", Compression::None)],
    )?;
    let compression = compression.unwrap_or_default();
    let settings = index_settings(options)?;
    let mut outputs = Vec::new();
    match (output, formats) {
        (None, Some(_)) => {
            return Err(setting(
                "`format` is about the collection, so it needs `output`",
            ));
        }
        (None, None) => {}
        (Some(output), formats) => {
            let collection = OutputFormat::names().take(1).map(str::to_owned);
            let formats = formats.unwrap_or_else(|| collection.collect());
            outputs = OutputFormat::outputs(&formats, &output, compression).map_err(exception)?;
        }
    }
    match (index, settings) {
        (None, Some(_)) => {
            return Err(setting(
                "`segment_memory`, `store_raw` and `force_merge` are about the index, so they need `index`",
            ));
        }
        (None, None) => {}
        (Some(index), _) if outputs.iter().any(|output| output.path() == index) => {
            return Err(setting("`output` and `index` need a folder each"));
        }
        (Some(index), settings) => {
            outputs.push(Box::new(LuceneOutput::new(
                index,
                settings.unwrap_or_default(),
            )));
        }
    }
    Ok(Outputs {
        outputs,
        compression,
    })
}

/// Reads what an index is like; `None` if nothing is said about it.
pub fn index_settings(options: &Options<'_>) -> PyResult<Option<IndexSettings>> {
    let memory: Option<usize> = options.take("segment_memory")?;
    let defaults = IndexSettings::default();
    let settings = IndexSettings {
        segment_memory: memory.unwrap_or(defaults.segment_memory),
        store_raw: options.flag("store_raw")?,
        force_merge: options.flag("force_merge")?,
    };
    Ok((settings != defaults || memory.is_some()).then_some(settings))
}

/// Reads how long the lock of another run is waited for.
pub fn wait_for_lock(options: &Options<'_>, resume: bool) -> PyResult<Duration> {
    let Some(seconds) = options.take::<f64>("wait_for_lock")? else {
        return Ok(Duration::ZERO);
    };
    if !resume {
        return Err(setting("`wait_for_lock` needs `resume`"));
    }
    Duration::try_from_secs_f64(seconds)
        .map_err(|_| setting("`wait_for_lock` is a number of seconds that is not negative"))
}
