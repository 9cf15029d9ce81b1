//! The two sides of a model's folder: documents and queries.

use std::path::{Path, PathBuf};

use super::router::Router;
use super::side::QuerySide;
use crate::model::error::ModelError;

/// Tables that may lie beside a model, as OpenSearch's do.
const TABLES: [&str; 2] = ["idf.json", "query_token_weights.txt"];
/// A second model without a word of it elsewhere.
const SECOND_MODEL: &str = "query_0_MLMTransformer";

/// The two sides of a model's folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sides {
    /// The folder of the model that encodes documents.
    pub documents: PathBuf,
    /// What encodes queries.
    pub queries: QuerySide,
}

impl Sides {
    /// Reads what the folder says.
    ///
    /// # Errors
    /// [`ModelError::Broken`] if `router_config.json` is damaged or names a module that is not known.
    pub fn find(folder: &Path) -> Result<Self, ModelError> {
        if let Some(router) = Router::find(folder)? {
            let (documents, queries) = router.sides()?;
            return Ok(Self { documents, queries });
        }
        let table = TABLES.map(|name| folder.join(name));
        let second = folder.join(SECOND_MODEL);
        let queries = if let Some(table) = table.into_iter().find(|path| path.exists()) {
            QuerySide::Table(table)
        } else if second.join("config.json").exists() {
            QuerySide::Model(second)
        } else {
            QuerySide::SameModel
        };
        Ok(Self {
            documents: folder.to_owned(),
            queries,
        })
    }
}
