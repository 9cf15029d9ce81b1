//! What a folder says of its model's pooling: the module `SpladePooling` of sentence-transformers.

use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::files::ModelFiles;
use crate::model::error::ModelError;
use crate::model::head::Aggregation;

/// The module's class.
const CLASS: &str = "SpladePooling";
/// Where sentence-transformers keeps the module: beside a model for documents and queries, or beside one
/// of which a router makes the documents' side.
const FOLDERS: [&str; 2] = ["1_SpladePooling", "document_1_SpladePooling"];

/// How a model was trained to be pooled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Pooling {
    /// `None` where the folder does not say.
    pub aggregation: Option<Aggregation>,
    /// How a logit becomes a weight.
    pub activation: Activation,
}

/// How a logit `l` becomes a weight, in sentence-transformers' terms.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Activation {
    /// `log(1 + relu(l))`
    #[default]
    Relu,
    /// `log(1 + log(1 + relu(l)))`, as OpenSearch's models of the third generation.
    Log1pRelu,
}

#[derive(Deserialize)]
struct File {
    pooling_strategy: Option<Aggregation>,
    activation_function: Option<Activation>,
}

impl Pooling {
    /// Reads how the documents of a model are pooled, and the file that says it.
    ///
    /// # Errors
    /// [`ModelError`] if the file says nothing that is known here.
    pub fn read(files: &ModelFiles) -> Result<(Self, Option<PathBuf>), ModelError> {
        let listed = files.modules.class(CLASS);
        let usual = FOLDERS.map(|name| files.folder.join(name));
        // The model of one side of a router has its pooling beside it.
        let sibling = router_sibling(&files.weights);
        let paths = listed.into_iter().chain(sibling).chain(usual);
        let mut paths = paths.map(|folder| folder.join("config.json"));
        let Some(path) = paths.find(|path| path.exists()) else {
            return Ok((Self::default(), None));
        };
        let bytes = fs_err::read(&path).map_err(|e| ModelError::broken(&path, e))?;
        let file: File = serde_json::from_slice(&bytes)
            .map_err(|e| ModelError::broken(&path, format!("not a pooling known here: {e}")))?;
        let pooling = Self {
            aggregation: file.pooling_strategy,
            activation: file.activation_function.unwrap_or_default(),
        };
        Ok((pooling, Some(path)))
    }
}

/// Returns the folder of the pooling for the model of one side of a router: the next module of that side.
fn router_sibling(folder: &Path) -> Option<PathBuf> {
    let name = folder.file_name()?.to_str()?;
    let sides = ["query", "document"];
    let side = sides
        .into_iter()
        .find(|side| name.starts_with(&format!("{side}_0_")))?;
    let module = format!("{side}_1_SpladePooling");
    Some(folder.parent()?.join(module))
}
