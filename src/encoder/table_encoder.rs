//! Queries without a model: a weight from a table for each different token.

use rayon::prelude::*;
use tokenizers::{Tokenizer, TruncationParams};

use super::error::EncodeError;
use crate::impact::{SparseVector, TermWeight};
use crate::model::QueryTable;

/// Encodes queries with a tokenizer and a table. Needs no ONNX Runtime.
#[derive(Clone)]
pub struct TableEncoder {
    tokenizer: Tokenizer,
    table: QueryTable,
}

impl TableEncoder {
    /// Keeps at most `max_length` tokens of a query. Tokens that begin and end a text for a model are not added.
    ///
    /// # Errors
    /// [`EncodeError::Tokenize`] if the tokenizer refuses the length.
    pub fn new(
        mut tokenizer: Tokenizer,
        table: QueryTable,
        max_length: usize,
    ) -> Result<Self, EncodeError> {
        let truncation = TruncationParams {
            max_length,
            ..TruncationParams::default()
        };
        tokenizer
            .with_truncation(Some(truncation))
            .map_err(|e| EncodeError::Tokenize(e.to_string()))?;
        tokenizer.with_padding(None);
        Ok(Self { tokenizer, table })
    }

    /// Encodes one query.
    ///
    /// # Errors
    /// [`EncodeError::Tokenize`] if the tokenizer fails.
    pub fn encode(&self, text: &str) -> Result<SparseVector, EncodeError> {
        let encoding = self
            .tokenizer
            .encode_fast(text, false)
            .map_err(|e| EncodeError::Tokenize(e.to_string()))?;
        let mut terms = encoding.get_ids().to_vec();
        terms.sort_unstable();
        terms.dedup();
        let weighted = terms.into_iter().map(|term| TermWeight {
            term,
            weight: self.table.weight(term),
        });
        Ok(SparseVector(
            weighted.filter(|entry| entry.weight > 0.0).collect(),
        ))
    }

    /// Encodes many queries with all threads, in their order.
    ///
    /// # Errors
    /// That of the first query that fails.
    pub fn encode_all<T: AsRef<str> + Sync>(
        &self,
        texts: &[T],
    ) -> Result<Vec<SparseVector>, EncodeError> {
        texts
            .par_iter()
            .map(|text| self.encode(text.as_ref()))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokenizers::models::wordlevel::WordLevel;
    use tokenizers::pre_tokenizers::whitespace::Whitespace;

    #[test]
    fn each_different_token_has_its_weight_once() {
        let vocab = ["[UNK]", "a", "b", "c"]
            .iter()
            .zip(0..)
            .map(|(term, id)| ((*term).to_owned(), id))
            .collect();
        let model = WordLevel::builder().vocab(vocab).unk_token("[UNK]".into());
        let mut tokenizer = Tokenizer::new(model.build().unwrap());
        tokenizer.with_pre_tokenizer(Some(Whitespace {}));
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("idf.json");
        std::fs::write(&path, r#"{"a": 0.5, "b": 2.0, "c": -1}"#).unwrap();
        let table = QueryTable::open(&path, &tokenizer, 4).unwrap();
        let encoder = TableEncoder::new(tokenizer, table, 4).unwrap();
        let pairs = |text: &str| -> Vec<_> {
            let vector = encoder.encode(text).unwrap();
            vector
                .0
                .iter()
                .map(|entry| (entry.term, entry.weight))
                .collect()
        };
        assert_eq!(pairs("b a b zzz"), [(1, 0.5), (2, 2.0)]);
        assert_eq!(pairs("c"), []);
        assert_eq!(pairs(""), []);
        // The fifth token is beyond the length.
        assert_eq!(pairs("a a a a b"), [(1, 0.5)]);
        let all = encoder.encode_all(&["b", "", "a"]).unwrap();
        assert_eq!(
            all.iter().map(SparseVector::len).collect::<Vec<_>>(),
            [1, 0, 1]
        );
    }
}
