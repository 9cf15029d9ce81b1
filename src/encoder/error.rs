//! Why texts cannot be encoded.

use std::path::PathBuf;

use thiserror::Error;

use super::runtime::RuntimeError;
use crate::model::{ModelError, Precision};
use crate::quote::{self, Name, Quoted};
use crate::screened_head::HeadError;
use crate::stop::Interrupted;

/// Why texts cannot be encoded.
#[derive(Debug, Error)]
#[allow(missing_docs, reason = "each message says what the variant means")]
pub enum EncodeError {
    #[error(transparent)]
    Runtime(#[from] RuntimeError),
    #[error(transparent)]
    Model(#[from] ModelError),
    #[error(transparent)]
    Interrupted(#[from] Interrupted),
    #[error("the model's head cannot be used")]
    Head(#[from] HeadError),
    #[error("ONNX Runtime refuses the model: {}", quote::sentence(.0))]
    Session(String),
    #[error(
        "there is too little memory for the model ({reason}); {remedy}",
        reason = quote::sentence(reason)
    )]
    NoMemoryForModel {
        reason: String,
        remedy: &'static str,
    },
    #[error(
        "there is too little memory for a text of {length} tokens ({reason}); shorten texts with `max_length`",
        reason = quote::sentence(reason)
    )]
    NoMemoryForText { length: usize, reason: String },
    #[error("ONNX Runtime failed on a batch of {texts} texts of {length} tokens: {reason}", reason = quote::sentence(reason))]
    Run {
        texts: usize,
        length: usize,
        reason: String,
    },
    #[error(
        "{folder}: there is no table of the weights of queries; give one with `query_weights`, a file of terms and \
         weights, or leave that setting out",
        folder = quote::path(folder)
    )]
    NoQueryTable { folder: PathBuf },
    #[error(
        "{folder}: its way for queries begins with the class {class}, which is not known; give the weights of queries with \
         `query_weights`",
        folder = quote::path(folder), class = Quoted(class)
    )]
    UnknownQuerySide { folder: PathBuf, class: String },
    #[error("the tokenizer failed: {}", quote::sentence(.0))]
    Tokenize(String),
    #[error(
        "`max_length` {wanted} is not possible with this model; it takes {least} to {most} tokens"
    )]
    MaxLength {
        wanted: usize,
        least: usize,
        most: usize,
    },
    #[error(
        "`stride` {wanted} is not possible with windows of {max_length} tokens; it takes 1 to {most}, what a window has \
         beside special tokens"
    )]
    Stride {
        wanted: usize,
        max_length: usize,
        most: usize,
    },
    #[error("`stride` is the step of windows, and long texts are cut; add `long` windows")]
    StrideWithoutWindows,
    #[error(
        "`long` windows keeps the largest weight of each term, and this model adds weights up (`aggregation` sum): the \
         weight of a term would depend on where windows begin; use `long` truncate"
    )]
    SumOfWindows,
    #[error("`threads` {wanted} is not possible; it takes 1 to {most}")]
    Threads { wanted: usize, most: usize },
    #[error("`device` {first} and {other}: the devices of a list are all CPUs or all GPUs", first = Name(first), other = Name(other))]
    MixedDevices { first: String, other: String },
    #[error(
        "the model gives {columns} weights a text, its tokenizer has {vocabulary} terms; \
         model and tokenizer do not belong together"
    )]
    Columns { columns: usize, vocabulary: usize },
    #[error(
        "the model gives a weight that is not finite for term {term}; its file may be damaged, or \
         `precision` fp16 too narrow for it"
    )]
    NotFinite { term: u32 },
    #[error("the GPU cannot be used")]
    NoCuda(#[from] NoCuda),
    #[error("`precision` {precision} is not for `device` {device}: {remedy}")]
    Precision {
        precision: Precision,
        device: &'static str,
        remedy: &'static str,
    },
    #[error(
        "`max_memory` {} MB is not enough for this model with one thread and texts of {max_length} \
         tokens: about {} MB are needed; allow more, or shorten texts with `max_length`",
        limit >> 20, (needed >> 20) + 1
    )]
    Memory {
        limit: u64,
        needed: u64,
        max_length: usize,
    },
}

impl EncodeError {
    /// Returns true if another setting is the remedy.
    #[must_use]
    pub fn is_about_settings(&self) -> bool {
        matches!(
            self,
            Self::MaxLength { .. }
                | Self::Stride { .. }
                | Self::StrideWithoutWindows
                | Self::SumOfWindows
                | Self::Threads { .. }
                | Self::MixedDevices { .. }
                | Self::Precision { .. }
                | Self::Memory { .. }
        )
    }
}

/// What is missing for CUDA.
#[derive(Debug, Error)]
#[allow(missing_docs, reason = "each message says what the variant means")]
pub enum NoCuda {
    #[error(
        "{provider} is missing: this ONNX Runtime has no CUDA execution provider. Get one with:\n    \
         splade-export setup onnxruntime-gpu\nor leave `device` out to use the CPU",
        provider = quote::path(provider)
    )]
    NoProvider { provider: PathBuf },
    #[error(
        "the NVIDIA driver's library libcuda.so.1 cannot be loaded ({reason}); install the driver, or \
         leave `device` out to use the CPU",
        reason = Name(reason)
    )]
    NoDriver { reason: String },
    #[error(
        "{library} cannot be loaded ({reason}); get it again with: splade-export setup --force onnxruntime-gpu",
        library = quote::path(library), reason = Name(reason)
    )]
    NoLibrary { library: PathBuf, reason: String },
    #[error(
        "CUDA's libraries cannot be loaded ({}); get them with: splade-export setup onnxruntime-gpu",
        quote::sentence(.0)
    )]
    NoLibraries(String),
    #[error(
        "device {device} cannot be used: {reason}; nvidia-smi -L lists those there are, and `device` cpu \
         needs none",
        reason = quote::sentence(reason)
    )]
    NoDevice { device: u32, reason: String },
}

impl NoCuda {
    /// Returns what ONNX Runtime means that refuses a GPU for this reason.
    pub(super) fn refused(device: u32, reason: String) -> Self {
        if reason.contains("Failed to load library") {
            Self::NoLibraries(reason)
        } else {
            Self::NoDevice { device, reason }
        }
    }
}
