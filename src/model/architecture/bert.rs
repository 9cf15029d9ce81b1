//! BERT (`BertForMaskedLM`): SPLADE++, SPLADE v3, the demo model, models on BERTimbau.

use super::{Architecture, ConfigReader, Layer};
use crate::model::error::ModelError;

pub(super) fn architecture(config: &ConfigReader<'_>) -> Result<Architecture, ModelError> {
    let prefix = config.prefix("bert.")?;
    let word_embeddings = format!("{prefix}embeddings.word_embeddings.weight");
    let transform = "cls.predictions.transform.dense".to_owned();
    let decoder = config.decoder(
        &word_embeddings,
        &transform,
        "cls.predictions.decoder",
        "cls.predictions.bias",
    )?;
    let activation = config.activation()?;
    Ok(Architecture {
        name: "bert",
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
        norm_epsilon: config.config.layer_norm_eps.unwrap_or(1e-12),
        word_embeddings,
        position_embeddings: format!("{prefix}embeddings.position_embeddings.weight"),
        token_type_embeddings: token_types(config, prefix),
        embedding_norm: format!("{prefix}embeddings.LayerNorm"),
        layers: layers(config, prefix)?,
        transform,
        transform_activation: activation,
        transform_norm: "cls.predictions.transform.LayerNorm".to_owned(),
        decoder,
    })
}

/// Names that RoBERTa shares.
pub(super) fn layers(config: &ConfigReader<'_>, prefix: &str) -> Result<Vec<Layer>, ModelError> {
    let layer = |index| {
        let layer = format!("{prefix}encoder.layer.{index}");
        Layer {
            query: format!("{layer}.attention.self.query"),
            key: format!("{layer}.attention.self.key"),
            value: format!("{layer}.attention.self.value"),
            attention_output: format!("{layer}.attention.output.dense"),
            attention_norm: format!("{layer}.attention.output.LayerNorm"),
            intermediate: format!("{layer}.intermediate.dense"),
            output: format!("{layer}.output.dense"),
            output_norm: format!("{layer}.output.LayerNorm"),
        }
    };
    Ok((0..config.layers()?).map(layer).collect())
}

/// The table of token types, where the checkpoint has one.
pub(super) fn token_types(config: &ConfigReader<'_>, prefix: &str) -> Option<(String, usize)> {
    let name = format!("{prefix}embeddings.token_type_embeddings.weight");
    let rows = config
        .table_rows(&name)
        .filter(|&rows| rows > 0 && config.config.type_vocab_size != Some(0))?;
    Some((name, rows))
}
