//! `router_config.json` of sentence-transformers: one way for documents, one for queries.
//!
//! ```text
//! {"types": {"query_0_SparseStaticEmbedding": "sentence_transformers....SparseStaticEmbedding",
//!            "document_0_MLMTransformer": "sentence_transformers....MLMTransformer", ...},
//!  "structure": {"query": ["query_0_SparseStaticEmbedding"], "document": ["document_0_MLMTransformer", ...]}}
//! ```

use std::collections::HashMap;
use std::path::{Component, Path, PathBuf};

use fs_err as fs;
use serde::Deserialize;

use super::side::QuerySide;
use crate::model::error::ModelError;
use crate::quote::Quoted;

const FILE: &str = "router_config.json";
/// Where a table's weights may lie in its module's folder.
const WEIGHTS: [&str; 4] = [
    "model.safetensors",
    "pytorch_model.bin",
    "idf.json",
    "query_token_weights.txt",
];

/// A router's file, read.
pub(super) struct Router {
    /// The model's folder.
    root: PathBuf,
    path: PathBuf,
    config: Config,
}

#[derive(Deserialize)]
struct Config {
    types: HashMap<String, String>,
    structure: Structure,
}

#[derive(Deserialize)]
struct Structure {
    query: Vec<String>,
    document: Vec<String>,
}

/// `modules.json`
#[derive(Deserialize)]
struct Module {
    path: String,
    r#type: String,
}

impl Router {
    /// Reads the router of a folder, if it has one.
    pub fn find(root: &Path) -> Result<Option<Self>, ModelError> {
        let mut path = root.join(FILE);
        if !path.exists() {
            match Self::folder_in_modules(root)? {
                Some(folder) => path = folder.join(FILE),
                None => return Ok(None),
            }
        }
        let config = read(&path)?;
        Ok(Some(Self {
            root: root.to_owned(),
            path,
            config,
        }))
    }

    /// Returns the router's folder where `modules.json` names one other than the root.
    fn folder_in_modules(root: &Path) -> Result<Option<PathBuf>, ModelError> {
        let path = root.join("modules.json");
        if !path.exists() {
            return Ok(None);
        }
        let modules: Vec<Module> = read(&path)?;
        let router = modules
            .iter()
            .find(|module| class(&module.r#type) == "Router");
        router
            .filter(|module| !module.path.is_empty())
            .map(|module| inside(root, &module.path, &path))
            .transpose()
    }

    /// Returns what each route begins with: the folder of the documents' model, and what encodes queries.
    pub fn sides(&self) -> Result<(PathBuf, QuerySide), ModelError> {
        let (document, documents) = self.first(&self.config.structure.document, "document")?;
        let (query, folder) = self.first(&self.config.structure.query, "query")?;
        let queries = if query == document {
            QuerySide::SameModel
        } else {
            match class(self.config.types.get(query).map_or("", String::as_str)) {
                "SparseStaticEmbedding" | "IDF" => QuerySide::Table(self.table(&folder)),
                "MLMTransformer" | "Transformer" => QuerySide::Model(folder),
                other => QuerySide::Unknown(other.to_owned()),
            }
        };
        Ok((documents, queries))
    }

    fn first<'a>(&self, route: &'a [String], name: &str) -> Result<(&'a str, PathBuf), ModelError> {
        let id = route.first().ok_or_else(|| {
            ModelError::broken(&self.path, format!("the route \"{name}\" is empty"))
        })?;
        let base = self.path.parent().unwrap_or(&self.root);
        Ok((id, inside(base, id, &self.path)?))
    }

    /// Returns where the table is, or where it should be.
    fn table(&self, folder: &Path) -> PathBuf {
        let here = WEIGHTS.map(|name| folder.join(name));
        let at_root = ["idf.json", "query_token_weights.txt"].map(|name| self.root.join(name));
        let mut places = here.iter().chain(&at_root);
        places
            .find(|path| path.exists())
            .unwrap_or(&here[0])
            .clone()
    }
}

fn read<T: serde::de::DeserializeOwned>(path: &Path) -> Result<T, ModelError> {
    let bytes = fs::read(path).map_err(|e| ModelError::broken(path, e))?;
    serde_json::from_slice(&bytes).map_err(|e| ModelError::broken(path, e))
}

/// Returns a class's own name.
fn class(path: &str) -> &str {
    path.rsplit('.').next().unwrap_or(path)
}

/// Returns the folder of a module.
///
/// # Errors
/// A name that leads out of `base`.
fn inside(base: &Path, name: &str, file: &Path) -> Result<PathBuf, ModelError> {
    let mut components = Path::new(name).components();
    if components.all(|component| matches!(component, Component::Normal(_))) {
        return Ok(base.join(name));
    }
    let reason = format!("module {} lies outside the model folder", Quoted(name));
    Err(ModelError::broken(file, reason))
}
