//! The formats by their names.

use std::path::{Path, PathBuf};
use std::str::FromStr;

use super::bulk::{BulkField, BulkQueries, BulkRequests};
use super::ciff::{CiffSettings, ciff_output};
use super::engine_queries::{PisaQueries, QdrantQueries};
use super::json_vectors::JsonVectors;
use super::line_format::LineFormat;
use super::line_output::LineOutput;
use super::npz::{NpzTexts, npz_output};
use super::pseudo_text::PseudoText;
use super::qdrant::QdrantPoints;
use super::seismic::SeismicLines;
use super::topics::{AnseriniTopics, PyseriniTopics};
use super::traits::Output;
use crate::error::{Error, Result};
use crate::quote::Quoted;
use crate::run::Compression;

/// A format that documents can be written in, beside the Lucene index.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum OutputFormat {
    /// Pyserini's `JsonVectorCollection`.
    JsonVectors,
    /// One document per line with each term repeated.
    PseudoText,
    /// Bulk requests for Elasticsearch or OpenSearch.
    Bulk(BulkField),
    /// The Common Index File Format.
    Ciff,
    /// JSON Lines for Seismic.
    Seismic,
    /// Points for Qdrant.
    Qdrant,
    /// Sparse matrices for `SciPy`.
    Npz,
}

/// The name of the format that lies in the output folder itself.
const COLLECTION: &str = "json-vectors";

/// The names of the formats, as users write them.
const NAMES: [(&str, OutputFormat); 11] = [
    (COLLECTION, OutputFormat::JsonVectors),
    ("pseudo-text", OutputFormat::PseudoText),
    ("elasticsearch", OutputFormat::Bulk(BulkField::Text)),
    (
        "elasticsearch-features",
        OutputFormat::Bulk(BulkField::RankFeatures),
    ),
    ("opensearch", OutputFormat::Bulk(BulkField::Text)),
    (
        "opensearch-features",
        OutputFormat::Bulk(BulkField::RankFeatures),
    ),
    (
        "opensearch-seismic",
        OutputFormat::Bulk(BulkField::SparseVector),
    ),
    ("ciff", OutputFormat::Ciff),
    ("seismic", OutputFormat::Seismic),
    ("qdrant", OutputFormat::Qdrant),
    ("npz", OutputFormat::Npz),
];

impl OutputFormat {
    /// Returns the names of all formats.
    pub fn names() -> impl Iterator<Item = &'static str> {
        NAMES.iter().map(|(name, _)| *name)
    }

    /// Returns outputs of these formats, by their names: json-vectors in `folder` itself and before the others, each other
    /// one in the folder of its name there. `compression` is that of files of lines.
    ///
    /// # Errors
    /// If a name is none of a format, or two of them make the same files.
    pub fn outputs(
        names: &[impl AsRef<str>],
        folder: &Path,
        compression: Compression,
    ) -> Result<Vec<Box<dyn Output>>> {
        let mut outputs: Vec<(&str, Box<dyn Output>)> = Vec::new();
        for name in names.iter().map(|name| name.as_ref().trim()) {
            let place = match name {
                COLLECTION => folder.to_owned(),
                name => folder.join(name),
            };
            let made = name.parse::<Self>()?.output(place, compression);
            if let Some((first, _)) = outputs.iter().find(|(_, o)| o.format() == made.format()) {
                return Err(Error::setting(if *first == name {
                    format!("`format` names {name} twice; name it once")
                } else {
                    format!(
                        "`format` names {first} and {name}, which are the same files; name one of them"
                    )
                }));
            }
            let at = if name == COLLECTION { 0 } else { outputs.len() };
            outputs.insert(at, (name, made));
        }
        Ok(outputs.into_iter().map(|(_, output)| output).collect())
    }

    /// Returns an output of the format in the folder `path`. `compression` is that of files of lines.
    #[must_use]
    pub fn output(self, path: PathBuf, compression: Compression) -> Box<dyn Output> {
        match self {
            Self::JsonVectors => lines(path, compression, JsonVectors::default()),
            Self::PseudoText => lines(path, compression, PseudoText::default()),
            Self::Bulk(field) => lines(path, compression, BulkRequests::new(field)),
            Self::Seismic => lines(path, compression, SeismicLines::default()),
            Self::Qdrant => lines(path, compression, QdrantPoints::default()),
            Self::Ciff => Box::new(ciff_output(path, CiffSettings::default())),
            Self::Npz => Box::new(npz_output(path, NpzTexts::Documents)),
        }
    }

    /// Returns the format of queries for an engine that reads this format; `None` of [`OutputFormat::Npz`], whose topics are
    /// no lines.
    #[must_use]
    pub fn queries(self) -> Option<Box<dyn LineFormat>> {
        Some(match self {
            Self::JsonVectors => Box::new(PyseriniTopics::default()),
            Self::PseudoText => Box::new(AnseriniTopics::default()),
            Self::Bulk(field) => Box::new(BulkQueries::new(field)),
            Self::Ciff => Box::new(PisaQueries::default()),
            Self::Seismic => Box::new(SeismicLines::default()),
            Self::Qdrant => Box::new(QdrantQueries::default()),
            Self::Npz => return None,
        })
    }
}

fn lines(
    path: PathBuf,
    compression: Compression,
    format: impl LineFormat + 'static,
) -> Box<dyn Output> {
    Box::new(LineOutput::new(path, format, compression))
}

impl FromStr for OutputFormat {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let found = NAMES.iter().find(|(name, _)| *name == text);
        found.map(|(_, format)| *format).ok_or_else(|| {
            let names: Vec<&str> = Self::names().collect();
            Error::setting(format!(
                "{} is no `format`; take one of {}",
                Quoted(text),
                names.join(", ")
            ))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_opens_an_output() {
        for name in OutputFormat::names() {
            let format: OutputFormat = name.parse().unwrap();
            let output = format.output("out".into(), Compression::Gzip);
            assert!(!output.format().is_empty());
        }
        let error = "xml".parse::<OutputFormat>().unwrap_err().to_string();
        assert!(error.contains("json-vectors, pseudo-text"), "{error}");
    }
}
