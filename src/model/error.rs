//! Why a model folder cannot be used.

use std::path::{Path, PathBuf};

use thiserror::Error;

use super::precision::Precision;

/// Why a model folder cannot be used, and what to do.
#[derive(Debug, Error)]
#[allow(missing_docs, reason = "each message says what the variant means")]
pub enum ModelError {
    #[error(
        "{folder}: not a model folder; it must hold tokenizer.json (or vocab.txt) and either config.json \
         with model.safetensors (or pytorch_model.bin), or model.onnx (or onnx/model.onnx); missing here: \
         {missing}",
        folder = folder.display()
    )]
    NotAModelFolder { folder: PathBuf, missing: String },
    #[error("{path}: {reason}", path = path.display())]
    Broken { path: PathBuf, reason: String },
    #[error(
        "{folder}: this model has no masked-language-model head ({detail}), so it gives no term \
         weights; choose a SPLADE model such as naver/splade-cocondenser-ensembledistil",
        folder = folder.display()
    )]
    NoMaskedLmHead { folder: PathBuf, detail: String },
    #[error(
        "{path}: architecture {found:?} is not known; known are {known}. An ONNX export of the model \
         (model.onnx with an output \"logits\") can be used instead",
        path = path.display()
    )]
    UnknownArchitecture {
        path: PathBuf,
        found: String,
        known: String,
    },
    #[error(
        "{path}: the graph needs an input {name:?} ({detail}); only input_ids, attention_mask, \
         token_type_ids and position_ids can be given",
        path = path.display()
    )]
    UnknownInput {
        path: PathBuf,
        name: String,
        detail: String,
    },
    #[error(
        "{path}: no output has the shape of logits [batch, length, {vocabulary}] or of weights \
         [batch, {vocabulary}]; outputs here: {outputs}. A model without a masked-language-model head \
         gives no term weights",
        path = path.display()
    )]
    NoUsableOutput {
        path: PathBuf,
        vocabulary: usize,
        outputs: String,
    },
    #[error(
        "{path}: the graph already gives weights [batch, vocabulary], so `aggregation` sum cannot be \
         chosen; leave the option out, or use the model without its pooling",
        path = path.display()
    )]
    AggregationFixed { path: PathBuf },
    #[error(
        "{folder}: this model's pooling takes the logarithm twice (log1p_relu), which is known for \
         `aggregation` max only",
        folder = folder.display()
    )]
    SumOfLogarithms { folder: PathBuf },
    #[error(
        "{folder}: this model gives each token one weight (sparse_linear.pt), of which the largest is \
         taken; leave `aggregation` out",
        folder = folder.display()
    )]
    SumOfTokenWeights { folder: PathBuf },
    #[error(
        "{path}: `precision` {precision} needs a checkpoint (config.json + model.safetensors), from which \
         the graph is built; an exported graph keeps the precision it was exported with, so leave the \
         option out",
        path = path.display()
    )]
    PrecisionFixed { path: PathBuf, precision: Precision },
    #[error("{path}: {reason}; the vocabulary cannot be written without losing terms", path = path.display())]
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
