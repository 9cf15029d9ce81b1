//! Token ids -> the first hidden states.

use super::builder::{EncoderBuilder, dim};
use super::norm::Norm;
use crate::model::error::ModelError;
use crate::model::graph::Value;
use crate::model::onnx::data_type;
use crate::model::weights::Tensor;

/// The tables of an encoder's first hidden states.
pub struct Embeddings {
    /// `[V, H]`
    pub words: Tensor,
    pub positions: Positions,
    /// `[1, H]`, the row of token type 0, which every token has.
    pub token_type: Option<Tensor>,
    pub norm: Norm,
}

/// Where the first hidden states get positions from.
pub enum Positions {
    /// A row `[positions, H]` for each, in the order of the tokens.
    Rows(Tensor),
    /// A row for each token but padding tokens, which a text may name; their row comes first.
    BesidePadding { padding: usize, rows: Tensor },
    /// Nowhere: attention is given positions.
    Rotary,
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
        let added = match (&embeddings.positions, &embeddings.token_type) {
            (Positions::Rows(positions), _) => {
                let table = self.position_table(embeddings, positions)?;
                Some(self.first_rows(&table))
            }
            (Positions::BesidePadding { padding, rows }, _) => {
                let table = self.position_table(embeddings, rows)?;
                Some(self.rows_beside_padding(&table, *padding))
            }
            (Positions::Rotary, Some(token_type)) => {
                Some(self.linear.vector(&mut self.graph, token_type)?)
            }
            (Positions::Rotary, None) => None,
        };
        let x = match added {
            Some(added) => self.graph.node("Add", &[&x, &added], &[]),
            None => x,
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

    fn position_table(
        &mut self,
        embeddings: &Embeddings,
        rows: &Tensor,
    ) -> Result<Value, ModelError> {
        let values = embeddings.read_positions(rows)?;
        Ok(self.linear.table(&mut self.graph, &rows.shape, values))
    }

    /// Writes the rows `0..L` of a table.
    fn first_rows(&mut self, table: &str) -> Value {
        let g = &mut self.graph;
        let (zero, one, two) = (g.ints(&[0]), g.ints(&[1]), g.ints(&[2]));
        let shape = g.node("Shape", &[&self.ids], &[]);
        let length = g.node("Slice", &[&shape, &one, &two, &zero], &[]);
        g.node("Slice", &[table, &zero, &length, &zero], &[])
    }

    /// Writes row 0 of a table for each padding token, and for another token the row of its number among
    /// those that are none, from 1 on.
    fn rows_beside_padding(&mut self, table: &str, padding: usize) -> Value {
        let g = &mut self.graph;
        let (padding, axis) = (g.int(dim(padding)), g.int(1));
        let is_padding = g.node("Equal", &[&self.ids, &padding], &[]);
        let others = g.node("Not", &[&is_padding], &[]);
        let others = g.cast(&others, data_type::INT64);
        let numbers = g.node("CumSum", &[&others, &axis], &[]);
        let numbers = g.node("Mul", &[&numbers, &others], &[]);
        g.node("Gather", &[table, &numbers], &[])
    }
}
