//! `manifest.json`: what a collection was made of and what is in it.
//!
//! Neither clock nor thread count nor path of the output is in it: the same input and options give
//! the same bytes.

use std::io::Write;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::error::CollectionError;
use super::{AtomicFile, Compression, UNFINISHED};
use crate::corpus::PartSelection;
use crate::impact::{Pruning, Quantization};
use crate::model::{Aggregation, Fingerprint, Precision};

/// Its name in the output folder.
pub const MANIFEST: &str = "manifest.json";
/// Raised when the meaning of a field changes.
const FORMAT_VERSION: u32 = 1;

/// A collection described.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Manifest {
    /// What it was made of and how.
    #[serde(flatten)]
    pub settings: RunSettings,
    /// Only where a run made some of the parts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub share: Option<Share>,
    /// What became of the records.
    pub accounting: Accounting,
    /// Sums over all parts.
    pub counts: Counts,
    /// The parts in input order.
    pub parts: Vec<PartInfo>,
}

/// What bears on the bytes of a collection. Two runs with the same settings and input give the same.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RunSettings {
    /// Version of this file's format.
    pub format_version: u32,
    /// Program and version.
    pub tool: String,
    /// What the vectors hold.
    pub kind: Kind,
    /// The model.
    pub model: ModelInfo,
    /// From text to weights.
    pub encoding: Encoding,
    /// Which weights were left out.
    pub pruning: Pruning,
    /// From weights to impacts; null for a collection of weights.
    pub quantization: Option<Quantization>,
    /// The files.
    pub collection: Collection,
    /// Which parts the run makes.
    #[serde(default, skip_serializing_if = "is_all")]
    pub selection: PartSelection,
    /// The input files.
    pub input: Vec<InputFile>,
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde passes references")]
fn is_all(selection: &PartSelection) -> bool {
    *selection == PartSelection::All
}

/// An input file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct InputFile {
    /// As the user named it.
    pub name: String,
    /// Its size; null where it cannot be known, as of standard input.
    pub bytes: Option<u64>,
}

/// What a run of some parts saw of the whole input.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Share {
    /// `input_sha256` of the part before the first; null if that is the first of all.
    pub before: Option<String>,
    /// Null if the run ended before the end of the input.
    pub end: Option<InputEnd>,
}

/// The end of the input.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct InputEnd {
    /// Number of all parts.
    pub parts: usize,
    /// `input_sha256` of the last one.
    pub input_sha256: String,
}

/// What became of the records: `read = written + rejected`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Accounting {
    /// Records of the input; blank lines are none.
    pub read: u64,
    /// Lines of the collection.
    pub written: u64,
    /// Lines of `rejected.jsonl`.
    pub rejected: u64,
    /// Of `rejected.jsonl`; null if there is none.
    pub rejected_sha256: Option<String>,
}

/// What the vectors of a collection hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
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
    /// Terms written as `[id:N]`.
    pub rewritten_terms: usize,
    /// SHA-256 of each file.
    pub files: Fingerprint,
}

/// From text to weights.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Encoding {
    /// Maximum or sum over tokens.
    pub aggregation: Aggregation,
    /// Most tokens of a text.
    pub max_length: usize,
    /// The fields joined to the text.
    pub fields: Vec<String>,
    /// True if special tokens may be terms.
    pub keep_special_tokens: bool,
    /// What the model ran on: `cpu` or `cuda`.
    pub device: String,
    /// Of the model's layers.
    pub precision: Precision,
    /// How hidden states became weights.
    pub head: HeadKind,
    /// Most padded tokens of a batch.
    pub batch_tokens: usize,
    /// Most texts of a batch. With 1, a text's weights do not depend on other texts in any way; else
    /// they do within rounding, about 1e-6.
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

/// The files of a collection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Collection {
    /// Most documents of a part.
    pub part_size: usize,
    /// Of the parts.
    pub compression: Compression,
    /// True if the texts were kept.
    pub contents: bool,
}

/// What was counted. `impact_sum`, `max_impact` are 0 for a collection of weights.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub struct Counts {
    /// Lines written.
    pub documents: u64,
    /// Documents among them without any term; an index leaves them out.
    pub empty: u64,
    /// Documents that had more tokens than were kept.
    pub truncated: u64,
    /// Tokens encoded, special ones included, without padding.
    pub tokens: u64,
    /// Terms over all documents.
    pub postings: u64,
    /// Sum of all impacts: "total terms" of an Anserini index.
    pub impact_sum: u64,
    /// Largest weight before quantization.
    pub max_weight: f32,
    /// Largest impact.
    pub max_impact: u32,
    /// Documents for which the screening of the head left so much that single precision had to help:
    /// slower, with the same weights.
    pub screening_fallbacks: u64,
}

impl Counts {
    /// Adds those of another part.
    pub fn add(&mut self, other: &Self) {
        self.documents += other.documents;
        self.empty += other.empty;
        self.truncated += other.truncated;
        self.tokens += other.tokens;
        self.postings += other.postings;
        self.impact_sum += other.impact_sum;
        self.max_weight = self.max_weight.max(other.max_weight);
        self.max_impact = self.max_impact.max(other.max_impact);
        self.screening_fallbacks += other.screening_fallbacks;
    }
}

/// One part.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct PartInfo {
    /// File name in `documents`.
    pub name: String,
    /// Of the file.
    pub sha256: String,
    /// Of the file.
    pub bytes: u64,
    /// Of all documents of the input up to the part's last.
    pub input_sha256: String,
    /// Its counts.
    pub counts: Counts,
}

impl PartInfo {
    /// Its number, from its name.
    #[must_use]
    pub fn index(&self) -> Option<usize> {
        let digits = self.name.strip_prefix("part-")?.split('.').next()?;
        digits.parse().ok()
    }
}

impl Manifest {
    /// The version that is written.
    #[must_use]
    pub fn current_version() -> u32 {
        FORMAT_VERSION
    }

    /// The program and its version.
    #[must_use]
    pub fn this_tool() -> String {
        concat!(env!("CARGO_PKG_NAME"), " ", env!("CARGO_PKG_VERSION")).to_owned()
    }

    /// Writes the file into a collection's folder, which is unfinished until then.
    ///
    /// # Errors
    /// Those of the file system.
    pub fn write(&self, folder: &Path) -> std::io::Result<()> {
        let mut file = AtomicFile::create(&folder.join(UNFINISHED), &folder.join(MANIFEST))?;
        serde_json::to_writer_pretty(&mut file, self)?;
        file.write_all(b"\n")?;
        file.finish()
    }

    /// Reads the file of a collection's folder; `None` if there is none.
    ///
    /// # Errors
    /// [`CollectionError::Manifest`], [`CollectionError::Folder`].
    pub fn read(folder: &Path) -> Result<Option<Self>, CollectionError> {
        let path = folder.join(MANIFEST);
        let text = match fs_err::read(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(CollectionError::Folder(error)),
        };
        Self::parse(&text)
            .map(Some)
            .map_err(|reason| CollectionError::Manifest { path, reason })
    }

    pub(crate) fn parse(text: &[u8]) -> Result<Self, String> {
        #[derive(Deserialize)]
        struct Version {
            format_version: u32,
        }
        let version: Version = serde_json::from_slice(text).map_err(|e| e.to_string())?;
        if version.format_version != FORMAT_VERSION {
            return Err(format!(
                "it has the format version {}, this program reads {FORMAT_VERSION}",
                version.format_version
            ));
        }
        serde_json::from_slice(text).map_err(|e| e.to_string())
    }
}
