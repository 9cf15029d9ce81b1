//! `plan.json`: where each part of a corpus begins.
//!
//! With it, a run that makes some of the parts goes to them without reading those before. It holds:
//!
//! - `format_version`: 1
//! - `part_size`, `fields`, `id_field`: what decides where a part ends and what is in it
//! - `inputs`: for each file its name, its size in bytes as it is stored, and its format
//! - `documents`, `rejected`: their numbers in the whole corpus
//! - `parts`: for each part the file (`input`, from 0), the decompressed bytes (`offset`) and lines (`lines`) before it
//!   there, the records before it in the whole corpus, its documents and rejected records, and the digest of all
//!   documents up to its last
//! - `duplicates`: file and line of each record whose docid was read before

use std::collections::HashSet;
use std::io::Read;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::digest_chain::DigestChain;
use super::error::CorpusError;
use super::format::InputFormat;
use super::position::Position;
use super::reader::CorpusOptions;
use super::source::Source;

const FORMAT_VERSION: u32 = 1;
/// Reads no larger file: a plan of 100 million documents has 2 MB.
const MAX_FILE: u64 = 1 << 30;

/// Where each part of a corpus begins, and which docids in it are duplicates.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Plan {
    format_version: u32,
    /// Maximum number of documents per part.
    pub part_size: usize,
    /// The fields that make the text.
    pub fields: Vec<String>,
    /// The key that holds the docid, if it is none of the usual ones.
    pub id_field: Option<String>,
    /// The files that were read, in their order.
    pub inputs: Vec<PlannedInput>,
    /// Documents in the whole corpus.
    pub documents: u64,
    /// Records that cannot be used.
    pub rejected: u64,
    /// The parts in their order.
    pub parts: Vec<PlannedPart>,
    /// Records whose docid was read before, in their order.
    pub duplicates: Vec<PlannedDuplicate>,
}

/// A file of the corpus.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PlannedInput {
    /// Its name.
    pub name: String,
    /// Its size in bytes, as it is stored.
    pub bytes: Option<u64>,
    /// Its format.
    pub format: InputFormat,
}

/// A part of the corpus.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PlannedPart {
    /// The file in which it begins, from 0.
    pub input: usize,
    /// Decompressed bytes before it in that file.
    pub offset: u64,
    /// Lines before it in that file.
    pub lines: u64,
    /// Records before it in the whole corpus.
    pub records: u64,
    /// Its documents.
    pub documents: u64,
    /// Its records that cannot be used; for the last part, also those after its last document.
    pub rejected: u64,
    /// SHA-256 over all documents up to its last, in hexadecimal.
    pub input_sha256: String,
}

/// A record whose docid was read before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PlannedDuplicate {
    /// The file, from 0.
    pub input: usize,
    /// The line in it, from 1.
    pub line: u64,
}

impl PlannedPart {
    pub(super) fn begin(&self) -> Position {
        Position {
            source: self.input,
            offset: self.offset,
            lines: self.lines,
        }
    }
}

impl Plan {
    /// Begins the plan of an input that was not read yet.
    pub(super) fn begin(options: &CorpusOptions, part_size: usize) -> Self {
        Self {
            format_version: FORMAT_VERSION,
            part_size,
            fields: options.fields.names().to_vec(),
            id_field: options.id_field.clone(),
            inputs: Vec::new(),
            documents: 0,
            rejected: 0,
            parts: Vec::new(),
            duplicates: Vec::new(),
        }
    }

    /// Reads a plan from its file.
    ///
    /// # Errors
    /// Returns [`CorpusError::Open`] and [`CorpusError::Plan`].
    pub fn read(path: &Path) -> Result<Self, CorpusError> {
        let mut bytes = Vec::new();
        super::open::open_regular(path)?
            .take(MAX_FILE)
            .read_to_end(&mut bytes)
            .map_err(|e| CorpusError::open(path, e))?;
        Self::parse(&bytes).map_err(|reason| CorpusError::Plan {
            path: path.to_owned(),
            reason,
        })
    }

    /// Reads a plan from its bytes, and checks that its places are in order.
    pub(crate) fn parse(bytes: &[u8]) -> Result<Self, String> {
        let plan: Self = serde_json::from_slice(bytes).map_err(|error| {
            let (line, column) = (error.line(), error.column());
            format!("it is not JSON of that form, at line {line}, column {column}")
        })?;
        plan.check()?;
        Ok(plan)
    }

    fn check(&self) -> Result<(), String> {
        if self.format_version != FORMAT_VERSION {
            return Err(format!(
                "it has format version {}, this program reads {FORMAT_VERSION}",
                self.format_version
            ));
        }
        let mut documents = 0_u64;
        let mut rejected = 0_u64;
        let mut before = Position::default();
        for (index, part) in self.parts.iter().enumerate() {
            let begin = part.begin();
            let in_order = (before.source, before.offset) <= (begin.source, begin.offset);
            let records = documents.checked_add(rejected);
            if DigestChain::after(&part.input_sha256).is_none() {
                return Err(format!(
                    "the digest of part {index} is not SHA-256 in hexadecimal"
                ));
            }
            let holds = part.documents > 0 && part.documents <= self.part_size as u64;
            if !in_order
                || !holds
                || begin.source >= self.inputs.len()
                || records != Some(part.records)
            {
                return Err(format!("part {index} does not follow the one before it"));
            }
            before = begin;
            documents += part.documents;
            rejected = rejected.saturating_add(part.rejected);
        }
        if (documents, rejected) != (self.documents, self.rejected) {
            return Err("its numbers are not the sums of those of the parts".to_owned());
        }
        Ok(())
    }

    /// Compares the plan with what is to be read.
    ///
    /// # Errors
    /// Returns [`CorpusError::PlanDiffers`] where the settings, the names of the files or their sizes differ.
    pub(super) fn compare(
        &self,
        options: &CorpusOptions,
        part_size: usize,
        sources: &[Source],
    ) -> Result<(), CorpusError> {
        let differs = |what| Err(CorpusError::PlanDiffers { what });
        if self.part_size != part_size {
            return differs("`part_size`");
        }
        if self.fields != options.fields.names() {
            return differs("`fields`");
        }
        if self.id_field != options.id_field {
            return differs("`id_field`");
        }
        if self.inputs.len() != sources.len() {
            return differs("the number of files");
        }
        for (input, source) in self.inputs.iter().zip(sources) {
            // Machines may see the same file below different folders.
            if base_name(&input.name) != base_name(&source.name) {
                return differs("the name of a file");
            }
            if input.bytes != source.size() {
                return differs("the size of a file");
            }
            if options.format.is_some_and(|format| format != input.format) {
                return differs("`input_format`");
            }
        }
        Ok(())
    }

    /// Returns the digest before a part, in hexadecimal; `None` before the first.
    pub(super) fn digest_before(&self, part: usize) -> Option<&str> {
        let before = self.parts.get(part.checked_sub(1)?)?;
        Some(&before.input_sha256)
    }

    /// Returns the places of duplicates: source and line.
    pub(super) fn duplicate_places(&self) -> HashSet<(usize, u64)> {
        let places = self.duplicates.iter();
        places.map(|place| (place.input, place.line)).collect()
    }
}

fn base_name(name: &str) -> &str {
    name.rsplit_once(['/', '\\']).map_or(name, |(_, base)| base)
}
