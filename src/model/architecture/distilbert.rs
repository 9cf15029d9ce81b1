//! DistilBERT (`DistilBertForMaskedLM`): OpenSearch's neural sparse models, SPLADE distil.

use super::{Architecture, ConfigReader, Layer};
use crate::model::error::ModelError;

/// Not configurable in this architecture.
const NORM_EPSILON: f32 = 1e-12;

pub(super) fn architecture(config: &ConfigReader<'_>) -> Result<Architecture, ModelError> {
    let prefix = config.prefix("distilbert.")?;
    let word_embeddings = format!("{prefix}embeddings.word_embeddings.weight");
    let transform = "vocab_transform".to_owned();
    let decoder = config.decoder(
        &word_embeddings,
        &transform,
        "vocab_projector",
        "vocab_projector.bias",
    )?;
    let activation = config.activation()?;
    let layer = |index| {
        let layer = format!("{prefix}transformer.layer.{index}");
        Layer {
            query: format!("{layer}.attention.q_lin"),
            key: format!("{layer}.attention.k_lin"),
            value: format!("{layer}.attention.v_lin"),
            attention_output: format!("{layer}.attention.out_lin"),
            attention_norm: format!("{layer}.sa_layer_norm"),
            intermediate: format!("{layer}.ffn.lin1"),
            output: format!("{layer}.ffn.lin2"),
            output_norm: format!("{layer}.output_layer_norm"),
        }
    };
    Ok(Architecture {
        name: "distilbert",
        hidden: config.hidden()?,
        heads: config.heads()?,
        intermediate: config.intermediate()?,
        vocabulary: config.vocabulary()?,
        positions: config.required(
            "max_position_embeddings",
            config.config.max_position_embeddings,
        )?,
        position_offset: 0,
        activation,
        norm_epsilon: NORM_EPSILON,
        word_embeddings,
        position_embeddings: format!("{prefix}embeddings.position_embeddings.weight"),
        token_type_embeddings: None,
        embedding_norm: format!("{prefix}embeddings.LayerNorm"),
        layers: (0..config.layers()?).map(layer).collect(),
        transform,
        transform_activation: activation,
        transform_norm: "vocab_layer_norm".to_owned(),
        decoder,
    })
}
