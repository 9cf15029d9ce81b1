//! The flags of commands that encode queries.

use std::path::{Path, PathBuf};

use clap::Args;
use splade_export::{QueryEncoder, QueryOrigin, QueryWeights};

use super::encode::EncodeOptions;
use super::fetch_progress::model_folder;

/// What encodes queries, and the folder that it is in.
pub struct OpenQueries {
    pub encoder: QueryEncoder,
    pub folder: PathBuf,
}

#[derive(Args)]
pub struct QueryArgs {
    /// The model that encodes queries, a folder or a name [default: as the model's folder says]
    #[arg(long, value_name = "MODEL", help_heading = "Queries")]
    query_model: Option<PathBuf>,

    /// Where the weights of queries come from: auto (as the model's folder says), model, table (that of the model's
    /// folder), ones (every term 1), or a file of terms and weights (.json, .safetensors, or lines of term, tab and
    /// weight)
    #[arg(
        long,
        value_name = "FROM",
        default_value = "auto",
        help_heading = "Queries"
    )]
    query_weights: QueryWeights,
}

impl QueryArgs {
    /// Returns true if a flag is given.
    pub fn is_given(&self) -> bool {
        self.query_model.is_some() || self.query_weights != QueryWeights::Auto
    }

    /// Opens what encodes queries.
    pub fn open(&self, encode: &EncodeOptions, quiet: bool) -> anyhow::Result<QueryEncoder> {
        let folder = self.folder(encode, quiet)?;
        let settings = encode.encoder.clone();
        Ok(QueryEncoder::open(&folder, &self.query_weights, settings)?)
    }

    /// Opens what encodes queries, and hashes its files beside loading them.
    pub fn open_with_fingerprint(
        &self,
        encode: &EncodeOptions,
        quiet: bool,
    ) -> anyhow::Result<OpenQueries> {
        let folder = self.folder(encode, quiet)?;
        let settings = encode.encoder.clone();
        let encoder = QueryEncoder::open_with_fingerprint(&folder, &self.query_weights, settings)?;
        Ok(OpenQueries { encoder, folder })
    }

    fn folder(&self, encode: &EncodeOptions, quiet: bool) -> anyhow::Result<PathBuf> {
        match &self.query_model {
            None => Ok(encode.model.clone()),
            Some(model) => model_folder(model, quiet),
        }
    }

    /// Tells what encodes queries for documents of this model.
    pub fn origin(&self, queries: &OpenQueries, documents: &Path) -> anyhow::Result<QueryOrigin> {
        let OpenQueries { encoder, folder } = queries;
        Ok(QueryOrigin::of(
            encoder,
            documents,
            folder,
            &self.query_weights,
        )?)
    }
}
