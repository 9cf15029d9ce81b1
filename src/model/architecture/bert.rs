//! BERT (`BertForMaskedLM`): SPLADE++, SPLADE v3, the demo model, models on BERTimbau.

use super::interface::Architecture;
use super::post_norm::{Common, PostNorm};
use super::source::{DecoderNames, SizeKeys, Source};
use crate::model::blocks::{Attention, FeedForward, Head, Layer, MlmTransform};
use crate::model::config::Config;
use crate::model::error::ModelError;

/// The key of the number of rows in the table of positions.
pub const POSITIONS: &str = "max_position_embeddings";

pub fn open(source: &Source<'_>) -> Result<Box<dyn Architecture>, ModelError> {
    let common = Common::read(source, &SizeKeys::default(), "hidden_act")?;
    let prefix = source.prefix("bert.")?;
    let hidden = common.sizes.hidden;
    let head = "cls.predictions";
    let transform = MlmTransform {
        dense: source.head(&format!("{head}.transform.dense"), hidden)?,
        activation: common.activation,
        norm: source.norm(
            &format!("{head}.transform.LayerNorm"),
            hidden,
            common.epsilon,
        )?,
    };
    let positions = source.positions(POSITIONS, 0)?;
    let embeddings = common.embeddings(
        source,
        prefix,
        source.rows_of_positions(prefix, positions, hidden)?,
    )?;
    let names = DecoderNames {
        words: &format!("{prefix}embeddings.word_embeddings.weight"),
        untied: "cls.predictions.decoder",
        bias: "cls.predictions.bias",
    };
    let decoder = source.decoder(&names, &common.sizes)?;
    Ok(Box::new(PostNorm {
        layers: layers(source, &common, prefix)?,
        head: Head::MaskedLm(transform, decoder),
        sizes: common.sizes,
        positions,
        embeddings,
    }))
}

/// Returns the number of rows in the table of positions: one for each token.
pub fn positions(config: &Config) -> Result<Option<usize>, ModelError> {
    config.get(POSITIONS)
}

/// Finds the layers, under names that RoBERTa shares.
pub fn layers(
    source: &Source<'_>,
    common: &Common,
    prefix: &str,
) -> Result<Vec<Layer>, ModelError> {
    let (hidden, inner) = (common.sizes.hidden, common.sizes.intermediate);
    let layer = |index| {
        let layer = format!("{prefix}encoder.layer.{index}");
        let square = |name| source.dense(&format!("{layer}.{name}"), hidden, hidden);
        let norm = |name| source.norm(&format!("{layer}.{name}"), hidden, common.epsilon);
        Ok(Layer {
            attention: Attention {
                heads: common.sizes.heads,
                rotary: None,
                window: None,
                query: square("attention.self.query")?,
                key: square("attention.self.key")?,
                value: square("attention.self.value")?,
                output: square("attention.output.dense")?,
            },
            attention_norm: norm("attention.output.LayerNorm")?,
            feed_forward: FeedForward {
                inner: source.dense(&format!("{layer}.intermediate.dense"), inner, hidden)?,
                gate: None,
                activation: common.activation,
                outer: source.dense(&format!("{layer}.output.dense"), hidden, inner)?,
            },
            feed_forward_norm: norm("output.LayerNorm")?,
        })
    };
    (0..common.sizes.layers).map(layer).collect()
}
