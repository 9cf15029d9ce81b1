//! Layer norms, alone and at the end of a residual.

use super::builder::EncoderBuilder;
use super::dense::Branch;
use crate::model::error::ModelError;
use crate::model::form::Operators;
use crate::model::graph::{Attr, Value};
use crate::model::weights::{Checkpoint, Tensor};

/// Gain and bias of a layer norm.
pub struct Norm {
    pub gain: Tensor,
    pub bias: Tensor,
    pub epsilon: f32,
}

impl Norm {
    /// Finds `NAME.weight` and `NAME.bias`, or their older names.
    pub fn open(
        checkpoint: &Checkpoint,
        name: &str,
        hidden: usize,
        epsilon: f32,
    ) -> Result<Self, ModelError> {
        // Checkpoints converted from TensorFlow still say gamma and beta.
        let (new, old) = (format!("{name}.weight"), format!("{name}.gamma"));
        let is_old = checkpoint.get(&new).is_none() && checkpoint.get(&old).is_some();
        let (gain, bias) = match is_old {
            true => (old, format!("{name}.beta")),
            false => (new, format!("{name}.bias")),
        };
        Ok(Self {
            gain: checkpoint.tensor(&gain, &[hidden])?,
            bias: checkpoint.tensor(&bias, &[hidden])?,
            epsilon,
        })
    }
}

impl EncoderBuilder {
    /// Writes `norm(x)`.
    pub fn norm(&mut self, x: &str, norm: &Norm) -> Result<Value, ModelError> {
        let [gain, bias] = self.norm_vectors(norm)?;
        let attrs = [Attr::Int("axis", -1), Attr::Float("epsilon", norm.epsilon)];
        Ok(self
            .graph
            .node("LayerNormalization", &[x, &gain, &bias], &attrs))
    }

    /// Writes `norm(branch + x)`.
    pub(super) fn residual_norm(
        &mut self,
        branch: &Branch,
        x: &str,
        norm: &Norm,
    ) -> Result<Value, ModelError> {
        match self.operators {
            Operators::Plain => {
                let sum = self.graph.node("Add", &[&branch.value, x], &[]);
                self.norm(&sum, norm)
            }
            Operators::Fused => self.fused_residual_norm(branch, x, norm),
        }
    }

    /// Writes a bias, a residual and a norm as one operator.
    fn fused_residual_norm(
        &mut self,
        branch: &Branch,
        x: &str,
        norm: &Norm,
    ) -> Result<Value, ModelError> {
        let mut inputs = vec![branch.value.clone(), x.to_owned()];
        let [gain, shift] = self.norm_vectors(norm)?;
        inputs.extend([gain, shift]);
        if let Some(bias) = &branch.bias {
            inputs.push(self.linear.vector(&mut self.graph, bias)?);
        }
        let inputs: Vec<&str> = inputs.iter().map(String::as_str).collect();
        let epsilon = [Attr::Float("epsilon", norm.epsilon)];
        Ok(self
            .graph
            .contrib("SkipLayerNormalization", &inputs, &epsilon))
    }

    fn norm_vectors(&mut self, norm: &Norm) -> Result<[Value; 2], ModelError> {
        Ok([
            self.linear.vector(&mut self.graph, &norm.gain)?,
            self.linear.vector(&mut self.graph, &norm.bias)?,
        ])
    }
}
