//! What `config.json` says of a checkpoint: sizes, switches and the names of its tensors.
//!
//! One file an architecture; each fills the same [`Architecture`], from which
//! [`super::transformer`] builds the graph.

mod bert;
mod distilbert;
mod roberta;

use std::path::Path;

use fs_err as fs;
use serde::Deserialize;

use super::checkpoint::{Checkpoint, Tensor};
use super::error::ModelError;
use super::head::Decoder;

const KNOWN: &str = "bert, distilbert, roberta, xlm-roberta, camembert";

/// A post-norm transformer encoder with a masked-language-model head.
pub struct Architecture {
    /// As `config.json` names it: `bert`, `distilbert`, ...
    pub name: &'static str,
    /// `H`
    pub hidden: usize,
    pub heads: usize,
    pub intermediate: usize,
    /// `V`
    pub vocabulary: usize,
    /// Most tokens in a text.
    pub positions: usize,
    /// Rows of the position table before that of the first token (RoBERTa keeps some).
    pub position_offset: usize,
    pub activation: Activation,
    pub norm_epsilon: f32,
    pub word_embeddings: String,
    pub position_embeddings: String,
    /// Name and number of rows, where there are token types.
    pub token_type_embeddings: Option<(String, usize)>,
    pub embedding_norm: String,
    pub layers: Vec<Layer>,
    /// The dense layer of the masked-language-model head.
    pub transform: String,
    pub transform_activation: Activation,
    pub transform_norm: String,
    pub decoder: Decoder,
}

/// Names of a layer's tensors, without `.weight` and `.bias`.
pub struct Layer {
    pub query: String,
    pub key: String,
    pub value: String,
    pub attention_output: String,
    pub attention_norm: String,
    pub intermediate: String,
    pub output: String,
    pub output_norm: String,
}

/// The function between two dense layers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Activation {
    /// `x · Φ(x)`, exact.
    Gelu,
    /// Its approximation by the hyperbolic tangent.
    GeluTanh,
    Relu,
}

/// `config.json`, as far as it matters. Every key is optional: which are needed, the architecture says.
#[derive(Debug, Deserialize)]
pub struct Config {
    pub model_type: Option<String>,
    pub vocab_size: Option<usize>,
    pub max_position_embeddings: Option<usize>,
    pub pad_token_id: Option<usize>,
    type_vocab_size: Option<usize>,
    #[serde(alias = "dim")]
    hidden_size: Option<usize>,
    #[serde(alias = "n_layers")]
    num_hidden_layers: Option<usize>,
    #[serde(alias = "n_heads")]
    num_attention_heads: Option<usize>,
    #[serde(alias = "hidden_dim")]
    intermediate_size: Option<usize>,
    #[serde(alias = "activation")]
    hidden_act: Option<String>,
    layer_norm_eps: Option<f32>,
    tie_word_embeddings: Option<bool>,
    position_embedding_type: Option<String>,
}

impl Config {
    /// Reads `config.json`; `None` if there is none.
    pub fn read(path: &Path) -> Result<Option<Self>, ModelError> {
        if !path.exists() {
            return Ok(None);
        }
        let text = fs::read(path).map_err(|e| ModelError::broken(path, e))?;
        serde_json::from_slice(&text)
            .map(Some)
            .map_err(|e| ModelError::broken(path, e))
    }

    /// True where [`Architecture::new`] knows the model type.
    pub fn is_known(&self) -> bool {
        matches!(
            self.model_type.as_deref(),
            Some("bert" | "distilbert" | "roberta" | "xlm-roberta" | "camembert")
        )
    }

    /// Tokens that the position table serves, as far as the configuration tells.
    pub fn position_limit(&self) -> Option<usize> {
        let positions = self.max_position_embeddings?;
        match self.model_type.as_deref() {
            Some("roberta" | "xlm-roberta" | "camembert") => {
                positions.checked_sub(self.pad_token_id.unwrap_or(1) + 1)
            }
            _ => Some(positions),
        }
    }
}

impl Architecture {
    /// Reads the architecture off `config.json` and the names in the checkpoint.
    pub fn new(config: &Config, path: &Path, checkpoint: &Checkpoint) -> Result<Self, ModelError> {
        let reader = ConfigReader {
            config,
            path,
            checkpoint,
        };
        if let Some(kind) = &config.position_embedding_type
            && kind != "absolute"
        {
            return Err(reader.error(format!("position_embedding_type {kind:?} is not supported")));
        }
        let arch = match config.model_type.as_deref() {
            Some("bert") => bert::architecture(&reader),
            Some("distilbert") => distilbert::architecture(&reader),
            Some(name @ ("roberta" | "xlm-roberta" | "camembert")) => {
                roberta::architecture(&reader, name)
            }
            other => Err(ModelError::UnknownArchitecture {
                path: path.to_owned(),
                found: other.unwrap_or("(no model_type)").to_owned(),
                known: KNOWN,
            }),
        }?;
        for (key, size) in [
            ("hidden_size", arch.hidden),
            ("intermediate_size", arch.intermediate),
            ("vocab_size", arch.vocabulary),
        ] {
            if size == 0 {
                return Err(reader.error(format!("{key} is 0")));
            }
        }
        if arch.heads == 0 || arch.hidden % arch.heads != 0 || arch.positions == 0 {
            return Err(reader.error(format!(
                "hidden_size {} cannot be cut into {} heads, or no positions",
                arch.hidden, arch.heads
            )));
        }
        Ok(arch)
    }
}

/// `config.json` with its place, for messages.
struct ConfigReader<'a> {
    config: &'a Config,
    path: &'a Path,
    checkpoint: &'a Checkpoint,
}

impl ConfigReader<'_> {
    fn error(&self, reason: String) -> ModelError {
        ModelError::broken(self.path, reason)
    }

    fn required(&self, key: &str, value: Option<usize>) -> Result<usize, ModelError> {
        value.ok_or_else(|| self.error(format!("the key {key:?} is missing")))
    }

    fn hidden(&self) -> Result<usize, ModelError> {
        self.required("hidden_size", self.config.hidden_size)
    }

    fn layers(&self) -> Result<usize, ModelError> {
        let layers = self.required("num_hidden_layers", self.config.num_hidden_layers)?;
        // Names are made for each layer before their tensors are looked for.
        if layers > self.checkpoint.len() {
            return Err(self.error(format!(
                "num_hidden_layers is {layers}, but the checkpoint has only {} tensors",
                self.checkpoint.len()
            )));
        }
        Ok(layers)
    }

    fn heads(&self) -> Result<usize, ModelError> {
        self.required("num_attention_heads", self.config.num_attention_heads)
    }

    fn intermediate(&self) -> Result<usize, ModelError> {
        self.required("intermediate_size", self.config.intermediate_size)
    }

    fn vocabulary(&self) -> Result<usize, ModelError> {
        self.required("vocab_size", self.config.vocab_size)
    }

    fn activation(&self) -> Result<Activation, ModelError> {
        match self.config.hidden_act.as_deref() {
            None | Some("gelu") => Ok(Activation::Gelu),
            Some("gelu_new" | "gelu_pytorch_tanh") => Ok(Activation::GeluTanh),
            Some("relu") => Ok(Activation::Relu),
            Some(other) => Err(self.error(format!("activation {other:?} is not supported"))),
        }
    }

    /// The word embeddings, under the architecture's prefix or none.
    fn prefix(&self, prefix: &'static str) -> Result<&'static str, ModelError> {
        let with = format!("{prefix}embeddings.word_embeddings.weight");
        match self
            .checkpoint
            .first_of(&[&with, "embeddings.word_embeddings.weight"])
        {
            Some(name) if name == with => Ok(prefix),
            Some(_) => Ok(""),
            None => Err(ModelError::broken(
                &self.checkpoint.files[0],
                format!("there is no tensor {with:?}"),
            )),
        }
    }

    /// The decoder: the word embeddings and the head's bias, unless the configuration unties it.
    fn decoder(
        &self,
        word_embeddings: &str,
        transform: &str,
        untied: &str,
        bias: &str,
    ) -> Result<Decoder, ModelError> {
        let needed = format!("{transform}.weight");
        if self.checkpoint.get(&needed).is_none() {
            return Err(self
                .checkpoint
                .no_head(format!("no tensor {needed:?} in the checkpoint")));
        }
        let (hidden, vocabulary) = (self.hidden()?, self.vocabulary()?);
        // Beside the head's bias the decoder has one of its own. Tied they are one tensor, under
        // either name or both; untied only the decoder's is used, though both may be there.
        let own_bias = format!("{untied}.bias");
        let (name, biases) = if self.config.tie_word_embeddings == Some(false) {
            (&*format!("{untied}.weight"), [&*own_bias, bias])
        } else {
            (word_embeddings, [bias, &own_bias])
        };
        let weight = self.checkpoint.tensor(name, &[vocabulary, hidden])?;
        let bias = match self.checkpoint.first_of(&biases) {
            Some(name) => Some(self.checkpoint.tensor(name, &[vocabulary])?),
            None => None,
        };
        Ok(Decoder { weight, bias })
    }

    fn table_rows(&self, name: &str) -> Option<usize> {
        self.checkpoint
            .get(name)
            .and_then(|tensor: &Tensor| tensor.shape.first().copied())
    }
}
