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
    pub bias: Option<Tensor>,
    pub epsilon: f32,
}

/// Whether a norm is part of the residual stream or only of what a sublayer sees of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NormOrder {
    /// The stream is the norm of the sum (Vaswani et al. 2017).
    After,
    /// The stream is the sum, and the next sublayer is given its norm (Xiong et al. 2020).
    Before,
}

/// The hidden states between two sublayers.
pub struct Stream {
    /// What the next sublayer's result is added to.
    pub residual: Value,
    /// What the next sublayer is given.
    pub input: Value,
}

impl Stream {
    /// Returns the stream before the first layer, which is given hidden states as they are.
    pub fn new(x: Value) -> Self {
        Self {
            residual: x.clone(),
            input: x,
        }
    }
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
        let (gain, bias) = if is_old {
            (old, format!("{name}.beta"))
        } else {
            (new, format!("{name}.bias"))
        };
        Ok(Self {
            gain: checkpoint.tensor(&gain, &[hidden])?,
            bias: Some(checkpoint.tensor(&bias, &[hidden])?),
            epsilon,
        })
    }

    /// Finds `NAME.weight`, and `NAME.bias` where there is one.
    pub fn with_optional_bias(
        checkpoint: &Checkpoint,
        name: &str,
        hidden: usize,
        epsilon: f32,
    ) -> Result<Self, ModelError> {
        let bias = format!("{name}.bias");
        let bias = checkpoint
            .get(&bias)
            .map(|_| checkpoint.tensor(&bias, &[hidden]));
        Ok(Self {
            gain: checkpoint.tensor(&format!("{name}.weight"), &[hidden])?,
            bias: bias.transpose()?,
            epsilon,
        })
    }
}

impl EncoderBuilder {
    /// Writes `norm(x)`.
    pub fn norm(&mut self, x: &str, norm: &Norm) -> Result<Value, ModelError> {
        let mut inputs = vec![x.to_owned()];
        inputs.extend(self.norm_vectors(norm)?);
        let attrs = [Attr::Int("axis", -1), Attr::Float("epsilon", norm.epsilon)];
        Ok(self
            .graph
            .node("LayerNormalization", &borrowed(&inputs), &attrs))
    }

    /// Writes `norm(branch + x)`, and the sum where it is the stream.
    pub(super) fn residual_norm(
        &mut self,
        branch: &Branch,
        x: &Stream,
        norm: &Norm,
        order: NormOrder,
    ) -> Result<Stream, ModelError> {
        match self.operators {
            Operators::Plain => {
                let sum = self.graph.node("Add", &[&branch.value, &x.residual], &[]);
                let input = self.norm(&sum, norm)?;
                Ok(match order {
                    NormOrder::After => Stream::new(input),
                    NormOrder::Before => Stream {
                        residual: sum,
                        input,
                    },
                })
            }
            Operators::Fused => self.fused_residual_norm(branch, x, norm, order),
            Operators::Own => self.own_residual_norm(branch, x, norm, order),
        }
    }

    /// Writes a bias, a residual and a norm as one operator.
    fn fused_residual_norm(
        &mut self,
        branch: &Branch,
        x: &Stream,
        norm: &Norm,
        order: NormOrder,
    ) -> Result<Stream, ModelError> {
        const OP: &str = "SkipLayerNormalization";
        /// The output of the operator that is the sum.
        const SUM: usize = 3;
        let mut inputs = vec![branch.value.clone(), x.residual.clone()];
        inputs.extend(self.norm_vectors(norm)?);
        if let Some(bias) = &branch.bias {
            inputs.resize(4, String::new());
            inputs.push(bias.clone());
        }
        let inputs = borrowed(&inputs);
        let epsilon = [Attr::Float("epsilon", norm.epsilon)];
        let graph = &mut self.graph;
        Ok(match order {
            NormOrder::After => Stream::new(graph.contrib(OP, &inputs, &epsilon)),
            NormOrder::Before => {
                let [input, residual] = graph.contrib_with_two_outputs(OP, &inputs, &epsilon, SUM);
                Stream { residual, input }
            }
        })
    }

    fn norm_vectors(&mut self, norm: &Norm) -> Result<Vec<Value>, ModelError> {
        let vectors = [Some(&norm.gain), norm.bias.as_ref()].into_iter().flatten();
        vectors
            .map(|vector| self.linear.vector(&mut self.graph, vector))
            .collect()
    }
}

fn borrowed(values: &[Value]) -> Vec<&str> {
    values.iter().map(String::as_str).collect()
}
