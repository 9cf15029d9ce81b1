//! What encoded queries, and of which model the documents have to be.

use std::path::Path;

use serde::Serialize;

use super::error::EncodeError;
use super::query_encoder::{QueryEncoder, QueryWeights};
use crate::model::{Fingerprint, QuerySide, document_side_files};

/// What encoded queries, and of which model the documents have to be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct QueryOrigin {
    /// The model that encodes documents: SHA-256 of its files. Where another side encodes queries, of its tokenizer and
    /// its configuration alone, because its weights are not read.
    pub model: Fingerprint,
    /// What encodes queries.
    pub queries: QueryFacts,
}

/// What encoded queries.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct QueryFacts {
    /// Origin of the weights.
    pub weights: QueryWeightsKind,
    /// SHA-256 of the files that determine them.
    pub files: Fingerprint,
}

/// Origin of the weights of queries.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum QueryWeightsKind {
    /// From the model that encodes documents.
    Model,
    /// From a second model.
    SecondModel,
    /// From a table.
    Table,
    /// 1 for each term.
    Ones,
}

impl QueryOrigin {
    /// Tells what an encoder is that was opened with `weights` of the folder `queries`, for documents of the model in
    /// the folder `documents`.
    ///
    /// # Errors
    /// [`EncodeError`] if a file cannot be read.
    pub fn of(
        encoder: &QueryEncoder,
        documents: &Path,
        queries: &Path,
        weights: &QueryWeights,
    ) -> Result<Self, EncodeError> {
        let side = QueryEncoder::side(queries, weights)?;
        let files = match encoder {
            QueryEncoder::Model(model) => model.fingerprint()?,
            QueryEncoder::Table(table) => Fingerprint::of(queries, table.files())?,
        };
        let kind = match side {
            QuerySide::Table(_) => QueryWeightsKind::Table,
            QuerySide::Ones => QueryWeightsKind::Ones,
            QuerySide::SameModel if documents == queries => QueryWeightsKind::Model,
            _ => QueryWeightsKind::SecondModel,
        };
        let model = if kind == QueryWeightsKind::Model {
            files.clone()
        } else {
            Fingerprint::of(documents, &document_side_files(documents)?)?
        };
        Ok(Self {
            model,
            queries: QueryFacts {
                weights: kind,
                files,
            },
        })
    }
}
