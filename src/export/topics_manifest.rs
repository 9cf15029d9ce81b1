//! `FILE.manifest.json`: what encoded topics were made of.
//!
//! Neither clock nor thread count nor path of the output is in it: the same topics and options give the same bytes.

use std::io::Write;
use std::path::{Path, PathBuf};

use serde::Serialize;

use super::documents::describe_encoding;
use crate::digest::sha256_of;
use crate::durable::NewFile;
use crate::encoder::{QueryOrigin, SpladeEncoder, TableEncoder};
use crate::error::Result;
use crate::impact::{Pruning, Quantization};
use crate::run::{EncodingSettings, InputFile, PartFile, RunSettings, VectorKind};

/// What encoded topics were made of.
#[derive(Serialize)]
struct TopicsManifest<'a> {
    format_version: u32,
    tool: String,
    kind: VectorKind,
    format: &'a str,
    #[serde(flatten)]
    origin: &'a QueryOrigin,
    encoding: &'a TopicsEncoding,
    pruning: Pruning,
    quantization: Option<Quantization>,
    input: &'a [InputFile],
    counts: TopicsSummary,
    file: PartFile,
}

/// What was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct TopicsSummary {
    /// Topics.
    pub topics: usize,
    /// Topics among them without any term; they will find nothing.
    pub empty: usize,
    /// Topics that had more tokens than were kept.
    pub truncated: usize,
    /// Terms over all topics.
    pub terms: usize,
}

/// From text to weights.
#[derive(Serialize)]
#[serde(untagged)]
enum TopicsEncoding {
    Model(EncodingSettings),
    Table {
        max_length: usize,
        fields: Vec<String>,
        keep_special_tokens: bool,
    },
}

/// What is known before topics are encoded.
pub(super) struct TopicsFacts {
    encoding: TopicsEncoding,
    pruning: Pruning,
    pub(super) origin: Option<QueryOrigin>,
    pub(super) quantization: Option<Quantization>,
    pub(super) format: String,
    pub(super) input: Vec<InputFile>,
}

impl TopicsFacts {
    /// Describes a model.
    pub(super) fn of_model(encoder: &SpladeEncoder, fields: &[String]) -> Self {
        Self::new(
            TopicsEncoding::Model(describe_encoding(encoder, fields)),
            encoder.pruning(),
        )
    }

    /// Describes a table.
    pub(super) fn of_table(encoder: &TableEncoder, fields: &[String]) -> Self {
        let settings = encoder.settings();
        let encoding = TopicsEncoding::Table {
            max_length: settings.max_length,
            fields: fields.to_vec(),
            keep_special_tokens: settings.keep_special_tokens,
        };
        Self::new(encoding, settings.pruning)
    }

    fn new(encoding: TopicsEncoding, pruning: Pruning) -> Self {
        Self {
            encoding,
            pruning,
            origin: None,
            quantization: None,
            format: String::new(),
            input: Vec::new(),
        }
    }
}

/// Returns where the manifest of encoded topics lies.
#[must_use]
pub fn topics_manifest_path(output: &Path) -> PathBuf {
    let mut path = output.as_os_str().to_owned();
    path.push(".manifest.json");
    path.into()
}

/// Writes the manifest of topics that are whole, of which `written` is the file with the vectors; nothing where it is not
/// known what encoded them.
pub(super) fn write_manifest(
    facts: &TopicsFacts,
    output: &Path,
    written: &Path,
    counts: TopicsSummary,
    file: Option<NewFile>,
) -> Result<()> {
    let (Some(origin), Some(mut file)) = (&facts.origin, file) else {
        return Ok(());
    };
    // The file is named from the folder of the manifest on, or, where the output is a folder, from there.
    let name = match written.strip_prefix(output) {
        Ok(inside) if !inside.as_os_str().is_empty() => inside.as_os_str(),
        _ => output.file_name().unwrap_or_default(),
    };
    let manifest = TopicsManifest {
        format_version: RunSettings::current_version(),
        tool: RunSettings::this_tool(),
        kind: match facts.quantization {
            Some(_) => VectorKind::Impacts,
            None => VectorKind::Weights,
        },
        format: &facts.format,
        origin,
        encoding: &facts.encoding,
        pruning: facts.pruning,
        quantization: facts.quantization,
        input: &facts.input,
        counts,
        file: PartFile {
            name: name.to_string_lossy().into_owned(),
            sha256: sha256_of(written)?,
            bytes: fs_err::metadata(written)?.len(),
        },
    };
    serde_json::to_writer_pretty(&mut file, &manifest)?;
    file.write_all(b"\n")?;
    Ok(file.finish()?)
}
