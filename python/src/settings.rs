//! Keyword arguments to encoder settings.

use std::fmt::Display;
use std::path::PathBuf;
use std::str::FromStr;

use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::PyDict;
use splade_export::{
    Aggregation, EncoderSettings, LongTexts, MAX_THREADS, Precision, Refresh, Share, quoted,
    resolve_model,
};

use crate::errors::{exception, setting};

/// Finds the folder of a model that is given as a folder or as a name on the hub, and fetches it where it must.
pub fn model_folder(py: Python<'_>, model: PathBuf) -> PyResult<PathBuf> {
    // No name has other characters.
    let Some(name) = model.to_str().map(str::to_owned) else {
        return Ok(model);
    };
    let place = py.detach(|| resolve_model(&name, Refresh::No, &mut |_| {}));
    Ok(place.map_err(exception)?.folder().to_owned())
}

/// Reads the options of an encoder; the Python classes name them all, with their defaults.
pub fn encoder_settings(options: &Bound<'_, PyDict>) -> PyResult<EncoderSettings> {
    let mut settings = EncoderSettings::default();
    for (name, value) in options {
        if value.is_none() {
            continue;
        }
        let name: String = name.extract()?;
        match name.as_str() {
            "aggregation" => settings.aggregation = Some(aggregation(&value.extract::<String>()?)?),
            "max_length" => settings.max_length = Some(value.extract()?),
            "keep_special_tokens" => settings.keep_special_tokens = value.extract()?,
            "top_k" => settings.pruning.top_k = Some(value.extract()?),
            "min_weight" => settings.pruning.min_weight = Some(min_weight(value.extract()?)?),
            "keep_mass" => settings.pruning.keep_mass = Some(keep_mass(value.extract()?)?),
            "long" => settings.long = long(&value.extract::<String>()?)?,
            "stride" => settings.stride = Some(value.extract()?),
            "threads" => settings.threads = threads(value.extract()?)?,
            "device" => {
                settings.device = read("device", &value.extract::<String>()?)?;
            }
            "precision" => settings.precision = precision(&value.extract::<String>()?)?,
            "max_memory" => settings.max_memory = Some(value.extract()?),
            "onnxruntime" => settings.onnxruntime = Some(value.extract()?),
            _ => {
                return Err(PyTypeError::new_err(format!(
                    "there is no option {}",
                    quoted(&name)
                )));
            }
        }
    }
    Ok(settings)
}

/// Reads an option from its text.
pub fn read<T: FromStr<Err: Display>>(option: &str, text: &str) -> PyResult<T> {
    text.parse()
        .map_err(|error| setting(format!("`{option}` {error}, not {}", quoted(text))))
}

fn aggregation(text: &str) -> PyResult<Aggregation> {
    match text {
        "max" => Ok(Aggregation::Max),
        "sum" => Ok(Aggregation::Sum),
        _ => Err(setting(format!(
            "`aggregation` is max or sum, not {}",
            quoted(text)
        ))),
    }
}

fn long(text: &str) -> PyResult<LongTexts> {
    match text {
        "truncate" => Ok(LongTexts::Truncate),
        "windows" => Ok(LongTexts::Windows),
        _ => Err(setting(format!(
            "`long` is truncate or windows, not {}",
            quoted(text)
        ))),
    }
}

fn precision(text: &str) -> PyResult<Option<Precision>> {
    match text {
        "auto" => Ok(None),
        "fp32" => Ok(Some(Precision::Fp32)),
        "fp16" => Ok(Some(Precision::Fp16)),
        "int8" => Ok(Some(Precision::Int8)),
        _ => Err(setting(format!(
            "`precision` is auto, fp32, fp16 or int8, not {}",
            quoted(text)
        ))),
    }
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

fn keep_mass(share: f64) -> PyResult<Share> {
    Share::try_from(share).map_err(|error| setting(format!("`keep_mass` {error}")))
}

fn threads(threads: usize) -> PyResult<usize> {
    if (1..=usize::from(MAX_THREADS)).contains(&threads) {
        Ok(threads)
    } else {
        Err(setting(format!("`threads` is from 1 to {MAX_THREADS}")))
    }
}
