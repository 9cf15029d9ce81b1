//! The file of a report, which replaces no other.

use std::path::Path;

use super::comparison::Comparison;
use super::error::ReportError;
use super::measure::Report;
use super::page::{write_comparison, write_page};
use crate::durable::{AtomicFile, create_folder, parent_of};

/// A page that is about to be written. It is opened before the collection is read, so that a place where it cannot be is
/// told at once.
pub struct ReportFile {
    file: AtomicFile,
}

impl ReportFile {
    /// Opens a temporary file beside `path`; folders are created.
    ///
    /// # Errors
    /// [`ReportError::Exists`] if something lies at `path`, [`ReportError::Write`] if the folder cannot be written.
    pub fn create(path: &Path) -> Result<Self, ReportError> {
        if path.symlink_metadata().is_ok() {
            return Err(ReportError::Exists {
                path: path.to_owned(),
            });
        }
        create_folder(parent_of(path))?;
        let file = AtomicFile::beside(path)?;
        Ok(Self { file })
    }

    /// Writes the page and gives the file its name.
    ///
    /// # Errors
    /// [`ReportError::Write`], also where a file of this name has appeared meanwhile.
    pub fn write(mut self, report: &Report) -> Result<(), ReportError> {
        write_page(report, &mut self.file)?;
        Ok(self.file.finish_new()?)
    }

    /// Writes the page of a comparison and gives the file its name.
    ///
    /// # Errors
    /// [`ReportError::Write`], also where a file of this name has appeared meanwhile.
    pub fn write_comparison(mut self, comparison: &Comparison) -> Result<(), ReportError> {
        write_comparison(comparison, &mut self.file)?;
        Ok(self.file.finish_new()?)
    }
}
