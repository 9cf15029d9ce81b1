//! RoBERTa, XLM-RoBERTa and CamemBERT (`RobertaForMaskedLM`, `XLMRobertaForMaskedLM`,
//! `CamembertForMaskedLM`).

use super::bert::{POSITIONS, layers};
use super::interface::Architecture;
use super::post_norm::{Common, PostNorm};
use super::source::{DecoderNames, SizeKeys, Source};
use crate::model::blocks::{Activation, MlmTransform};
use crate::model::config::Config;
use crate::model::error::ModelError;

pub fn open(source: &Source<'_>) -> Result<Box<dyn Architecture>, ModelError> {
    let common = Common::read(source, &SizeKeys::default(), "hidden_act")?;
    let prefix = source.prefix("roberta.")?;
    let hidden = common.sizes.hidden;
    let transform = MlmTransform {
        dense: source.head("lm_head.dense", hidden)?,
        // The head uses this one whatever the configuration says of the layers.
        activation: Activation::Gelu,
        norm: source.norm("lm_head.layer_norm", hidden, common.epsilon)?,
    };
    let offset = offset(source.config)?;
    let positions = source.positions(POSITIONS, offset)?;
    let embeddings = common.embeddings(source, prefix, offset, positions)?;
    Ok(Box::new(PostNorm {
        layers: layers(source, &common, prefix)?,
        decoder: source.decoder(
            &DecoderNames {
                words: &format!("{prefix}embeddings.word_embeddings.weight"),
                untied: "lm_head.decoder",
                bias: "lm_head.bias",
            },
            &common.sizes,
        )?,
        sizes: common.sizes,
        positions,
        embeddings,
        transform,
    }))
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
