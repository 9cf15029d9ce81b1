//! `manifest.json`: what a collection was made of and what is in it.
//!
//! Neither clock nor thread count nor path of the output is in it: the same input and options give
//! the same bytes.

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::error::CollectionError;
use super::names::{MANIFEST, UNFINISHED};
use crate::durable::AtomicFile;
use crate::regular_file;
use crate::run::{Accounting, Counts, PartFile, PartRecord, RunSettings, Shard};

/// The format of a collection's lines unless its manifest says otherwise.
const JSON_VECTORS: &str = "json-vectors";

/// A collection described.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Manifest {
    /// What it was made of and how.
    #[serde(flatten)]
    pub settings: RunSettings,
    /// The format of the lines, where it is another than `json-vectors`.
    #[serde(default = "json_vectors", skip_serializing_if = "is_json_vectors")]
    pub format: String,
    /// What the run saw of the whole input, where it encoded some of the parts only.
    #[serde(rename = "share", default, skip_serializing_if = "Option::is_none")]
    pub shard: Option<Shard>,
    /// What became of the records.
    pub accounting: Accounting,
    /// Sums over all parts.
    pub counts: Counts,
    /// The parts in input order.
    pub parts: Vec<PartInfo>,
}

fn json_vectors() -> String {
    JSON_VECTORS.to_owned()
}

fn is_json_vectors(format: &str) -> bool {
    format == JSON_VECTORS
}

/// One part.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct PartInfo {
    /// Its file in `documents`.
    #[serde(flatten)]
    pub file: PartFile,
    /// Further files of the part, where the format has a limit for the size of one.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub more_files: Vec<PartFile>,
    /// SHA-256 over all documents of the input up to the part's last.
    pub input_sha256: String,
    /// Sums over its documents.
    pub counts: Counts,
}

impl PartInfo {
    /// Returns its number, from its name.
    #[must_use]
    pub fn number(&self) -> Option<usize> {
        let digits = self.file.name.strip_prefix("part-")?.split('.').next()?;
        digits.parse().ok()
    }

    /// Returns all files of the part.
    pub fn files(&self) -> impl Iterator<Item = &PartFile> {
        std::iter::once(&self.file).chain(&self.more_files)
    }

    /// Returns the record of the part in a run whose output had this format.
    #[must_use]
    pub fn record(&self, format: &str) -> PartRecord {
        PartRecord {
            input_sha256: self.input_sha256.clone(),
            counts: self.counts,
            files: BTreeMap::from([(format.to_owned(), self.files().cloned().collect())]),
        }
    }
}

impl Manifest {
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
        let mut text = Vec::new();
        let read = regular_file::open(&path).and_then(|mut file| file.read_to_end(&mut text));
        match read {
            Ok(_) => {}
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(CollectionError::file(&path, &error)),
        }
        Self::parse(&text)
            .map(Some)
            .map_err(|reason| CollectionError::Manifest { path, reason })
    }

    /// Reads the file of a collection's folder, which must have one.
    ///
    /// # Errors
    /// [`CollectionError::NoManifest`], [`CollectionError::NoFolder`], and as [`Manifest::read`].
    pub fn require(folder: &Path) -> Result<Self, CollectionError> {
        let found = std::fs::metadata(folder).map_err(|e| CollectionError::file(folder, &e))?;
        let path = folder.to_owned();
        if !found.is_dir() {
            return Err(CollectionError::NoFolder { path });
        }
        Self::read(folder)?.ok_or(CollectionError::NoManifest { path })
    }

    pub(crate) fn parse(text: &[u8]) -> Result<Self, String> {
        #[derive(Deserialize)]
        struct Version {
            format_version: u32,
        }
        let version: Version = serde_json::from_slice(text).map_err(|e| e.to_string())?;
        let known = RunSettings::current_version();
        if version.format_version != known {
            return Err(format!(
                "it has the format version {}, this program reads {known}",
                version.format_version
            ));
        }
        serde_json::from_slice(text).map_err(|e| e.to_string())
    }
}
