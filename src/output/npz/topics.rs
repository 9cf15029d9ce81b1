//! Topics as matrices, in one folder that appears when it is whole.

use std::path::{Path, PathBuf};

use tempfile::TempDir;

use super::assembly::{Matrix, NpzTexts, write_files};
use super::part::NpzPart;
use crate::durable::{NewFileError, TEMPORARY_PREFIX, create_folder, fault, sync_folder};
use crate::error::Result;
use crate::output::record::{EncodedRecord, Terms, VectorRef};
use crate::output::token_ids::TokenIds;
use crate::output::traits::PartWriter;

/// The number of the part that holds all topics.
const PART: usize = 0;

/// The format of topics as matrices: `OUTPUT/query/query-embeddings.npz` and what belongs to it.
#[derive(Default)]
pub(in crate::output) struct NpzTopics {
    ids: TokenIds,
}

impl NpzTopics {
    pub(in crate::output) fn set_vocabulary(&mut self, terms: &[String]) -> Result<()> {
        self.ids = TokenIds::new(terms)?;
        Ok(())
    }

    /// Returns the file of the matrix.
    pub(in crate::output) fn matrix(output: &Path) -> PathBuf {
        output.join(NpzTexts::Topics.file("embeddings.npz"))
    }

    /// Opens a temporary folder in `output`, which may hold the documents already, but no topics.
    pub(in crate::output) fn create(&self, output: &Path) -> Result<NpzTopicsFile<'_>> {
        let path = output.join(NpzTexts::Topics.name());
        if path.symlink_metadata().is_ok() {
            return Err(NewFileError::Exists { path }.into());
        }
        create_folder(output)?;
        let folder = tempfile::Builder::new()
            .prefix(TEMPORARY_PREFIX)
            .tempdir_in(output)?;
        Ok(NpzTopicsFile {
            part: NpzPart::create(&self.ids, PART, folder.path())?,
            ids: &self.ids,
            folder,
            path,
            rows: 0,
            entries: 0,
            data: "<i4",
        })
    }
}

/// Topics that are being written.
pub(in crate::output) struct NpzTopicsFile<'o> {
    part: NpzPart<'o>,
    ids: &'o TokenIds,
    folder: TempDir,
    path: PathBuf,
    rows: u64,
    entries: u64,
    /// Type in `NumPy` of the entries.
    data: &'static str,
}

impl NpzTopicsFile<'_> {
    pub(in crate::output) fn add(&mut self, record: &EncodedRecord<'_>) -> Result<()> {
        self.rows += 1;
        self.entries += record.vector.len() as u64;
        self.data = match record.vector {
            VectorRef::Impacts(_) => "<i4",
            VectorRef::Weights(_) => "<f4",
        };
        self.part.add(record)
    }

    /// Puts the files together and gives their folder its name, unless something has that name by now.
    pub(in crate::output) fn finish(self) -> Result<()> {
        Box::new(self.part).finish(Terms::Vocabulary(&[]))?;
        let folder = self.folder.path();
        let matrix = Matrix {
            rows: self.rows,
            entries: self.entries,
            columns: self.ids.terms().len(),
            data: self.data,
            numbers: vec![PART],
            folder,
        };
        write_files(&matrix, self.ids, NpzTexts::Topics, folder, folder)?;
        if self.path.symlink_metadata().is_ok() {
            return Err(NewFileError::Exists { path: self.path }.into());
        }
        fault::point("a rename")?;
        fs_err::rename(folder.join(NpzTexts::Topics.name()), &self.path)?;
        Ok(sync_folder(crate::durable::parent_of(&self.path))?)
    }
}
