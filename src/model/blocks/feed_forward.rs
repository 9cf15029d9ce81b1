//! The two dense layers after attention.

use super::activation::Activation;
use super::builder::EncoderBuilder;
use super::dense::{Branch, Dense};
use crate::model::error::ModelError;
use crate::model::form::Operators;
use crate::model::graph::Value;

/// Two dense layers with an activation between them, and perhaps a gate.
pub struct FeedForward {
    pub inner: Dense,
    /// What the activation's result is multiplied by (Shazeer 2020, "GLU Variants Improve Transformer").
    pub gate: Option<Dense>,
    pub activation: Activation,
    pub outer: Dense,
}

impl FeedForward {
    /// Returns the number of values in the matrices.
    pub fn len(&self) -> u64 {
        let gate = self.gate.as_ref().map_or(0, Dense::len);
        self.inner.len() + gate + self.outer.len()
    }
}

impl EncoderBuilder {
    /// Writes `w2 · act(w1 · x)`, with a gate `w2 · (act(w1 · x) * (w3 · x))`.
    pub(super) fn feed_forward(
        &mut self,
        x: &str,
        feed_forward: &FeedForward,
    ) -> Result<Branch, ModelError> {
        if self.operators == Operators::Own {
            return self.own_feed_forward(x, feed_forward);
        }
        let inner = self.branch(x, &feed_forward.inner)?;
        let mut y = self.branch_activation(inner, feed_forward.activation);
        if let Some(gate) = &feed_forward.gate {
            let gate = self.dense(x, gate)?;
            y = self.graph.node("Mul", &[&y, &gate], &[]);
        }
        self.branch(&y, &feed_forward.outer)
    }

    /// Writes `act(x + bias)`, as one operator where there is one.
    fn branch_activation(&mut self, x: Branch, act: Activation) -> Value {
        let Some(bias) = x.bias else {
            return self.activation(&x.value, act);
        };
        if act == Activation::Gelu {
            return self.graph.contrib("BiasGelu", &[&x.value, &bias], &[]);
        }
        let x = self.graph.node("Add", &[&x.value, &bias], &[]);
        self.activation(&x, act)
    }
}
