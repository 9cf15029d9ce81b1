//! Layers in this program's own operators, for CPUs: what is between two products is one operator, which
//! reads a product as it is and writes what the next one takes.

use super::activation::Activation;
use super::attention::Attention;
use super::builder::{EncoderBuilder, dim};
use super::dense::{Branch, Dense};
use super::feed_forward::FeedForward;
use super::head::MlmTransform;
use super::norm::{Norm, NormOrder, Stream};
use crate::model::error::ModelError;
use crate::model::graph::{Attr, Value};
use crate::model::linear::Operand;
use crate::model::own_operator::OwnOperator;

impl EncoderBuilder {
    /// Writes a product without its bias.
    pub(super) fn own_branch(&mut self, x: &Operand, dense: &Dense) -> Result<Branch, ModelError> {
        let bias = dense.bias.as_ref();
        let graph = &mut self.graph;
        Ok(match self.linear.integers(graph, x, &dense.weight, bias)? {
            Some((value, inputs)) => Branch {
                value,
                bias: None,
                quantized: Some(inputs),
            },
            None => Branch {
                value: self.linear.product(graph, x, &dense.weight, None)?,
                bias: Some(match bias {
                    Some(bias) => self.linear.vector(graph, bias)?,
                    None => self.zeros(dense.weight.shape[0]),
                }),
                quantized: None,
            },
        })
    }

    /// Writes the attention sublayer up to its last product's bias.
    pub(super) fn own_attention(
        &mut self,
        x: &str,
        attention: &Attention,
    ) -> Result<Branch, ModelError> {
        let context = match (&attention.rotary, attention.window) {
            (None, None) => self.attention_of_products(x, attention)?,
            (_, None) => self.attention_of_values(x, attention)?,
            (_, Some(reach)) => {
                let projected = self.project(x, attention)?;
                let context = self.window_attention(&projected, attention, reach);
                self.operand(&context)
            }
        };
        self.own_branch(&context, &attention.output)
    }

    /// Writes attention that reads the projections as the products left them.
    fn attention_of_products(
        &mut self,
        x: &str,
        attention: &Attention,
    ) -> Result<Operand, ModelError> {
        let x = self.operand(x);
        let mut inputs = vec![self.mask.clone()];
        for dense in [&attention.query, &attention.key, &attention.value] {
            let branch = self.own_branch(&x, dense)?;
            match branch.quantized {
                Some([scales, columns]) => {
                    // All three have the same rows.
                    if inputs.len() == 1 {
                        inputs.push(scales);
                    }
                    inputs.extend([branch.value, columns]);
                }
                None => inputs.extend([branch.value, branch.bias.unwrap_or_default()]),
            }
        }
        let heads = [Attr::Int("heads", dim(attention.heads))];
        let graph = &mut self.graph;
        Ok(if x.is_quantized() {
            let [bytes, scales] = graph.own(OwnOperator::IntegerAttention, &inputs, &heads);
            Operand::of_rows(bytes, scales)
        } else {
            let [context] = graph.own(OwnOperator::Attention, &inputs, &heads);
            Operand::of_floats(context)
        })
    }

    /// Writes attention of queries and keys to which something was done before.
    fn attention_of_values(
        &mut self,
        x: &str,
        attention: &Attention,
    ) -> Result<Operand, ModelError> {
        let projected = self.project(x, attention)?;
        let zeros = self.zeros(attention.width());
        let mut inputs = vec![self.mask.clone()];
        for value in [projected.query, projected.key, projected.value] {
            inputs.extend([value, zeros.clone()]);
        }
        let heads = [Attr::Int("heads", dim(attention.heads))];
        let [context] = self.graph.own(OwnOperator::Attention, &inputs, &heads);
        Ok(self.operand(&context))
    }

    /// Writes the feed-forward sublayer up to its last product's bias.
    pub(super) fn own_feed_forward(
        &mut self,
        x: &str,
        feed_forward: &FeedForward,
    ) -> Result<Branch, ModelError> {
        let x = self.operand(x);
        let inner = self.own_branch(&x, &feed_forward.inner)?;
        let y = match (feed_forward.activation, &feed_forward.gate) {
            (Activation::Gelu, None) if x.is_quantized() => {
                let inputs = inner.own_inputs();
                let [bytes, scales] = self.graph.own(OwnOperator::IntegerGelu, &inputs, &[]);
                Operand::of_rows(bytes, scales)
            }
            (activation, gate) => {
                let mut y = self.activated(inner, activation);
                if let Some(gate) = gate {
                    let gate = self.own_branch(&x, gate)?;
                    let gate = self.floats(gate);
                    y = self.graph.node("Mul", &[&y, &gate], &[]);
                }
                self.operand(&y)
            }
        };
        self.own_branch(&y, &feed_forward.outer)
    }

    /// Writes the head's transform.
    pub(super) fn own_transform(
        &mut self,
        x: &str,
        transform: &MlmTransform,
    ) -> Result<Value, ModelError> {
        let x = self.operand(x);
        let x = self.own_branch(&x, &transform.dense)?;
        let x = self.activated(x, transform.activation);
        self.norm(&x, &transform.norm)
    }

    /// Writes a residual and the norm after it.
    pub(super) fn own_residual_norm(
        &mut self,
        branch: &Branch,
        x: &Stream,
        norm: &Norm,
        order: NormOrder,
    ) -> Result<Stream, ModelError> {
        let mut inputs = branch.own_inputs();
        inputs.push(x.residual.clone());
        inputs.push(self.linear.vector(&mut self.graph, &norm.gain)?);
        inputs.push(match &norm.bias {
            Some(bias) => self.linear.vector(&mut self.graph, bias)?,
            None => self.zeros(norm.gain.shape[0]),
        });
        let epsilon = [Attr::Float("epsilon", norm.epsilon)];
        let graph = &mut self.graph;
        let is_quantized = branch.quantized.is_some();
        let operator = if is_quantized {
            OwnOperator::IntegerResidualNorm
        } else {
            OwnOperator::ResidualNorm
        };
        let outputs = if is_quantized { 3 } else { 1 } + usize::from(order == NormOrder::Before);
        let outputs = graph.own_with_outputs(operator, &inputs, &epsilon, outputs);
        let input = outputs[0].clone();
        if is_quantized {
            self.know_rows(&input, outputs[1].clone(), outputs[2].clone());
        }
        Ok(match (order, outputs.last()) {
            (NormOrder::Before, Some(sum)) => Stream {
                residual: sum.clone(),
                input,
            },
            _ => Stream::new(input),
        })
    }

    /// Writes the activation of a product as floats.
    fn activated(&mut self, branch: Branch, activation: Activation) -> Value {
        if activation != Activation::Gelu {
            let x = self.floats(branch);
            return self.activation(&x, activation);
        }
        let operator = match branch.quantized {
            Some(_) => OwnOperator::IntegerGeluToFloats,
            None => OwnOperator::Gelu,
        };
        let [y] = self.graph.own(operator, &branch.own_inputs(), &[]);
        y
    }

    /// Writes a product with its bias as floats.
    fn floats(&mut self, branch: Branch) -> Value {
        let inputs = branch.own_inputs();
        if branch.quantized.is_some() {
            let [y] = self.graph.own(OwnOperator::IntegersToFloats, &inputs, &[]);
            return y;
        }
        let inputs: Vec<_> = inputs.iter().map(String::as_str).collect();
        self.graph.node("Add", &inputs, &[])
    }

    fn zeros(&mut self, width: usize) -> Value {
        let [zeros] = self.shared(format!("zeros {width}"), |builder| {
            [builder.graph.floats(&[width], &vec![0.0; width])]
        });
        zeros
    }
}

impl Branch {
    /// Returns what an own operator is given of a product.
    fn own_inputs(&self) -> Vec<Value> {
        let mut inputs = vec![self.value.clone()];
        match &self.quantized {
            Some(quantized) => inputs.extend(quantized.iter().cloned()),
            None => inputs.extend(self.bias.clone()),
        }
        inputs
    }
}
