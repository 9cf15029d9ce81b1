//! RoBERTa and XLM-RoBERTa (`RobertaForMaskedLM`, `XLMRobertaForMaskedLM`), CamemBERT.

use super::bert::{layers, token_types};
use super::{Activation, Architecture, ConfigReader};
use crate::model::error::ModelError;

pub(super) fn architecture(
    config: &ConfigReader<'_>,
    name: &str,
) -> Result<Architecture, ModelError> {
    let prefix = config.prefix("roberta.")?;
    let word_embeddings = format!("{prefix}embeddings.word_embeddings.weight");
    let transform = "lm_head.dense".to_owned();
    let decoder = config.decoder(
        &word_embeddings,
        &transform,
        "lm_head.decoder",
        "lm_head.bias",
    )?;
    // Positions count from the one after the padding token's id.
    let position_offset = config.config.pad_token_id.unwrap_or(1) + 1;
    let rows = config.required(
        "max_position_embeddings",
        config.config.max_position_embeddings,
    )?;
    Ok(Architecture {
        name: match name {
            "xlm-roberta" => "xlm-roberta",
            "camembert" => "camembert",
            _ => "roberta",
        },
        hidden: config.hidden()?,
        heads: config.heads()?,
        intermediate: config.intermediate()?,
        vocabulary: config.vocabulary()?,
        positions: rows.saturating_sub(position_offset),
        position_offset,
        activation: config.activation()?,
        norm_epsilon: config.config.layer_norm_eps.unwrap_or(1e-12),
        word_embeddings,
        position_embeddings: format!("{prefix}embeddings.position_embeddings.weight"),
        token_type_embeddings: token_types(config, prefix),
        embedding_norm: format!("{prefix}embeddings.LayerNorm"),
        layers: layers(config, prefix)?,
        transform,
        // Its head uses this one whatever the configuration says of the layers.
        transform_activation: Activation::Gelu,
        transform_norm: "lm_head.layer_norm".to_owned(),
        decoder,
    })
}
