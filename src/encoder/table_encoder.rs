//! Queries without a model: a weight from a table for each different token.

use std::path::PathBuf;

use tokenizers::Tokenizer;

use super::error::EncodeError;
use super::tokens::Tokens;
use super::word_cache::WordCache;
use crate::impact::{Pruning, SparseVector, TermWeight};
use crate::model::{QueryTable, Vocabulary};

/// How queries are encoded with a table.
#[derive(Debug, Clone)]
pub struct TableSettings {
    /// Most tokens of a query.
    pub max_length: usize,
    /// True if special tokens may be terms.
    pub keep_special_tokens: bool,
    /// Which weights are left out.
    pub pruning: Pruning,
}

impl Default for TableSettings {
    fn default() -> Self {
        Self {
            max_length: 512,
            keep_special_tokens: false,
            pruning: Pruning::default(),
        }
    }
}

/// Encodes queries with a tokenizer and a table. Needs no ONNX Runtime.
pub struct TableEncoder {
    tokenizer: Tokenizer,
    words: Option<WordCache>,
    settings: TableSettings,
    vocabulary: Vocabulary,
    table: QueryTable,
    files: Vec<PathBuf>,
}

impl TableEncoder {
    /// Takes a tokenizer, the terms behind its ids, and their weights. Tokens that begin and end a text for a model
    /// are not added.
    ///
    /// # Errors
    /// [`EncodeError::Tokenize`] if the tokenizer refuses its settings.
    pub fn new(
        mut tokenizer: Tokenizer,
        vocabulary: Vocabulary,
        mut table: QueryTable,
        settings: &TableSettings,
    ) -> Result<Self, EncodeError> {
        tokenizer
            .with_truncation(None)
            .map_err(|e| EncodeError::Tokenize(e.to_string()))?;
        tokenizer.with_padding(None);
        if !settings.keep_special_tokens {
            table.leave_out(|id| vocabulary.is_special(id));
        }
        Ok(Self {
            words: WordCache::for_tokenizer(&tokenizer),
            settings: settings.clone(),
            tokenizer,
            vocabulary,
            table,
            files: Vec::new(),
        })
    }

    /// Keeps the names of the files that tokenizer and table come from.
    pub(super) fn with_files(mut self, files: Vec<PathBuf>) -> Self {
        self.files = files;
        self
    }

    /// Returns the files that tokenizer and table come from, where that is known.
    pub(super) fn files(&self) -> &[PathBuf] {
        &self.files
    }

    /// Returns how queries are encoded.
    #[must_use]
    pub fn settings(&self) -> &TableSettings {
        &self.settings
    }

    /// Returns the terms behind the ids of tokens and vectors.
    #[must_use]
    pub fn vocabulary(&self) -> &Vocabulary {
        &self.vocabulary
    }

    /// Returns the number of terms that have a weight.
    #[must_use]
    pub fn terms(&self) -> usize {
        self.table.len()
    }

    /// Returns the token ids of a query, cut to the length.
    ///
    /// # Errors
    /// [`EncodeError::Tokenize`] if the tokenizer fails.
    pub fn tokens(&self, text: &str) -> Result<Tokens, EncodeError> {
        let ids = if let Some(words) = &self.words {
            words.ids(&self.tokenizer, text, self.settings.max_length + 1)
        } else {
            let encoding = self.tokenizer.encode_fast(text, false);
            encoding.map(|encoding| encoding.get_ids().to_vec())
        };
        let mut ids = ids.map_err(|e| EncodeError::Tokenize(e.to_string()))?;
        let truncated = ids.len() > self.settings.max_length;
        ids.truncate(self.settings.max_length);
        Ok(Tokens {
            blank: ids.is_empty(),
            ids,
            truncated,
            ..Tokens::default()
        })
    }

    /// Returns the weight of each different token.
    #[must_use]
    pub fn weigh(&self, tokens: &Tokens) -> SparseVector {
        let mut terms = tokens.ids.clone();
        terms.sort_unstable();
        terms.dedup();
        let weighted = terms.into_iter().map(|term| TermWeight {
            term,
            weight: self.table.weight(term),
        });
        let mut vector = SparseVector(weighted.filter(|entry| entry.weight > 0.0).collect());
        self.settings.pruning.apply(&mut vector);
        vector
    }

    /// Encodes one query.
    ///
    /// # Errors
    /// [`EncodeError::Tokenize`] if the tokenizer fails.
    pub fn encode(&self, text: &str) -> Result<SparseVector, EncodeError> {
        Ok(self.weigh(&self.tokens(text)?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokenizers::AddedToken;
    use tokenizers::models::wordlevel::WordLevel;
    use tokenizers::pre_tokenizers::whitespace::WhitespaceSplit;

    fn encoder(settings: &TableSettings) -> TableEncoder {
        let vocab = ["[UNK]", "a", "b", "c"]
            .iter()
            .zip(0..)
            .map(|(term, id)| ((*term).to_owned(), id))
            .collect();
        let model = WordLevel::builder().vocab(vocab).unk_token("[UNK]".into());
        let mut tokenizer = Tokenizer::new(model.build().unwrap());
        tokenizer.with_pre_tokenizer(Some(WhitespaceSplit));
        tokenizer
            .add_special_tokens([AddedToken::from("[UNK]", true)])
            .unwrap();
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("idf.json");
        std::fs::write(&path, r#"{"a": 0.5, "b": 2.0, "c": -1, "[UNK]": 3}"#).unwrap();
        let table = QueryTable::open(&path, &tokenizer, 4).unwrap();
        let vocabulary = Vocabulary::new(&tokenizer, 4).unwrap();
        TableEncoder::new(tokenizer, vocabulary, table, settings).unwrap()
    }

    fn pairs(encoder: &TableEncoder, text: &str) -> Vec<(u32, f32)> {
        let vector = encoder.encode(text).unwrap();
        vector
            .0
            .iter()
            .map(|entry| (entry.term, entry.weight))
            .collect()
    }

    #[test]
    fn each_different_token_has_its_weight_once() {
        let encoder = encoder(&TableSettings {
            max_length: 4,
            ..TableSettings::default()
        });
        assert_eq!(pairs(&encoder, "b a b zzz"), [(1, 0.5), (2, 2.0)]);
        assert_eq!(pairs(&encoder, "c"), []);
        assert_eq!(pairs(&encoder, ""), []);
        // The fifth token is beyond the length.
        assert_eq!(pairs(&encoder, "a a a a b"), [(1, 0.5)]);
        let tokens = encoder.tokens("a a a a b").unwrap();
        assert!(tokens.truncated && !tokens.blank);
        assert!(encoder.tokens("").unwrap().blank);
    }

    #[test]
    fn special_tokens_and_pruning_are_as_for_documents() {
        let encoder = encoder(&TableSettings {
            keep_special_tokens: true,
            pruning: Pruning {
                top_k: Some(2),
                ..Pruning::default()
            },
            ..TableSettings::default()
        });
        assert_eq!(pairs(&encoder, "a b zzz"), [(0, 3.0), (2, 2.0)]);
    }
}
