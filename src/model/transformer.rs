//! The graph of a BERT-like masked-language model: token ids -> hidden states after the transform.
//!
//! All architectures here are post-norm encoders (Vaswani et al. 2017, Devlin et al. 2019) that
//! differ in the names of their tensors and in a few switches, see [`super::architecture`]:
//!
//! ```text
//! x = norm(word[ids] + position[0..L] + type[0])                       [B, L, H]
//! per layer: x = norm(x + attention(x)); x = norm(x + w2 · act(w1 · x))
//! hidden = norm(act(w · x))                                            the MLM head's transform
//! ```
//!
//! The order of a layer's operations is in [`super::layer_plain`] for CPUs and [`super::layer_fused`] for
//! GPUs, products with weights in [`super::linear`].

use super::architecture::{Activation, Architecture};
use super::checkpoint::{Checkpoint, Tensor};
use super::error::ModelError;
use super::graph::{Attr, GraphBuilder, Value};
use super::linear::Linear;
use super::onnx::{ValueInfoProto, data_type};
use super::precision::Precision;

/// Which operators a graph is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Operators {
    /// Plain ONNX, but for products with transposed matrices. On the CPU ONNX Runtime's fused operators
    /// were measured to be no faster in fp32.
    #[default]
    Plain,
    /// ONNX Runtime's fused attention, norms and activations, for the CUDA execution provider.
    Fused,
}

/// How a graph is to be built.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct GraphForm {
    /// Of the products with weights.
    pub precision: Precision,
    /// Of the layers.
    pub operators: Operators,
}

/// Builds the encoder.
pub struct Transformer<'a> {
    pub graph: GraphBuilder,
    pub(super) checkpoint: &'a Checkpoint,
    pub(super) arch: &'a Architecture,
    pub(super) linear: Linear,
    form: GraphForm,
}

/// Values that the head needs.
pub struct Encoded {
    /// `[B, L, H]`
    pub hidden: Value,
    /// `[B, L]`, boolean: true for a token, false for padding.
    pub mask: Value,
    /// The constant of the word embeddings, `[V, H]`.
    pub word_embeddings: Value,
}

impl<'a> Transformer<'a> {
    pub fn new(checkpoint: &'a Checkpoint, arch: &'a Architecture, form: GraphForm) -> Self {
        let mut graph = GraphBuilder::new("v");
        // On a GPU every session has a copy of its own anyway.
        if form.operators == Operators::Plain {
            graph = graph.with_weights_beside(checkpoint.first_file_name());
        }
        Self {
            graph,
            checkpoint,
            arch,
            linear: Linear::new(form.precision),
            form,
        }
    }

    /// Adds everything from the inputs `input_ids` and `attention_mask`, int64 `[B, L]`, to the
    /// hidden states.
    pub fn build(&mut self) -> Result<Encoded, ModelError> {
        let matrix = [Err("batch"), Err("length")];
        let mut input = |name| {
            let info = ValueInfoProto::tensor(name, data_type::INT64, &matrix);
            self.graph.input(info)
        };
        let ids = input("input_ids");
        let mask = input("attention_mask");

        let (mut x, word_embeddings) = self.embed(&ids)?;
        match self.form.operators {
            Operators::Plain => {
                let padding = self.additive_mask(&mask);
                for layer in &self.arch.layers {
                    x = self.plain_layer(&x, layer, &padding)?;
                }
            }
            Operators::Fused => {
                let padding = self.sequence_lengths(&mask);
                for layer in &self.arch.layers {
                    x = self.fused_layer(&x, layer, &padding)?;
                }
            }
        }
        let x = self.linear.operand(&mut self.graph, &x);
        let (weight, bias) =
            self.dense(&self.arch.transform, self.arch.hidden, self.arch.hidden)?;
        let x = self
            .linear
            .product(&mut self.graph, &x, &weight, Some(&bias))?;
        let x = self.activation(&x, self.arch.transform_activation);
        let hidden = self.norm(&x, &self.arch.transform_norm)?;
        let mask = self.graph.cast(&mask, data_type::BOOL);
        Ok(Encoded {
            hidden,
            mask,
            word_embeddings,
        })
    }

    fn embed(&mut self, ids: &str) -> Result<(Value, Value), ModelError> {
        let arch = self.arch;
        let word = self
            .checkpoint
            .tensor(&arch.word_embeddings, &[arch.vocabulary, arch.hidden])?;
        let positions = self.position_table()?;
        let g = &mut self.graph;
        let word = self.linear.table(g, &word.shape, word.read()?);
        let positions = self
            .linear
            .table(g, &[arch.positions, arch.hidden], positions);
        let x = g.node("Gather", &[&word, ids], &[]);
        let (zero, one, two) = (g.ints(&[0]), g.ints(&[1]), g.ints(&[2]));
        let shape = g.node("Shape", &[ids], &[]);
        let length = g.node("Slice", &[&shape, &one, &two, &zero], &[]);
        let positions = g.node("Slice", &[&positions, &zero, &length, &zero], &[]);
        let x = g.node("Add", &[&x, &positions], &[]);
        Ok((self.norm(&x, &arch.embedding_norm)?, word))
    }

    /// Row `i` is what position `i` adds, together with token type 0, which every token has.
    fn position_table(&self) -> Result<Vec<f32>, ModelError> {
        let arch = self.arch;
        let rows = arch.position_offset + arch.positions;
        let table = self
            .checkpoint
            .tensor(&arch.position_embeddings, &[rows, arch.hidden])?;
        let mut values = table.rows(arch.position_offset, rows).read()?;
        if let Some((name, types)) = &arch.token_type_embeddings {
            let table = self.checkpoint.tensor(name, &[*types, arch.hidden])?;
            let first = table.rows(0, 1).read()?;
            for row in values.chunks_exact_mut(arch.hidden) {
                for (value, add) in row.iter_mut().zip(&first) {
                    *value += add;
                }
            }
        }
        Ok(values)
    }

    /// The matrix and the bias of a dense layer.
    pub(super) fn dense(
        &self,
        name: &str,
        outputs: usize,
        inputs: usize,
    ) -> Result<(Tensor, Tensor), ModelError> {
        let weight = format!("{name}.weight");
        let bias = format!("{name}.bias");
        Ok((
            self.checkpoint.tensor(&weight, &[outputs, inputs])?,
            self.checkpoint.tensor(&bias, &[outputs])?,
        ))
    }

    /// Gain and bias of a norm.
    pub(super) fn norm_vectors(&mut self, name: &str) -> Result<[Value; 2], ModelError> {
        let hidden = [self.arch.hidden];
        // Checkpoints converted from TensorFlow still say gamma and beta.
        let (new, old) = (format!("{name}.weight"), format!("{name}.gamma"));
        let (weight, bias) =
            if self.checkpoint.get(&new).is_none() && self.checkpoint.get(&old).is_some() {
                (old, format!("{name}.beta"))
            } else {
                (new, format!("{name}.bias"))
            };
        let weight = self.checkpoint.tensor(&weight, &hidden)?;
        let bias = self.checkpoint.tensor(&bias, &hidden)?;
        Ok([
            self.linear.vector(&mut self.graph, &weight)?,
            self.linear.vector(&mut self.graph, &bias)?,
        ])
    }

    pub(super) fn norm(&mut self, x: &str, name: &str) -> Result<Value, ModelError> {
        let [weight, bias] = self.norm_vectors(name)?;
        let attrs = [
            Attr::Int("axis", -1),
            Attr::Float("epsilon", self.arch.norm_epsilon),
        ];
        Ok(self
            .graph
            .node("LayerNormalization", &[x, &weight, &bias], &attrs))
    }

    pub(super) fn activation(&mut self, x: &str, activation: Activation) -> Value {
        match activation {
            Activation::Gelu => self.graph.node("Gelu", &[x], &[]),
            Activation::GeluTanh => {
                self.graph
                    .node("Gelu", &[x], &[Attr::Text("approximate", "tanh")])
            }
            Activation::Relu => self.graph.node("Relu", &[x], &[]),
        }
    }
}

/// A size as ONNX has it.
pub(super) fn dim(size: usize) -> i64 {
    i64::try_from(size).unwrap_or(i64::MAX)
}
