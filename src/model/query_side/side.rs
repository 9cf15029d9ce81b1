//! What encodes queries for a model.

use std::path::PathBuf;

/// What encodes queries.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum QuerySide {
    /// The model that encodes documents.
    SameModel,
    /// The model in this folder.
    Model(PathBuf),
    /// A weight for each term that is in the query: the table in this file.
    Table(PathBuf),
    /// A module of this class, which is not known here.
    Unknown(String),
    /// The weight 1 for each term that is in the query.
    Ones,
}
