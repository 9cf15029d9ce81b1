//! RoBERTa, XLM-RoBERTa and CamemBERT (`RobertaForMaskedLM`, `XLMRobertaForMaskedLM`,
//! `CamembertForMaskedLM`).

use super::bert::{POSITIONS, layers};
use super::interface::Architecture;
use super::post_norm::{Common, PostNorm};
use super::source::{DecoderNames, SizeKeys, Source};
use crate::model::blocks::{Activation, Head, MlmTransform, Positions};
use crate::model::config::Config;
use crate::model::error::ModelError;

pub fn open(source: &Source<'_>) -> Result<Box<dyn Architecture>, ModelError> {
    let common = Common::read(source, &SizeKeys::default(), "hidden_act")?;
    let prefix = source.prefix("roberta.")?;
    let hidden = common.sizes.hidden;
    let head = match source.token_weights(hidden)? {
        Some(dense) => Head::TokenWeights(dense),
        None => masked_lm(source, &common, prefix)?,
    };
    let offset = offset(source.config)?;
    let positions = source.positions(POSITIONS, offset)?;
    let table = format!("{prefix}embeddings.position_embeddings.weight");
    let rows = offset + positions;
    let table = source.checkpoint.tensor(&table, &[rows, hidden])?;
    let positions_of_tokens = Positions::BesidePadding {
        padding: offset - 1,
        rows: table.rows(offset - 1, rows),
    };
    Ok(Box::new(PostNorm {
        layers: layers(source, &common, prefix)?,
        head,
        embeddings: common.embeddings(source, prefix, positions_of_tokens)?,
        sizes: common.sizes,
        positions,
    }))
}

fn masked_lm(source: &Source<'_>, common: &Common, prefix: &str) -> Result<Head, ModelError> {
    let hidden = common.sizes.hidden;
    let transform = MlmTransform {
        dense: source.head("lm_head.dense", hidden)?,
        // The head uses this one whatever the configuration says of the layers.
        activation: Activation::Gelu,
        norm: source.norm("lm_head.layer_norm", hidden, common.epsilon)?,
    };
    let names = DecoderNames {
        words: &format!("{prefix}embeddings.word_embeddings.weight"),
        untied: "lm_head.decoder",
        bias: "lm_head.bias",
    };
    let decoder = source.decoder(&names, &common.sizes)?;
    Ok(Head::MaskedLm(transform, decoder))
}

/// Returns the rows of the table of positions that tokens use.
pub fn positions(config: &Config) -> Result<Option<usize>, ModelError> {
    let Some(rows) = config.get::<usize>(POSITIONS)? else {
        return Ok(None);
    };
    Ok(rows.checked_sub(offset(config)?))
}

/// Returns the row of the first token: positions count from the one after the padding token's id.
fn offset(config: &Config) -> Result<usize, ModelError> {
    let padding: Option<u32> = config.get("pad_token_id")?;
    Ok(padding.unwrap_or(1) as usize + 1)
}
