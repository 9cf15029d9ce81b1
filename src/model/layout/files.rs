//! Where the files of a model are in its folder.

use std::path::{Path, PathBuf};

use super::modules::Modules;
use crate::model::error::ModelError;
use crate::model::query_side::Sides;

/// Where an exported graph may be.
const ONNX: [&str; 2] = ["model.onnx", "onnx/model.onnx"];

/// Where the files of a model are.
#[derive(Debug)]
pub struct ModelFiles {
    /// The folder as the user named it.
    pub folder: PathBuf,
    /// The folder of configuration and weights: the same, or that of the module for documents.
    pub weights: PathBuf,
    /// Perhaps not there.
    pub config: PathBuf,
    /// The exported graph, where there is one.
    pub onnx: Option<PathBuf>,
    /// The modules that sentence-transformers lists.
    pub modules: Modules,
}

impl ModelFiles {
    /// Looks for the files of a model.
    pub(crate) fn find(folder: &Path) -> Result<Self, ModelError> {
        if !folder.is_dir() {
            return Err(missing(folder, "the folder itself"));
        }
        let modules = Modules::read(folder)?;
        let documents = Sides::find(folder)?.documents;
        let weights = match modules.transformer() {
            Some(transformer) if documents == folder => transformer,
            _ => documents,
        };
        Ok(Self {
            folder: folder.to_owned(),
            config: weights.join("config.json"),
            onnx: onnx(&weights),
            weights,
            modules,
        })
    }

    /// Returns the folders in which a file may lie, the more particular one first.
    pub fn folders(&self) -> impl Iterator<Item = &Path> {
        let root = (self.weights != self.folder).then_some(&*self.folder);
        [&*self.weights].into_iter().chain(root)
    }

    /// Returns the error for a folder in which something is missing.
    pub(crate) fn missing(&self, what: &str) -> ModelError {
        missing(&self.weights, what)
    }
}

/// Returns the exported graph: under its usual name, or under any if it is the only one.
fn onnx(folder: &Path) -> Option<PathBuf> {
    let usual = ONNX.map(|name| folder.join(name)).into_iter();
    usual.into_iter().find(|path| path.exists()).or_else(|| {
        let entries = folder.read_dir().ok()?.flatten().map(|entry| entry.path());
        let mut graphs = entries.filter(|path| path.extension().is_some_and(|e| e == "onnx"));
        let only = graphs.next()?;
        graphs.next().is_none().then_some(only)
    })
}

fn missing(folder: &Path, what: &str) -> ModelError {
    ModelError::NotAModelFolder {
        folder: folder.to_owned(),
        missing: what.to_owned(),
    }
}
