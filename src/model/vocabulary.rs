//! The terms behind the columns of the weights, as the tokenizer's vocabulary has them (`cell`, `##ing`, `▁casa`).
//!
//! What an output makes of a term that its reader would split or lose is the output's own affair.

use tokenizers::Tokenizer;

/// The terms by token id.
#[derive(Debug, Clone)]
pub struct Vocabulary {
    terms: Vec<String>,
    special: Vec<bool>,
}

impl Vocabulary {
    /// Reads the terms of `columns` columns off the tokenizer. A column for which it has no entry gets an empty term.
    #[must_use]
    pub fn new(tokenizer: &Tokenizer, columns: usize) -> Self {
        let mut terms = vec![String::new(); columns];
        for (term, id) in tokenizer.get_vocab(true) {
            if let Some(slot) = terms.get_mut(id as usize) {
                *slot = term;
            }
        }
        let mut special = vec![false; columns];
        for (id, token) in tokenizer.get_added_tokens_decoder() {
            if let Some(slot) = special.get_mut(id as usize) {
                *slot = token.special;
            }
        }
        Self { terms, special }
    }

    /// Returns the term of a token id; empty if the tokenizer has none.
    #[must_use]
    pub fn term(&self, id: u32) -> &str {
        self.terms.get(id as usize).map_or("", String::as_str)
    }

    /// Returns all terms, by token id.
    #[must_use]
    pub fn terms(&self) -> &[String] {
        &self.terms
    }

    /// Returns true for `[CLS]`, `[PAD]` and the like.
    #[must_use]
    pub fn is_special(&self, id: u32) -> bool {
        self.special.get(id as usize).copied().unwrap_or(false)
    }

    /// Returns the number of columns.
    #[must_use]
    pub fn len(&self) -> usize {
        self.terms.len()
    }

    /// Returns true if there are no columns.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.terms.is_empty()
    }
}
