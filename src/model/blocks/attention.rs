//! Attention of every token to others, in several heads.

use super::builder::EncoderBuilder;
use super::dense::{Branch, Dense};
use super::rotary::Rotary;
use crate::model::error::ModelError;
use crate::model::form::Operators;
use crate::model::graph::Value;

/// What is added to the attention score of a padded token: its softmax is exactly 0 in float32.
pub(super) const MASKED: f32 = -1e4;

/// The projections of an attention sublayer.
pub struct Attention {
    pub heads: usize,
    pub query: Dense,
    pub key: Dense,
    pub value: Dense,
    pub output: Dense,
    /// The rotation of queries and keys, where positions are given in this way.
    pub rotary: Option<Rotary>,
    /// How many tokens to each side a token attends to; `None` for all.
    pub window: Option<usize>,
}

/// Queries, keys and values, `[B, L, H]` each, and the biases that a fused operator is to add.
pub(super) struct Projected {
    pub query: Value,
    pub key: Value,
    pub value: Value,
    pub biases: Vec<f32>,
}

impl Attention {
    /// Returns the width of all heads together.
    pub fn width(&self) -> usize {
        self.query.weight.shape[0]
    }

    /// Returns the number of values in the matrices.
    pub fn len(&self) -> u64 {
        let all = [&self.query, &self.key, &self.value, &self.output];
        all.iter().map(|dense| dense.len()).sum()
    }

    /// Returns `√d`, by which scores are divided.
    #[allow(
        clippy::cast_precision_loss,
        reason = "a head has at most some hundred values"
    )]
    pub(super) fn scale(&self) -> f32 {
        ((self.width() / self.heads) as f32).sqrt()
    }
}

impl EncoderBuilder {
    /// Writes `w · softmax(q kᵀ / √d) v`.
    pub(super) fn attention(
        &mut self,
        x: &str,
        attention: &Attention,
    ) -> Result<Branch, ModelError> {
        if self.operators == Operators::Own {
            return self.own_attention(x, attention);
        }
        let projected = self.project(x, attention)?;
        let context = match (self.operators, attention.window) {
            (_, Some(reach)) => self.window_attention(&projected, attention, reach),
            (Operators::Fused, None) => self.fused_attention(&projected, attention),
            (_, None) if attention.rotary.is_some() => self.long_attention(&projected, attention),
            (_, None) => {
                let padding = self.additive_mask();
                self.plain_attention(&projected, attention, &padding)
            }
        };
        self.branch(&context, &attention.output)
    }

    pub(super) fn project(
        &mut self,
        x: &str,
        attention: &Attention,
    ) -> Result<Projected, ModelError> {
        let x = self.operand(x);
        let dense = [&attention.query, &attention.key, &attention.value];
        // The fused operator adds the biases itself, but not before a rotation.
        let later = self.operators == Operators::Fused && attention.rotary.is_none();
        let mut biases = Vec::new();
        let mut values = Vec::new();
        for dense in dense {
            let now = dense.bias.as_ref().filter(|_| !later);
            let graph = &mut self.graph;
            values.push(self.linear.product(graph, &x, &dense.weight, now)?);
            if let (true, Some(bias)) = (later, &dense.bias) {
                biases.extend(bias.read()?);
            }
        }
        if let Some(rotary) = &attention.rotary {
            for value in &mut values[..2] {
                *value = self.rotate(value, rotary);
            }
        }
        let [query, key, value] = <[Value; 3]>::try_from(values).unwrap_or_default();
        Ok(Projected {
            query,
            key,
            value,
            biases,
        })
    }
}
