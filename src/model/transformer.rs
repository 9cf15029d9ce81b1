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
//! The graph is plain ONNX except for the matrix products with weights. On the CPU fp32 graphs of
//! ONNX Runtime's fused attention and normalization operators were measured to be no faster.

use super::architecture::{Activation, Architecture, Layer};
use super::checkpoint::Checkpoint;
use super::error::ModelError;
use super::graph::{Attr, GraphBuilder, Value};
use super::onnx::{ValueInfoProto, data_type};

/// What is added to the attention score of a padded token: its softmax is exactly 0 in float32.
const MASKED: f32 = -1e4;

/// Builds the encoder.
pub struct Transformer<'a> {
    pub graph: GraphBuilder,
    checkpoint: &'a Checkpoint,
    arch: &'a Architecture,
}

/// Values that the head needs.
pub struct Encoded {
    /// `[B, L, H]`
    pub hidden: Value,
    /// `[B, L]`, boolean: true for a token, false for padding.
    pub mask: Value,
}

impl<'a> Transformer<'a> {
    pub fn new(checkpoint: &'a Checkpoint, arch: &'a Architecture) -> Self {
        Self {
            graph: GraphBuilder::new("v"),
            checkpoint,
            arch,
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

        let attention_bias = self.attention_bias(&mask);
        let mut x = self.embed(&ids)?;
        for layer in &self.arch.layers {
            x = self.layer(&x, layer, &attention_bias)?;
        }
        let transformed =
            self.linear(&x, &self.arch.transform, self.arch.hidden, self.arch.hidden)?;
        let transformed = self.activation(&transformed, self.arch.transform_activation);
        let hidden = self.norm(&transformed, &self.arch.transform_norm)?;
        let mask = self.cast(&mask, data_type::BOOL);
        Ok(Encoded { hidden, mask })
    }

    /// `(1 - mask) * -1e4` as `[B, 1, 1, L]`.
    fn attention_bias(&mut self, mask: &Value) -> Value {
        let g = &mut self.graph;
        let mask = g.node("Cast", &[mask], &[Attr::Int("to", data_type::FLOAT.into())]);
        let (one, masked, axes) = (g.scalar(1.0), g.scalar(MASKED), g.ints(&[1, 2]));
        let padding = g.node("Sub", &[&one, &mask], &[]);
        let bias = g.node("Mul", &[&padding, &masked], &[]);
        g.node("Unsqueeze", &[&bias, &axes], &[])
    }

    fn embed(&mut self, ids: &Value) -> Result<Value, ModelError> {
        let arch = self.arch;
        let word = self
            .checkpoint
            .tensor(&arch.word_embeddings, &[arch.vocabulary, arch.hidden])?;
        let positions = self.position_table()?;
        let g = &mut self.graph;
        let word = g.tensor(&word);
        let positions = g.floats(&[arch.positions, arch.hidden], &positions);
        let x = g.node("Gather", &[&word, ids], &[]);
        let (zero, one, two) = (g.ints(&[0]), g.ints(&[1]), g.ints(&[2]));
        let shape = g.node("Shape", &[ids], &[]);
        let length = g.node("Slice", &[&shape, &one, &two, &zero], &[]);
        let positions = g.node("Slice", &[&positions, &zero, &length, &zero], &[]);
        let x = g.node("Add", &[&x, &positions], &[]);
        self.norm(&x, &arch.embedding_norm)
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

    fn layer(&mut self, x: &Value, layer: &Layer, bias: &Value) -> Result<Value, ModelError> {
        let (hidden, inner) = (self.arch.hidden, self.arch.intermediate);
        let attention = self.attention(x, layer, bias)?;
        let attention = self.linear(&attention, &layer.attention_output, hidden, hidden)?;
        let sum = self.graph.node("Add", &[&attention, x], &[]);
        let x = self.norm(&sum, &layer.attention_norm)?;

        let y = self.linear(&x, &layer.intermediate, inner, hidden)?;
        let y = self.activation(&y, self.arch.activation);
        let y = self.linear(&y, &layer.output, hidden, inner)?;
        let sum = self.graph.node("Add", &[&y, &x], &[]);
        self.norm(&sum, &layer.output_norm)
    }

    fn attention(&mut self, x: &Value, layer: &Layer, bias: &Value) -> Result<Value, ModelError> {
        let hidden = self.arch.hidden;
        let q = self.linear(x, &layer.query, hidden, hidden)?;
        let k = self.linear(x, &layer.key, hidden, hidden)?;
        let v = self.linear(x, &layer.value, hidden, hidden)?;
        let q = self.split_heads(&q, &[0, 2, 1, 3]);
        let k = self.split_heads(&k, &[0, 2, 3, 1]);
        let v = self.split_heads(&v, &[0, 2, 1, 3]);
        let head_size = hidden / self.arch.heads;
        let g = &mut self.graph;
        #[allow(
            clippy::cast_precision_loss,
            reason = "a head has at most some hundred values"
        )]
        let scale = g.scalar((head_size as f32).sqrt());
        let scores = g.node("MatMul", &[&q, &k], &[]);
        let scores = g.node("Div", &[&scores, &scale], &[]);
        let scores = g.node("Add", &[&scores, bias], &[]);
        let probabilities = g.node("Softmax", &[&scores], &[Attr::Int("axis", -1)]);
        let context = g.node("MatMul", &[&probabilities, &v], &[]);
        let context = g.node(
            "Transpose",
            &[&context],
            &[Attr::Ints("perm", &[0, 2, 1, 3])],
        );
        let shape = g.ints(&[0, 0, dim(hidden)]);
        Ok(g.node("Reshape", &[&context, &shape], &[]))
    }

    /// `[B, L, H]` -> `[B, L, heads, size]`, transposed.
    fn split_heads(&mut self, x: &Value, perm: &[i64]) -> Value {
        let heads = self.arch.heads;
        let shape = [0, 0, dim(heads), dim(self.arch.hidden / heads)];
        let shape = self.graph.ints(&shape);
        let x = self.graph.node("Reshape", &[x, &shape], &[]);
        self.graph
            .node("Transpose", &[&x], &[Attr::Ints("perm", perm)])
    }

    fn linear(
        &mut self,
        x: &Value,
        name: &str,
        outputs: usize,
        inputs: usize,
    ) -> Result<Value, ModelError> {
        let weight = self
            .checkpoint
            .tensor(&format!("{name}.weight"), &[outputs, inputs])?;
        let bias = self
            .checkpoint
            .tensor(&format!("{name}.bias"), &[outputs])?;
        let weight = self.graph.tensor(&weight);
        let bias = self.graph.tensor(&bias);
        let product = self.graph.matmul_transposed(x, &weight);
        Ok(self.graph.node("Add", &[&product, &bias], &[]))
    }

    fn norm(&mut self, x: &Value, name: &str) -> Result<Value, ModelError> {
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
        let weight = self.graph.tensor(&weight);
        let bias = self.graph.tensor(&bias);
        let attrs = [
            Attr::Int("axis", -1),
            Attr::Float("epsilon", self.arch.norm_epsilon),
        ];
        Ok(self
            .graph
            .node("LayerNormalization", &[x, &weight, &bias], &attrs))
    }

    fn activation(&mut self, x: &Value, activation: Activation) -> Value {
        match activation {
            Activation::Gelu => self.graph.node("Gelu", &[x], &[]),
            Activation::GeluTanh => {
                self.graph
                    .node("Gelu", &[x], &[Attr::Text("approximate", "tanh")])
            }
            Activation::Relu => self.graph.node("Relu", &[x], &[]),
        }
    }

    fn cast(&mut self, x: &Value, to: i32) -> Value {
        self.graph.node("Cast", &[x], &[Attr::Int("to", to.into())])
    }
}

fn dim(size: usize) -> i64 {
    i64::try_from(size).unwrap_or(i64::MAX)
}
