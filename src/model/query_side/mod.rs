//! How a model's folder wants queries to be encoded: by the model of the documents, by a second one, or by a table.
//!
//! | Found | Queries |
//! |---|---|
//! | `router_config.json` of sentence-transformers | what its route "query" begins with |
//! | `idf.json`, `query_token_weights.txt` at the root | a table: term and weight |
//! | `query_0_MLMTransformer/` | a second model |
//! | nothing of it | the same model |

mod router;
mod table;

use std::path::{Path, PathBuf};

use super::error::ModelError;
use router::Router;

pub use table::QueryTable;

/// Tables that may lie beside a model, as OpenSearch's do.
const TABLES: [&str; 2] = ["idf.json", "query_token_weights.txt"];
/// A second model without a word of it elsewhere.
const SECOND_MODEL: &str = "query_0_MLMTransformer";

/// What encodes queries.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum QuerySide {
    /// The model that encodes documents.
    SameModel,
    /// The model in this folder.
    Model(PathBuf),
    /// A weight for each term that is in the query: the table in this file.
    Table(PathBuf),
    /// The weight 1 for each term that is in the query.
    Ones,
}

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
            return router.sides();
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

#[cfg(test)]
mod tests;
