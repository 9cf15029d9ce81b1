//! ModernBERT (`ModernBertForMaskedLM`; Warner et al. 2024): norms before the sublayers, rotary
//! positions, gates, and in most layers attention within a window.

use serde::Deserialize;

use super::interface::Architecture;
use super::source::{DecoderNames, SizeKeys, Sizes, Source};
use crate::model::blocks::{
    Attention, Dense, Embeddings, Encoded, EncoderBuilder, FeedForward, Head, Layer, MlmTransform,
    Norm, NormOrder, Positions, Rotary, Stream,
};
use crate::model::error::ModelError;
use crate::model::size::ModelSize;
use crate::model::weights::Tensor;
use crate::quote::Quoted;

/// What `rope_theta` is where the configuration does not say.
const GLOBAL_BASE: f64 = 160_000.0;
const LOCAL_BASE: f64 = 10_000.0;

struct ModernBert {
    sizes: Sizes,
    positions: usize,
    embeddings: Embeddings,
    layers: Vec<Layer>,
    head: Head,
}

impl Architecture for ModernBert {
    fn positions(&self) -> usize {
        self.positions
    }

    fn size(&self) -> ModelSize {
        let layers: u64 = self.layers.iter().map(Layer::len).sum();
        let windows = self
            .layers
            .iter()
            .filter_map(|layer| layer.attention.window);
        ModelSize {
            rotary: true,
            window: windows.max().unwrap_or(0),
            ..self.sizes.model_size(layers + self.head.len(), 0)
        }
    }

    fn word_embeddings(&self) -> &Tensor {
        &self.embeddings.words
    }

    fn head(&self) -> &Head {
        &self.head
    }

    fn build(&self, builder: &mut EncoderBuilder) -> Result<Encoded, ModelError> {
        let (x, words) = builder.embed(&self.embeddings)?;
        // The norm of the embeddings is also that before the first attention.
        let mut x = Stream::new(x);
        for layer in &self.layers {
            x = builder.layer(&x, layer, NormOrder::Before)?;
        }
        builder.finish(&x.input, &self.head, words)
    }
}

pub fn open(source: &Source<'_>) -> Result<Box<dyn Architecture>, ModelError> {
    let sizes = source.sizes(&SizeKeys::default())?;
    let positions = source.positions("max_position_embeddings", 0)?;
    let reader = Reader {
        source,
        sizes,
        epsilon: source.config.get("norm_eps")?.unwrap_or(1e-5),
    };
    let hidden = sizes.hidden;
    let words = "model.embeddings.tok_embeddings.weight";
    let transform = MlmTransform {
        dense: reader.head()?,
        activation: source.activation("classifier_activation")?,
        norm: reader.norm("head.norm")?,
    };
    let names = DecoderNames {
        words,
        untied: "decoder",
        bias: "decoder.bias",
    };
    let decoder = source.decoder(&names, &sizes)?;
    let attention = AttentionKinds::read(source, &sizes, positions)?;
    Ok(Box::new(ModernBert {
        sizes,
        positions,
        embeddings: Embeddings {
            words: source
                .checkpoint
                .tensor(words, &[sizes.vocabulary, hidden])?,
            positions: Positions::Rotary,
            token_type: None,
            norm: reader.norm("model.embeddings.norm")?,
        },
        layers: (0..sizes.layers)
            .map(|index| reader.layer(index, attention.of_layer(index)))
            .collect::<Result<_, _>>()?,
        head: Head::MaskedLm(transform, decoder),
    }))
}

/// How a layer attends.
#[derive(Clone)]
struct AttentionKind {
    rotary: Rotary,
    window: Option<usize>,
}

/// Which layers attend to all tokens and which within a window.
struct AttentionKinds {
    global: AttentionKind,
    local: AttentionKind,
    is_global: Vec<bool>,
}

/// `rope_parameters`, as transformers writes them from its fifth version on.
#[derive(Deserialize)]
struct RopeParameters {
    full_attention: Option<RopeOf>,
    sliding_attention: Option<RopeOf>,
}

#[derive(Deserialize)]
struct RopeOf {
    rope_theta: Option<f64>,
    rope_type: Option<String>,
}

impl AttentionKinds {
    fn read(source: &Source<'_>, sizes: &Sizes, positions: usize) -> Result<Self, ModelError> {
        let config = source.config;
        let size = source.head_size(sizes)?;
        let (global, local) = match config.get::<RopeParameters>("rope_parameters")? {
            Some(parameters) => (parameters.full_attention, parameters.sliding_attention),
            None => (None, None),
        };
        let kind = |rope: Option<RopeOf>, key, default, window| {
            let (theta, form) = rope.map_or((None, None), |r| (r.rope_theta, r.rope_type));
            if let Some(form) = form.filter(|form| form != "default") {
                return Err(config.error(format!("rope_type {} is not supported", Quoted(&form))));
            }
            let base = match theta {
                Some(base) => base,
                None => config.get(key)?.unwrap_or(default),
            };
            Ok(AttentionKind {
                rotary: Rotary::new(base, size, positions),
                window,
            })
        };
        // The configuration counts both sides.
        let window = config.get::<usize>("local_attention")?.unwrap_or(128) / 2;
        if window == 0 {
            return Err(config.error("local_attention is less than 2"));
        }
        Ok(Self {
            global: kind(global, "global_rope_theta", GLOBAL_BASE, None)?,
            local: kind(local, "local_rope_theta", LOCAL_BASE, Some(window))?,
            is_global: Self::global_layers(source, sizes.layers)?,
        })
    }

    fn global_layers(source: &Source<'_>, layers: usize) -> Result<Vec<bool>, ModelError> {
        let config = source.config;
        let Some(types) = config.get::<Vec<String>>("layer_types")? else {
            let every = config.get("global_attn_every_n_layers")?.unwrap_or(3);
            return Ok((0..layers)
                .map(|index| index.checked_rem(every) == Some(0))
                .collect());
        };
        if types.len() != layers {
            return Err(config.error("layer_types names other than num_hidden_layers layers"));
        }
        let is_global = |name: &String| match name.as_str() {
            "full_attention" => Ok(true),
            "sliding_attention" => Ok(false),
            _ => Err(config.error(format!("layer type {} is not supported", Quoted(name)))),
        };
        types.iter().map(is_global).collect()
    }

    fn of_layer(&self, index: usize) -> AttentionKind {
        if self.is_global[index] {
            self.global.clone()
        } else {
            self.local.clone()
        }
    }
}

/// Finds the tensors by their names.
struct Reader<'a> {
    source: &'a Source<'a>,
    sizes: Sizes,
    epsilon: f32,
}

impl Reader<'_> {
    fn dense(&self, name: &str, outputs: usize, inputs: usize) -> Result<Dense, ModelError> {
        Dense::with_optional_bias(self.source.checkpoint, name, outputs, inputs)
    }

    fn norm(&self, name: &str) -> Result<Norm, ModelError> {
        let checkpoint = self.source.checkpoint;
        Norm::with_optional_bias(checkpoint, name, self.sizes.hidden, self.epsilon)
    }

    fn head(&self) -> Result<Dense, ModelError> {
        self.source.require_head("head.dense")?;
        self.dense("head.dense", self.sizes.hidden, self.sizes.hidden)
    }

    fn layer(&self, index: usize, kind: AttentionKind) -> Result<Layer, ModelError> {
        let Sizes {
            hidden,
            intermediate: inner,
            layers,
            ..
        } = self.sizes;
        let name = |part: &str| format!("model.layers.{index}.{part}");
        let joined = self.dense(&name("attn.Wqkv"), 3 * hidden, hidden)?;
        let gated = self.dense(&name("mlp.Wi"), 2 * inner, hidden)?;
        let next_norm = match index + 1 {
            next if next < layers => format!("model.layers.{next}.attn_norm"),
            _ => "model.final_norm".to_owned(),
        };
        Ok(Layer {
            attention: Attention {
                heads: self.sizes.heads,
                query: joined.outputs(0, hidden),
                key: joined.outputs(hidden, 2 * hidden),
                value: joined.outputs(2 * hidden, 3 * hidden),
                output: self.dense(&name("attn.Wo"), hidden, hidden)?,
                rotary: Some(kind.rotary),
                window: kind.window,
            },
            attention_norm: self.norm(&name("mlp_norm"))?,
            feed_forward: FeedForward {
                inner: gated.outputs(0, inner),
                gate: Some(gated.outputs(inner, 2 * inner)),
                activation: self.source.activation("hidden_activation")?,
                outer: self.dense(&name("mlp.Wo"), hidden, inner)?,
            },
            feed_forward_norm: self.norm(&next_norm)?,
        })
    }
}
