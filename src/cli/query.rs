//! The flags of commands that encode queries.

use std::path::PathBuf;

use clap::Args;
use splade_export::{QueryEncoder, QueryWeights};

use super::encode::EncodeOptions;
use super::fetch_progress::model_folder;

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
        let settings = encode.encoder.clone();
        let Some(model) = &self.query_model else {
            return Ok(QueryEncoder::open(
                &encode.model,
                &self.query_weights,
                settings,
            )?);
        };
        let folder = model_folder(model, quiet)?;
        Ok(QueryEncoder::open(&folder, &self.query_weights, settings)?)
    }
}
