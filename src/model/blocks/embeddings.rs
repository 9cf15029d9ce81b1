//! Token ids -> the first hidden states.

use super::builder::EncoderBuilder;
use super::norm::Norm;
use crate::model::error::ModelError;
use crate::model::graph::Value;
use crate::model::weights::Tensor;

/// The tables of an encoder's first hidden states.
pub struct Embeddings {
    /// `[V, H]`
    pub words: Tensor,
    /// Absolute positions `[positions, H]`, beginning with the row of the first token; `None` where
    /// attention is given positions.
    pub positions: Option<Tensor>,
    /// `[1, H]`, the row of token type 0, which every token has.
    pub token_type: Option<Tensor>,
    pub norm: Norm,
}

impl Embeddings {
    /// Reads the rows of the positions, each with the token type added.
    fn read_positions(&self, positions: &Tensor) -> Result<Vec<f32>, ModelError> {
        let mut values = positions.read()?;
        if let Some(token_type) = &self.token_type {
            let first = token_type.read()?;
            for row in values.chunks_exact_mut(first.len()) {
                for (value, add) in row.iter_mut().zip(&first) {
                    *value += add;
                }
            }
        }
        Ok(values)
    }
}

impl EncoderBuilder {
    /// Writes `norm(word[ids] + position[0..L] + type[0])`. Returns it and the constant of the word embeddings.
    pub fn embed(&mut self, embeddings: &Embeddings) -> Result<(Value, Value), ModelError> {
        let (x, words) = self.embed_words(&embeddings.words)?;
        let x = match (&embeddings.positions, &embeddings.token_type) {
            (Some(positions), _) => {
                let values = embeddings.read_positions(positions)?;
                self.add_positions(&x, &positions.shape, values)
            }
            (None, Some(token_type)) => {
                let row = self.linear.vector(&mut self.graph, token_type)?;
                self.graph.node("Add", &[&x, &row], &[])
            }
            (None, None) => x,
        };
        Ok((self.norm(&x, &embeddings.norm)?, words))
    }

    /// Writes `word[ids]`. Returns it and the constant of the word embeddings.
    fn embed_words(&mut self, words: &Tensor) -> Result<(Value, Value), ModelError> {
        let table = self
            .linear
            .table(&mut self.graph, &words.shape, words.read()?);
        let ids = self.ids.clone();
        Ok((self.graph.node("Gather", &[&table, &ids], &[]), table))
    }

    /// Writes `x + position[0..L]`.
    fn add_positions(&mut self, x: &str, shape: &[usize], values: Vec<f32>) -> Value {
        let g = &mut self.graph;
        let rows = self.linear.table(g, shape, values);
        let (zero, one, two) = (g.ints(&[0]), g.ints(&[1]), g.ints(&[2]));
        let shape = g.node("Shape", &[&self.ids], &[]);
        let length = g.node("Slice", &[&shape, &one, &two, &zero], &[]);
        let rows = g.node("Slice", &[&rows, &zero, &length, &zero], &[]);
        g.node("Add", &[x, &rows], &[])
    }
}
