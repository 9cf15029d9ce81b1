//! The settings that bear on the bytes of a run's outputs.

use serde::{Deserialize, Serialize};

use crate::corpus::PartSelection;
use crate::encoder::LongTexts;
use crate::impact::{Pruning, Quantization};
use crate::model::{Aggregation, Fingerprint, Precision};

/// Raised when the meaning of a field changes.
const FORMAT_VERSION: u32 = 1;

/// What bears on the bytes of the outputs: two runs with the same settings and input write the same.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RunSettings {
    /// Version of the format of these settings and of the manifest.
    pub format_version: u32,
    /// Program and version.
    pub tool: String,
    /// What the vectors hold.
    pub kind: VectorKind,
    /// The model; `None` of a collection that says nothing of it.
    pub model: Option<ModelInfo>,
    /// From text to weights; `None` of a collection that says nothing of it.
    pub encoding: Option<EncodingSettings>,
    /// Which weights were left out.
    pub pruning: Pruning,
    /// From weights to impacts; null where weights are written.
    pub quantization: Option<Quantization>,
    /// How the weights had been made impacts before, where impacts were made of impacts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub impacts_before: Option<ImpactsBefore>,
    /// How the documents are cut into parts and written.
    pub collection: CollectionSettings,
    /// Which parts the run encodes.
    #[serde(default, skip_serializing_if = "is_all")]
    pub selection: PartSelection,
    /// The input files.
    pub input: Vec<InputFile>,
}

impl RunSettings {
    /// Returns the version of the format that is written.
    #[must_use]
    pub fn current_version() -> u32 {
        FORMAT_VERSION
    }

    /// Returns this program's name and version.
    #[must_use]
    pub fn this_tool() -> String {
        concat!(env!("CARGO_PKG_NAME"), " ", env!("CARGO_PKG_VERSION")).to_owned()
    }
}

/// The impacts that other impacts were made of.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ImpactsBefore {
    /// How they were made of weights; `None` where nobody knows.
    pub quantization: Option<Quantization>,
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde passes references")]
fn is_all(selection: &PartSelection) -> bool {
    *selection == PartSelection::All
}

/// What vectors hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum VectorKind {
    /// Integers, ready to be indexed.
    Impacts,
    /// Floats, to be quantized later.
    Weights,
}

/// The model.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ModelInfo {
    /// Architecture, or `onnx` for an exported graph.
    pub architecture: String,
    /// Number of terms.
    pub vocabulary: usize,
    /// Terms that a pseudo-document has to write as `[id:N]`.
    pub rewritten_terms: usize,
    /// SHA-256 of each file.
    pub files: Fingerprint,
}

/// From text to weights.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct EncodingSettings {
    /// Maximum or sum over tokens.
    pub aggregation: Aggregation,
    /// Most tokens of a text, special ones included.
    pub max_length: usize,
    /// What became of longer texts.
    #[serde(default, skip_serializing_if = "LongTexts::is_truncate")]
    pub long: LongTexts,
    /// Tokens from the beginning of a window to that of the next; null where texts are cut.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stride: Option<usize>,
    /// The fields that are joined to the text.
    pub fields: Vec<String>,
    /// Whether special tokens may be terms.
    pub keep_special_tokens: bool,
    /// What the model ran on: `cpu` or `cuda`.
    pub device: String,
    /// Precision of the encoder layers.
    pub precision: Precision,
    /// How hidden states became weights.
    pub head: HeadKind,
    /// Most padded tokens of a batch.
    pub batch_tokens: usize,
    /// Most texts of a batch. With 1, and in int8, a text's weights do not depend on other texts in any way;
    /// otherwise they do within rounding, about 1e-6.
    pub batch_texts: usize,
}

/// How hidden states became weights.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum HeadKind {
    /// By the exact screened head.
    Screened,
    /// In the graph.
    InGraph,
}

/// How documents are cut into parts and written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct CollectionSettings {
    /// Most documents per part.
    pub part_size: usize,
    /// Compression of the files of lines.
    pub compression: Compression,
    /// Whether the texts are kept.
    pub contents: bool,
}

/// How files of lines are compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Compression {
    /// gzip, level 3, without name and time in its header.
    #[default]
    Gzip,
    /// None.
    None,
}

impl Compression {
    /// Returns what a compressed file's name ends with.
    #[must_use]
    pub fn suffix(self) -> &'static str {
        match self {
            Self::Gzip => ".gz",
            Self::None => "",
        }
    }
}

/// An input file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct InputFile {
    /// Its name as the user gave it.
    pub name: String,
    /// Its size; null where it cannot be known, as of standard input.
    pub bytes: Option<u64>,
}
