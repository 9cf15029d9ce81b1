//! Keyword arguments to encoder settings.

use std::path::PathBuf;

use pyo3::prelude::*;
use splade_export::{
    Aggregation, EncoderSettings, LongTexts, MAX_THREADS, Precision, Pruning, QueryWeights,
    Refresh, Share, resolve_model,
};

use crate::background;
use crate::errors::setting;
use crate::options::Options;

/// Finds the folder of a model that is given as a folder or as a name on the hub, and fetches it where it must.
pub fn find_model(model: PathBuf) -> splade_export::Result<PathBuf> {
    // No name has other characters.
    let Some(name) = model.to_str() else {
        return Ok(model);
    };
    let place = resolve_model(name, Refresh::No, &mut |_| {})?;
    Ok(place.folder().to_owned())
}

/// Opens something in the folder of a model, which Ctrl-C does not wait for.
pub fn open_model<T: Send + 'static>(
    py: Python<'_>,
    model: PathBuf,
    open: impl FnOnce(PathBuf) -> splade_export::Result<T> + Send + 'static,
) -> PyResult<T> {
    background::run(py, None, move |_, _| open(find_model(model)?))
}

/// Takes the model, which the command line takes from the environment too, and the options of its encoder.
pub fn encoder(options: &Options<'_>) -> PyResult<(PathBuf, EncoderSettings)> {
    let model = options.take("model")?;
    let model = model.or_else(|| std::env::var_os("SPLADE_EXPORT_MODEL").map(PathBuf::from));
    let model = model.ok_or_else(|| {
        setting("`model` is missing; give a folder or a name, or set SPLADE_EXPORT_MODEL")
    })?;
    Ok((model, encoder_settings(options)?))
}

/// Reads the options of an encoder.
pub fn encoder_settings(options: &Options<'_>) -> PyResult<EncoderSettings> {
    let defaults = EncoderSettings::default();
    let special_tokens = options.choice("special_tokens", &[("drop", false), ("keep", true)])?;
    Ok(EncoderSettings {
        onnxruntime: options.take("onnxruntime")?,
        aggregation: options.choice(
            "aggregation",
            &[("max", Aggregation::Max), ("sum", Aggregation::Sum)],
        )?,
        max_length: options.take("max_length")?,
        long: options
            .choice(
                "long",
                &[
                    ("truncate", LongTexts::Truncate),
                    ("windows", LongTexts::Windows),
                ],
            )?
            .unwrap_or(defaults.long),
        stride: options.take("stride")?,
        keep_special_tokens: special_tokens.unwrap_or(defaults.keep_special_tokens),
        pruning: pruning(options)?,
        threads: threads(options)?.unwrap_or(defaults.threads),
        device: options.parse("device")?.unwrap_or(defaults.device),
        precision: options
            .choice(
                "precision",
                &[
                    ("auto", None),
                    ("fp32", Some(Precision::Fp32)),
                    ("fp16", Some(Precision::Fp16)),
                    ("int8", Some(Precision::Int8)),
                ],
            )?
            .unwrap_or(defaults.precision),
        max_memory: options.take("max_memory")?,
        head: defaults.head,
        batches: defaults.batches,
    })
}

/// Reads where the weights of queries come from.
pub fn query_weights(options: &Options<'_>) -> PyResult<QueryWeights> {
    Ok(options.parse("query_weights")?.unwrap_or_default())
}

/// Reads which weights are left out.
pub fn pruning(options: &Options<'_>) -> PyResult<Pruning> {
    let keep_mass = options.take("keep_mass")?;
    let keep_mass = keep_mass
        .map(|share: f64| Share::try_from(share))
        .transpose();
    Ok(Pruning {
        top_k: options.take("top_k")?,
        min_weight: options.take("min_weight")?.map(min_weight).transpose()?,
        keep_mass: keep_mass.map_err(|error| setting(format!("`keep_mass` {error}")))?,
    })
}

fn min_weight(weight: f32) -> PyResult<f32> {
    if weight.is_finite() && weight >= 0.0 {
        Ok(weight)
    } else {
        Err(setting(
            "`min_weight` must be a number that is not negative",
        ))
    }
}

/// Reads the number of threads.
pub fn threads(options: &Options<'_>) -> PyResult<Option<usize>> {
    match options.take("threads")? {
        Some(threads) if !(1..=usize::from(MAX_THREADS)).contains(&threads) => {
            Err(setting(format!("`threads` is from 1 to {MAX_THREADS}")))
        }
        threads => Ok(threads),
    }
}
