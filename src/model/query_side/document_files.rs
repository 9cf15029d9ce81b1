//! The small files of the model that encodes documents.

use std::path::{Path, PathBuf};

use super::sides::Sides;
use crate::model::error::ModelError;

/// What tells a model from others without its weights.
const NAMES: [&str; 3] = ["config.json", "tokenizer.json", "vocab.txt"];

/// Returns those files of the model that encodes documents that say what it is and are small.
///
/// # Errors
/// [`ModelError::Broken`] as [`Sides::find`].
pub fn document_side_files(folder: &Path) -> Result<Vec<PathBuf>, ModelError> {
    let documents = Sides::find(folder)?.documents;
    let files = NAMES.iter().map(|name| documents.join(name));
    Ok(files.filter(|path| path.is_file()).collect())
}
