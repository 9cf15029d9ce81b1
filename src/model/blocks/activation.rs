//! The function between two dense layers.

use super::builder::EncoderBuilder;
use crate::model::graph::{Attr, Value};

/// The function between two dense layers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Activation {
    /// `x · Φ(x)`, exact.
    Gelu,
    /// Its approximation by the hyperbolic tangent.
    GeluTanh,
    /// `max(x, 0)`
    Relu,
}

impl Activation {
    /// Returns the activation that Hugging Face calls `name`.
    pub fn from_name(name: &str) -> Option<Self> {
        match name {
            "gelu" => Some(Self::Gelu),
            "gelu_new" | "gelu_pytorch_tanh" => Some(Self::GeluTanh),
            "relu" => Some(Self::Relu),
            _ => None,
        }
    }
}

impl EncoderBuilder {
    /// Writes `activation(x)`.
    pub fn activation(&mut self, x: &str, activation: Activation) -> Value {
        let tanh = [Attr::Text("approximate", "tanh")];
        let (op, attrs): (_, &[Attr<'_>]) = match activation {
            Activation::Gelu => ("Gelu", &[]),
            Activation::GeluTanh => ("Gelu", &tanh),
            Activation::Relu => ("Relu", &[]),
        };
        self.graph.node(op, &[x], attrs)
    }
}
