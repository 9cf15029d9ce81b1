//! `modules.json` of sentence-transformers: the modules of a model and the folder of each.
//!
//! ```text
//! [{"idx": 0, "name": "0", "path": "", "type": "sentence_transformers....MLMTransformer"},
//!  {"idx": 1, "name": "1", "path": "1_SpladePooling", "type": "sentence_transformers....SpladePooling"}]
//! ```

use std::path::{Component, Path, PathBuf};

use fs_err as fs;
use serde::Deserialize;

use crate::model::error::ModelError;
use crate::quote::Quoted;

/// The classes that hold configuration and weights.
const TRANSFORMERS: [&str; 2] = ["MLMTransformer", "Transformer"];

/// The modules of a model.
#[derive(Debug, Default)]
pub struct Modules {
    folder: PathBuf,
    modules: Vec<Module>,
}

#[derive(Debug, Deserialize)]
struct Module {
    path: String,
    r#type: String,
}

impl Modules {
    /// Reads the list of a folder, empty where there is none.
    pub(crate) fn read(folder: &Path) -> Result<Self, ModelError> {
        let path = folder.join("modules.json");
        if !path.exists() {
            return Ok(Self::default());
        }
        let bytes = fs::read(&path).map_err(|e| ModelError::broken(&path, e))?;
        let modules: Vec<Module> =
            serde_json::from_slice(&bytes).map_err(|e| ModelError::broken(&path, e))?;
        let is_inside = |module: &Module| {
            let mut parts = Path::new(&module.path).components();
            parts.all(|part| matches!(part, Component::Normal(_)))
        };
        if let Some(module) = modules.iter().find(|module| !is_inside(module)) {
            let reason = format!(
                "module {} lies outside the model folder",
                Quoted(&module.path)
            );
            return Err(ModelError::broken(&path, reason));
        }
        Ok(Self {
            folder: folder.to_owned(),
            modules,
        })
    }

    /// Returns the folder with configuration and weights.
    pub(crate) fn transformer(&self) -> Option<PathBuf> {
        TRANSFORMERS.into_iter().find_map(|class| self.class(class))
    }

    /// Returns the folder of the first module of this class.
    pub(crate) fn class(&self, class: &str) -> Option<PathBuf> {
        let is_it = |module: &&Module| module.r#type.rsplit('.').next() == Some(class);
        let module = self.modules.iter().find(is_it)?;
        Some(match module.path.as_str() {
            "" => self.folder.clone(),
            path => self.folder.join(path),
        })
    }
}
