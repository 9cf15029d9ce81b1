//! The two dense layers after attention.

use super::activation::Activation;
use super::builder::EncoderBuilder;
use super::dense::{Branch, Dense};
use crate::model::error::ModelError;
use crate::model::graph::Value;

/// Two dense layers with an activation between them.
pub struct FeedForward {
    pub inner: Dense,
    pub activation: Activation,
    pub outer: Dense,
}

impl FeedForward {
    /// Returns the number of values in the matrices.
    pub fn len(&self) -> u64 {
        self.inner.len() + self.outer.len()
    }
}

impl EncoderBuilder {
    /// Writes `w2 · act(w1 · x)`.
    pub(super) fn feed_forward(
        &mut self,
        x: &str,
        feed_forward: &FeedForward,
    ) -> Result<Branch, ModelError> {
        let inner = self.branch(x, &feed_forward.inner)?;
        let y = self.branch_activation(inner, feed_forward.activation)?;
        self.branch(&y, &feed_forward.outer)
    }

    /// Writes `act(x + bias)`, as one operator where there is one.
    fn branch_activation(&mut self, x: Branch, act: Activation) -> Result<Value, ModelError> {
        let Some(bias) = x.bias else {
            return Ok(self.activation(&x.value, act));
        };
        let bias = self.linear.vector(&mut self.graph, &bias)?;
        if act == Activation::Gelu {
            return Ok(self.graph.contrib("BiasGelu", &[&x.value, &bias], &[]));
        }
        let x = self.graph.node("Add", &[&x.value, &bias], &[]);
        Ok(self.activation(&x, act))
    }
}
