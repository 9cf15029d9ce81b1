//! DistilBERT (`DistilBertForMaskedLM`): OpenSearch's neural sparse models, SPLADE distil.

use super::bert::POSITIONS;
use super::interface::Architecture;
use super::post_norm::{Common, PostNorm};
use super::source::{DecoderNames, SizeKeys, Source};
use crate::model::blocks::{Attention, FeedForward, Head, Layer, MlmTransform};
use crate::model::error::ModelError;

/// The configuration has no say in it.
const NORM_EPSILON: f32 = 1e-12;
const KEYS: SizeKeys = SizeKeys {
    hidden: "dim",
    heads: "n_heads",
    intermediate: "hidden_dim",
    layers: "n_layers",
};

pub fn open(source: &Source<'_>) -> Result<Box<dyn Architecture>, ModelError> {
    let common = Common {
        epsilon: NORM_EPSILON,
        ..Common::read(source, &KEYS, "activation")?
    };
    let prefix = source.prefix("distilbert.")?;
    let hidden = common.sizes.hidden;
    let transform = MlmTransform {
        dense: source.head("vocab_transform", hidden)?,
        activation: common.activation,
        norm: source.norm("vocab_layer_norm", hidden, common.epsilon)?,
    };
    let positions = source.positions(POSITIONS, 0)?;
    let embeddings = common.embeddings(
        source,
        prefix,
        source.rows_of_positions(prefix, positions, hidden)?,
    )?;
    let layer = |index| {
        layer(
            source,
            &common,
            &format!("{prefix}transformer.layer.{index}"),
        )
    };
    let names = DecoderNames {
        words: &format!("{prefix}embeddings.word_embeddings.weight"),
        untied: "vocab_projector",
        bias: "vocab_projector.bias",
    };
    let decoder = source.decoder(&names, &common.sizes)?;
    Ok(Box::new(PostNorm {
        layers: (0..common.sizes.layers)
            .map(layer)
            .collect::<Result<_, _>>()?,
        head: Head::MaskedLm(transform, decoder),
        sizes: common.sizes,
        positions,
        embeddings,
    }))
}

fn layer(source: &Source<'_>, common: &Common, layer: &str) -> Result<Layer, ModelError> {
    let (hidden, inner) = (common.sizes.hidden, common.sizes.intermediate);
    let square = |name| source.dense(&format!("{layer}.attention.{name}"), hidden, hidden);
    let norm = |name| source.norm(&format!("{layer}.{name}"), hidden, common.epsilon);
    Ok(Layer {
        attention: Attention {
            heads: common.sizes.heads,
            rotary: None,
            window: None,
            query: square("q_lin")?,
            key: square("k_lin")?,
            value: square("v_lin")?,
            output: square("out_lin")?,
        },
        attention_norm: norm("sa_layer_norm")?,
        feed_forward: FeedForward {
            inner: source.dense(&format!("{layer}.ffn.lin1"), inner, hidden)?,
            gate: None,
            activation: common.activation,
            outer: source.dense(&format!("{layer}.ffn.lin2"), hidden, inner)?,
        },
        feed_forward_norm: norm("output_layer_norm")?,
    })
}
