//! The files of a checkpoint, as an architecture reads them.

use crate::model::blocks::{Activation, Decoder, Dense, Norm, Positions};
use crate::model::config::Config;
use crate::model::error::ModelError;
use crate::model::size::ModelSize;
use crate::model::weights::{Checkpoint, TOKEN_WEIGHTS, Tensor};
use crate::quote::Quoted;

/// The configuration and the tensors of a checkpoint.
#[derive(Clone, Copy)]
pub struct Source<'a> {
    pub config: &'a Config,
    pub checkpoint: &'a Checkpoint,
}

/// The sizes that every encoder has.
#[derive(Debug, Clone, Copy)]
pub struct Sizes {
    /// `H`
    pub hidden: usize,
    pub heads: usize,
    pub intermediate: usize,
    pub layers: usize,
    /// `V`
    pub vocabulary: usize,
}

/// The keys of the sizes in `config.json`.
pub struct SizeKeys {
    pub hidden: &'static str,
    pub heads: &'static str,
    pub intermediate: &'static str,
    pub layers: &'static str,
}

impl Default for SizeKeys {
    fn default() -> Self {
        Self {
            hidden: "hidden_size",
            heads: "num_attention_heads",
            intermediate: "intermediate_size",
            layers: "num_hidden_layers",
        }
    }
}

/// The names of a decoder's tensors.
pub struct DecoderNames<'a> {
    /// The word embeddings, with which the decoder is tied unless the configuration says otherwise.
    pub words: &'a str,
    /// The decoder of its own, without `.weight` and `.bias`.
    pub untied: &'a str,
    /// The bias of the head, beside that of the decoder.
    pub bias: &'a str,
}

impl Sizes {
    /// Returns the size of a model with so many values in the layers' matrices and so many rows in its
    /// table of positions.
    pub fn model_size(&self, layer_weights: u64, positions: usize) -> ModelSize {
        ModelSize {
            hidden: self.hidden,
            heads: self.heads,
            intermediate: self.intermediate,
            layer_weights,
            embedding_weights: (self.vocabulary + positions) as u64 * self.hidden as u64,
            decoder_weights: self.vocabulary as u64 * self.hidden as u64,
            vocabulary: self.vocabulary,
            ..ModelSize::default()
        }
    }
}

impl Source<'_> {
    /// Reads the sizes and refuses those that no encoder has.
    pub fn sizes(&self, keys: &SizeKeys) -> Result<Sizes, ModelError> {
        let config = self.config;
        let sizes = Sizes {
            hidden: config.required(keys.hidden)?,
            heads: config.required(keys.heads)?,
            intermediate: config.required(keys.intermediate)?,
            layers: config.required(keys.layers)?,
            vocabulary: config.required("vocab_size")?,
        };
        for (key, size) in [
            (keys.hidden, sizes.hidden),
            (keys.intermediate, sizes.intermediate),
            ("vocab_size", sizes.vocabulary),
        ] {
            if size == 0 {
                return Err(config.error(format!("{key} is 0")));
            }
        }
        let Sizes { hidden, heads, .. } = sizes;
        if heads == 0 || hidden % heads != 0 {
            let reason = format!("{} {hidden} cannot be cut into {heads} heads", keys.hidden);
            return Err(config.error(reason));
        }
        // Names are made for each layer before their tensors are looked for.
        let tensors = self.checkpoint.len();
        if sizes.layers > tensors {
            return Err(config.error(format!(
                "{} is {}, but the checkpoint has only {tensors} tensors",
                keys.layers, sizes.layers
            )));
        }
        Ok(sizes)
    }

    /// Returns the number of values in a head, which rotary positions take in pairs.
    pub fn head_size(&self, sizes: &Sizes) -> Result<usize, ModelError> {
        match sizes.hidden / sizes.heads {
            odd if odd % 2 == 1 => Err(self
                .config
                .error(format!("heads of {odd} values have no rotary positions"))),
            size => Ok(size),
        }
    }

    /// Reads the number of tokens for which the model has positions, `offset` rows of its table left out.
    pub fn positions(&self, key: &str, offset: usize) -> Result<usize, ModelError> {
        let rows: usize = self.config.required(key)?;
        match rows.checked_sub(offset) {
            None | Some(0) => Err(self
                .config
                .error(format!("{key} is {rows}, which leaves no positions"))),
            Some(positions) => Ok(positions),
        }
    }

    /// Reads an activation, `gelu` where the key is missing.
    pub fn activation(&self, key: &str) -> Result<Activation, ModelError> {
        let name: Option<String> = self.config.get(key)?;
        let name = name.as_deref().unwrap_or("gelu");
        Activation::from_name(name).ok_or_else(|| {
            self.config
                .error(format!("activation {} is not supported", Quoted(name)))
        })
    }

    /// Returns the prefix of the encoder's tensors: this one, or none in a checkpoint of the encoder alone.
    pub fn prefix(&self, prefix: &'static str) -> Result<&'static str, ModelError> {
        let with = format!("{prefix}embeddings.word_embeddings.weight");
        let names = [&*with, "embeddings.word_embeddings.weight"];
        match self.checkpoint.first_of(&names) {
            Some(name) if name == with => Ok(prefix),
            Some(_) => Ok(""),
            None => Err(self.checkpoint.missing(&with)),
        }
    }

    /// Finds a dense layer with a bias.
    pub fn dense(&self, name: &str, outputs: usize, inputs: usize) -> Result<Dense, ModelError> {
        Dense::open(self.checkpoint, name, outputs, inputs)
    }

    /// Finds a layer norm with a bias.
    pub fn norm(&self, name: &str, hidden: usize, epsilon: f32) -> Result<Norm, ModelError> {
        Norm::open(self.checkpoint, name, hidden, epsilon)
    }

    /// Finds the dense layer of the masked-language-model head.
    pub fn head(&self, name: &str, hidden: usize) -> Result<Dense, ModelError> {
        self.require_head(name)?;
        self.dense(name, hidden, hidden)
    }

    /// Refuses a checkpoint without the dense layer of the masked-language-model head.
    pub fn require_head(&self, name: &str) -> Result<(), ModelError> {
        let needed = format!("{name}.weight");
        if self.checkpoint.get(&needed).is_none() {
            let detail = format!("no tensor {} in the checkpoint", Quoted(&needed));
            return Err(self.checkpoint.no_head(detail));
        }
        Ok(())
    }

    /// Finds the decoder: the word embeddings and the head's bias, unless the configuration unties it.
    pub fn decoder(&self, names: &DecoderNames<'_>, sizes: &Sizes) -> Result<Decoder, ModelError> {
        // Beside the head's bias the decoder has one of its own. Tied they are one tensor, under
        // either name or both; untied only the decoder's is used, though both may be there.
        let own_weight = format!("{}.weight", names.untied);
        let own_bias = format!("{}.bias", names.untied);
        let tied = self.config.get::<bool>("tie_word_embeddings")?;
        let (weight, biases) = match tied {
            Some(false) => (&*own_weight, [&*own_bias, names.bias]),
            _ => (names.words, [names.bias, &own_bias]),
        };
        let shape = [sizes.vocabulary, sizes.hidden];
        let weight = self.checkpoint.tensor(weight, &shape)?;
        let bias = match self.checkpoint.first_of(&biases) {
            Some(name) => Some(self.checkpoint.tensor(name, &shape[..1])?),
            None => None,
        };
        Ok(Decoder { weight, bias })
    }

    /// Finds the table of absolute positions, a row for each.
    pub fn rows_of_positions(
        &self,
        prefix: &str,
        positions: usize,
        hidden: usize,
    ) -> Result<Positions, ModelError> {
        let name = format!("{prefix}embeddings.position_embeddings.weight");
        let table = self.checkpoint.tensor(&name, &[positions, hidden])?;
        Ok(Positions::Rows(table))
    }

    /// Finds the layer that gives each token one weight, where there is one beside the checkpoint.
    pub fn token_weights(&self, hidden: usize) -> Result<Option<Dense>, ModelError> {
        match self.checkpoint.get(&format!("{TOKEN_WEIGHTS}.weight")) {
            Some(_) => self.dense(TOKEN_WEIGHTS, 1, hidden).map(Some),
            None => Ok(None),
        }
    }

    /// Finds the row of token type 0, where the model has token types.
    pub fn token_type(&self, name: &str, hidden: usize) -> Result<Option<Tensor>, ModelError> {
        let none = self.config.get::<usize>("type_vocab_size")? == Some(0);
        let rows = match self.checkpoint.get(name) {
            Some(table) if !none => table.shape.first().copied().unwrap_or(0),
            _ => 0,
        };
        if rows == 0 {
            return Ok(None);
        }
        let table = self.checkpoint.tensor(name, &[rows, hidden])?;
        Ok(Some(table.rows(0, 1)))
    }
}
