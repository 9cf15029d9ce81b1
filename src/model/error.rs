//! Why a model folder cannot be used.

use std::path::{Path, PathBuf};

use thiserror::Error;

use super::precision::Precision;
use crate::quote::{self, Name, Quoted};

/// Why a model folder cannot be used, and what to do.
#[derive(Debug, Error)]
#[allow(missing_docs, reason = "each message says what the variant means")]
pub enum ModelError {
    #[error(
        "{folder}: not a model folder; it must hold tokenizer.json (or vocab.txt) and either config.json \
         with model.safetensors (or pytorch_model.bin), or model.onnx (or onnx/model.onnx); missing here: \
         {missing}",
        folder = quote::path(folder), missing = Name(missing)
    )]
    NotAModelFolder { folder: PathBuf, missing: String },
    #[error("{}", quote::about(path, reason))]
    Broken { path: PathBuf, reason: String },
    #[error(
        "{folder}: this model has no masked-language-model head ({detail}), so it gives no term \
         weights; choose a SPLADE model such as naver/splade-cocondenser-ensembledistil",
        folder = quote::path(folder), detail = Name(detail)
    )]
    NoMaskedLmHead { folder: PathBuf, detail: String },
    #[error(
        "{path}: architecture {found} is not known; known are {known}. An ONNX export of the model \
         (model.onnx with an output \"logits\") can be used instead",
        path = quote::path(path), found = Quoted(found), known = Name(known)
    )]
    UnknownArchitecture {
        path: PathBuf,
        found: String,
        known: String,
    },
    #[error(
        "{path}: the graph needs an input {name} ({detail}); only input_ids, attention_mask, \
         token_type_ids and position_ids can be given",
        path = quote::path(path), name = Quoted(name)
    )]
    UnknownInput {
        path: PathBuf,
        name: String,
        detail: &'static str,
    },
    #[error(
        "{path}: no output has the shape of logits [batch, length, {vocabulary}] or of weights \
         [batch, {vocabulary}]; outputs here: {outputs}. A model without a masked-language-model head \
         gives no term weights",
        path = quote::path(path), outputs = Name(outputs)
    )]
    NoUsableOutput {
        path: PathBuf,
        vocabulary: usize,
        outputs: String,
    },
    #[error(
        "{path}: the graph already gives weights [batch, vocabulary], so `aggregation` sum cannot be \
         chosen; leave the option out, or use the model without its pooling",
        path = quote::path(path)
    )]
    AggregationFixed { path: PathBuf },
    #[error(
        "{folder}: this model's pooling takes the logarithm twice (log1p_relu), which is known for \
         `aggregation` max only",
        folder = quote::path(folder)
    )]
    SumOfLogarithms { folder: PathBuf },
    #[error(
        "{folder}: this model gives each token one weight (sparse_linear.pt), of which the largest is \
         taken; leave `aggregation` out",
        folder = quote::path(folder)
    )]
    SumOfTokenWeights { folder: PathBuf },
    #[error(
        "{path}: `precision` {precision} needs a checkpoint (config.json + model.safetensors), from which \
         the graph is built; an exported graph keeps the precision it was exported with, so leave the \
         option out",
        path = quote::path(path)
    )]
    PrecisionFixed { path: PathBuf, precision: Precision },
    #[error("{path}: {reason}; the vocabulary cannot be written without losing terms", path = quote::path(path), reason = Name(reason))]
    Vocabulary { path: PathBuf, reason: String },
}

impl ModelError {
    pub(crate) fn broken(path: &Path, reason: impl ToString) -> Self {
        Self::Broken {
            path: path.to_owned(),
            reason: reason.to_string(),
        }
    }
}
