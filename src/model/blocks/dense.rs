//! A dense layer: `w · x + b`.

use super::builder::EncoderBuilder;
use crate::model::error::ModelError;
use crate::model::form::Operators;
use crate::model::graph::Value;
use crate::model::weights::{Checkpoint, Tensor};

/// The matrix `[out, in]` and the bias of a dense layer.
pub struct Dense {
    pub weight: Tensor,
    pub bias: Option<Tensor>,
}

/// What a sublayer adds to the residual stream. Fused norms add the bias themselves.
pub struct Branch {
    pub value: Value,
    /// The bias that is not in it yet.
    pub bias: Option<Value>,
    /// Where the value is integers: the scales of rows and of columns, these with the bias.
    pub quantized: Option<[Value; 2]>,
}

impl Dense {
    /// Finds `NAME.weight` and `NAME.bias`.
    pub fn open(
        checkpoint: &Checkpoint,
        name: &str,
        outputs: usize,
        inputs: usize,
    ) -> Result<Self, ModelError> {
        let weight = checkpoint.tensor(&format!("{name}.weight"), &[outputs, inputs])?;
        let bias = checkpoint.tensor(&format!("{name}.bias"), &[outputs])?;
        Ok(Self {
            weight,
            bias: Some(bias),
        })
    }

    /// Finds `NAME.weight`, and `NAME.bias` where there is one.
    pub fn with_optional_bias(
        checkpoint: &Checkpoint,
        name: &str,
        outputs: usize,
        inputs: usize,
    ) -> Result<Self, ModelError> {
        if checkpoint.get(&format!("{name}.bias")).is_some() {
            return Self::open(checkpoint, name, outputs, inputs);
        }
        let weight = checkpoint.tensor(&format!("{name}.weight"), &[outputs, inputs])?;
        Ok(Self { weight, bias: None })
    }

    /// Returns the layer of the outputs `from..to` alone.
    pub fn outputs(&self, from: usize, to: usize) -> Self {
        Self {
            weight: self.weight.rows(from, to),
            bias: self.bias.as_ref().map(|bias| bias.rows(from, to)),
        }
    }

    /// Returns the number of values in the matrix.
    pub fn len(&self) -> u64 {
        self.weight.shape.iter().map(|&size| size as u64).product()
    }
}

impl EncoderBuilder {
    /// Writes `w · x + b`.
    pub fn dense(&mut self, x: &str, dense: &Dense) -> Result<Value, ModelError> {
        let x = self.operand(x);
        let bias = dense.bias.as_ref();
        self.linear
            .product(&mut self.graph, &x, &dense.weight, bias)
    }

    /// Writes `w · x`, and the bias too unless a fused operator is to add it.
    pub(super) fn branch(&mut self, x: &str, dense: &Dense) -> Result<Branch, ModelError> {
        let fused = self.operators == Operators::Fused;
        let operand = self.operand(x);
        let (now, later) = match &dense.bias {
            Some(bias) if fused => (None, Some(self.linear.vector(&mut self.graph, bias)?)),
            bias => (bias.as_ref(), None),
        };
        let value = self
            .linear
            .product(&mut self.graph, &operand, &dense.weight, now)?;
        Ok(Branch {
            value,
            bias: later,
            quantized: None,
        })
    }
}
