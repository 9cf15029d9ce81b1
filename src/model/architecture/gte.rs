//! GTE (`GteForMaskedLM`, and `NewForMaskedLM` in the code that its first checkpoints came with): BERT with
//! rotary positions and gates. OpenSearch's third neural sparse model is made of it.

use serde::Deserialize;

use super::bert::POSITIONS;
use super::interface::Architecture;
use super::post_norm::PostNorm;
use super::source::{DecoderNames, SizeKeys, Sizes, Source};
use crate::model::blocks::{
    Activation, Attention, Dense, Embeddings, FeedForward, Head, Layer, MlmTransform, Positions,
    Rotary,
};
use crate::model::error::ModelError;
use crate::quote::Quoted;

const WORDS: &str = "embeddings.word_embeddings.weight";
/// The prefix of the encoder's tensors in checkpoints of the model's own code.
const OWN_PREFIX: &str = "new.";

/// How the two forms of checkpoints name and join their tensors.
struct Names {
    layers: &'static str,
    attention_norm: &'static str,
    feed_forward_norm: &'static str,
    head_norm: &'static str,
    is_joined: bool,
}

/// As transformers has it in memory.
const SEPARATE: Names = Names {
    layers: "layers",
    attention_norm: "post_attention_layernorm",
    feed_forward_norm: "post_mlp_layernorm",
    head_norm: "lm_head.layer_norm",
    is_joined: false,
};

/// As the model's own code has it, and transformers in files.
const JOINED: Names = Names {
    layers: "encoder.layer",
    attention_norm: "attn_ln",
    feed_forward_norm: "mlp_ln",
    head_norm: "lm_head.norm",
    is_joined: true,
};

/// Opens a checkpoint under the names of transformers, or of the model's own code.
pub fn open(source: &Source<'_>) -> Result<Box<dyn Architecture>, ModelError> {
    let is_own = source
        .checkpoint
        .get(&format!("{OWN_PREFIX}{WORDS}"))
        .is_some();
    let prefix = if is_own {
        OWN_PREFIX
    } else {
        source.prefix("gte.")?
    };
    let joined = format!("{prefix}encoder.layer.0.attn_ln.weight");
    let names = match source.checkpoint.get(&joined) {
        Some(_) => JOINED,
        None => SEPARATE,
    };
    // What the model's own code takes where the configuration says nothing, and what transformers takes.
    let base = if is_own { 10_000.0 } else { 160_000.0 };
    let config = source.config;
    config.expect("position_embedding_type", "rope")?;
    config.expect("layer_norm_type", "layer_norm")?;
    let sizes = source.sizes(&SizeKeys::default())?;
    let positions = source.positions(POSITIONS, 0)?;
    let reader = Reader {
        prefix,
        is_own,
        rotary: rotary(source, &sizes, positions, base)?,
        activation: source.activation("hidden_act")?,
        epsilon: config.get("layer_norm_eps")?.unwrap_or(1e-12),
        source,
        sizes,
        names,
    };
    let words = reader.name(WORDS);
    let decoder = DecoderNames {
        words: &words,
        untied: "lm_head.decoder",
        bias: "lm_head.decoder.bias",
    };
    Ok(Box::new(PostNorm {
        sizes,
        positions,
        embeddings: reader.embeddings(&words)?,
        layers: (0..sizes.layers)
            .map(|index| reader.layer(index))
            .collect::<Result<_, _>>()?,
        head: Head::MaskedLm(reader.transform()?, source.decoder(&decoder, &sizes)?),
    }))
}

/// `rope_parameters` of transformers from its fifth version on, or `rope_scaling`.
#[derive(Deserialize, Default)]
struct Rope {
    rope_theta: Option<f64>,
    #[serde(alias = "type")]
    rope_type: Option<String>,
    factor: Option<f64>,
    mixed_b: Option<f64>,
}

fn rotary(
    source: &Source<'_>,
    sizes: &Sizes,
    positions: usize,
    default_base: f64,
) -> Result<Rotary, ModelError> {
    let config = source.config;
    let rope = match config.get::<Rope>("rope_parameters")? {
        Some(rope) => rope,
        None => config.get("rope_scaling")?.unwrap_or_default(),
    };
    let base = match rope.rope_theta {
        Some(base) => Some(base),
        None => config.get("rope_theta")?,
    };
    let base = base.unwrap_or(default_base);
    let size = source.head_size(sizes)?;
    match (rope.rope_type.as_deref(), rope.factor, rope.mixed_b) {
        (None | Some("default"), ..) => Ok(Rotary::new(base, size, positions)),
        // The model's own code scales only where the factor makes texts longer.
        (Some("ntk"), Some(factor), None) if factor > 1.0 => {
            Ok(Rotary::ntk_scaled(base, factor, size, positions))
        }
        (Some("ntk"), Some(_), None) => Ok(Rotary::new(base, size, positions)),
        (Some(form), ..) => {
            Err(config.error(format!("rope_type {} is not supported", Quoted(form))))
        }
    }
}

/// Finds the tensors by their names.
struct Reader<'a> {
    source: &'a Source<'a>,
    sizes: Sizes,
    names: Names,
    prefix: &'static str,
    /// True for a checkpoint of the model's own code.
    is_own: bool,
    rotary: Rotary,
    activation: Activation,
    epsilon: f32,
}

impl Reader<'_> {
    fn name(&self, part: &str) -> String {
        format!("{}{part}", self.prefix)
    }

    fn transform(&self) -> Result<MlmTransform, ModelError> {
        let hidden = self.sizes.hidden;
        Ok(MlmTransform {
            dense: self.source.head("lm_head.dense", hidden)?,
            activation: if self.is_own {
                self.activation
            } else {
                Activation::Gelu
            },
            norm: self
                .source
                .norm(self.names.head_norm, hidden, self.epsilon)?,
        })
    }

    fn embeddings(&self, words: &str) -> Result<Embeddings, ModelError> {
        let hidden = self.sizes.hidden;
        let shape = [self.sizes.vocabulary, hidden];
        let types = self.name("embeddings.token_type_embeddings.weight");
        let norm = self.name("embeddings.LayerNorm");
        Ok(Embeddings {
            words: self.source.checkpoint.tensor(words, &shape)?,
            positions: Positions::Rotary,
            token_type: self.source.token_type(&types, hidden)?,
            norm: self.source.norm(&norm, hidden, self.epsilon)?,
        })
    }

    fn layer(&self, index: usize) -> Result<Layer, ModelError> {
        let hidden = self.sizes.hidden;
        let layer = self.name(&format!("{}.{index}", self.names.layers));
        let norm = |name| {
            let name = format!("{layer}.{name}");
            self.source.norm(&name, hidden, self.epsilon)
        };
        Ok(Layer {
            attention: self.attention(&layer)?,
            attention_norm: norm(self.names.attention_norm)?,
            feed_forward: self.feed_forward(&layer)?,
            feed_forward_norm: norm(self.names.feed_forward_norm)?,
        })
    }

    fn attention(&self, layer: &str) -> Result<Attention, ModelError> {
        let hidden = self.sizes.hidden;
        let dense = |name: &str, outputs| {
            let name = format!("{layer}.{name}");
            Dense::with_optional_bias(self.source.checkpoint, &name, outputs, hidden)
        };
        let [query, key, value, output] = if self.names.is_joined {
            let joined = dense("attention.qkv_proj", 3 * hidden)?;
            [
                joined.outputs(0, hidden),
                joined.outputs(hidden, 2 * hidden),
                joined.outputs(2 * hidden, 3 * hidden),
                dense("attention.o_proj", hidden)?,
            ]
        } else {
            [
                dense("self_attn.q_proj", hidden)?,
                dense("self_attn.k_proj", hidden)?,
                dense("self_attn.v_proj", hidden)?,
                dense("self_attn.o_proj", hidden)?,
            ]
        };
        Ok(Attention {
            heads: self.sizes.heads,
            query,
            key,
            value,
            output,
            rotary: Some(self.rotary.clone()),
            window: None,
        })
    }

    fn feed_forward(&self, layer: &str) -> Result<FeedForward, ModelError> {
        let (hidden, inner) = (self.sizes.hidden, self.sizes.intermediate);
        let dense = |name: &str, outputs, inputs| {
            let name = format!("{layer}.mlp.{name}");
            Dense::with_optional_bias(self.source.checkpoint, &name, outputs, inputs)
        };
        let [up, gate] = if self.names.is_joined {
            let joined = dense("up_gate_proj", 2 * inner, hidden)?;
            [joined.outputs(0, inner), joined.outputs(inner, 2 * inner)]
        } else {
            [
                dense("up_proj", inner, hidden)?,
                dense("gate_proj", inner, hidden)?,
            ]
        };
        Ok(FeedForward {
            // The activation is that of what they call the gate.
            inner: gate,
            gate: Some(up),
            activation: self.activation,
            outer: dense("down_proj", hidden, inner)?,
        })
    }
}
