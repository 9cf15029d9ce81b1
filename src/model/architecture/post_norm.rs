//! The encoder of BERT and its family: norms after the residuals (Vaswani et al. 2017, Devlin et al.
//! 2019).

use super::interface::Architecture;
use super::source::{SizeKeys, Sizes, Source};
use crate::model::blocks::{
    Activation, Embeddings, Encoded, EncoderBuilder, Head, Layer, NormOrder, Positions, Stream,
};
use crate::model::error::ModelError;
use crate::model::size::ModelSize;
use crate::model::weights::Tensor;

/// An encoder with its norms after the residuals, and a masked-language-model head.
pub struct PostNorm {
    pub sizes: Sizes,
    /// Most tokens of a text.
    pub positions: usize,
    pub embeddings: Embeddings,
    pub layers: Vec<Layer>,
    pub head: Head,
}

impl Architecture for PostNorm {
    fn positions(&self) -> usize {
        self.positions
    }

    fn size(&self) -> ModelSize {
        let layers: u64 = self.layers.iter().map(Layer::len).sum();
        let has_rotary = |layer: &Layer| layer.attention.rotary.is_some();
        ModelSize {
            rotary: self.layers.iter().any(has_rotary),
            ..self
                .sizes
                .model_size(layers + self.head.len(), self.positions())
        }
    }

    fn word_embeddings(&self) -> &Tensor {
        &self.embeddings.words
    }

    fn head(&self) -> &Head {
        &self.head
    }

    fn is_text_by_text(&self) -> bool {
        self.layers.iter().all(Layer::is_text_by_text)
    }

    fn build(&self, builder: &mut EncoderBuilder) -> Result<Encoded, ModelError> {
        let (x, words) = builder.embed(&self.embeddings)?;
        let mut x = Stream::new(x);
        for layer in &self.layers {
            x = builder.layer(&x, layer, NormOrder::After)?;
        }
        builder.finish(&x.input, &self.head, words)
    }
}

/// What the configurations of the family have in common.
pub struct Common {
    pub sizes: Sizes,
    pub activation: Activation,
    pub epsilon: f32,
}

impl Common {
    /// Reads the sizes and the activation under these keys.
    pub fn read(
        source: &Source<'_>,
        keys: &SizeKeys,
        activation: &str,
    ) -> Result<Self, ModelError> {
        source
            .config
            .expect("position_embedding_type", "absolute")?;
        Ok(Self {
            sizes: source.sizes(keys)?,
            activation: source.activation(activation)?,
            epsilon: source.config.get("layer_norm_eps")?.unwrap_or(1e-12),
        })
    }

    /// Finds the embeddings below `PREFIXembeddings`, the same in the whole family but for positions.
    pub fn embeddings(
        &self,
        source: &Source<'_>,
        prefix: &str,
        positions: Positions,
    ) -> Result<Embeddings, ModelError> {
        let hidden = self.sizes.hidden;
        let name = |name| format!("{prefix}embeddings.{name}");
        let words = [self.sizes.vocabulary, hidden];
        Ok(Embeddings {
            words: source
                .checkpoint
                .tensor(&name("word_embeddings.weight"), &words)?,
            positions,
            token_type: source.token_type(&name("token_type_embeddings.weight"), hidden)?,
            norm: source.norm(&name("LayerNorm"), hidden, self.epsilon)?,
        })
    }
}
