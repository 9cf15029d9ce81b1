//! Where the files of a model are in its folder.

use std::path::{Path, PathBuf};

use crate::model::error::ModelError;

/// Where an exported graph may be.
const ONNX: [&str; 2] = ["model.onnx", "onnx/model.onnx"];

/// Where the files of a model are.
#[derive(Debug)]
pub struct ModelFiles {
    /// The folder as the user named it.
    pub folder: PathBuf,
    /// Perhaps not there.
    pub config: PathBuf,
    /// The exported graph, where there is one.
    pub onnx: Option<PathBuf>,
}

impl ModelFiles {
    /// Looks for the files of a model.
    pub fn find(folder: &Path) -> Result<Self, ModelError> {
        let files = Self {
            folder: folder.to_owned(),
            config: folder.join("config.json"),
            onnx: ONNX
                .map(|name| folder.join(name))
                .into_iter()
                .find(|path| path.exists()),
        };
        if !folder.is_dir() {
            return Err(files.missing("the folder itself"));
        }
        Ok(files)
    }

    /// Returns the error for a folder in which something is missing.
    pub fn missing(&self, what: &str) -> ModelError {
        ModelError::NotAModelFolder {
            folder: self.folder.clone(),
            missing: what.to_owned(),
        }
    }
}
