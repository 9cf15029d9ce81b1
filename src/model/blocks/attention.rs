//! Attention of every token to every other, in several heads.

use super::builder::EncoderBuilder;
use super::dense::{Branch, Dense};
use crate::model::error::ModelError;
use crate::model::form::Operators;

/// The projections of an attention sublayer.
pub struct Attention {
    pub heads: usize,
    pub query: Dense,
    pub key: Dense,
    pub value: Dense,
    pub output: Dense,
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
}

impl EncoderBuilder {
    /// Writes `w · softmax(q kᵀ / √d) v`.
    pub(super) fn attention(
        &mut self,
        x: &str,
        attention: &Attention,
    ) -> Result<Branch, ModelError> {
        let context = match self.operators {
            Operators::Plain => self.plain_attention(x, attention)?,
            Operators::Fused => self.fused_attention(x, attention)?,
        };
        self.branch(&context, &attention.output)
    }
}
