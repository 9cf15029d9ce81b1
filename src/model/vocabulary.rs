//! The terms behind the columns of the weights, as the tokenizer's vocabulary has them (`cell`, `##ing`, `▁casa`).
//!
//! What an output makes of a term that its reader would split or lose is the output's own affair.

use crate::quote::Quoted;
use tokenizers::Tokenizer;

/// The terms by token id.
#[derive(Debug, Clone)]
pub struct Vocabulary {
    terms: Vec<String>,
    special: Vec<bool>,
}

impl Vocabulary {
    /// Reads the terms of `columns` columns off the tokenizer. A column for which it has no entry gets an empty term.
    ///
    /// # Errors
    /// A token that the tokenizer can give and the model has no column for.
    pub fn new(tokenizer: &Tokenizer, columns: usize) -> Result<Self, String> {
        let mut terms = vec![String::new(); columns];
        let mut beyond = None;
        for (term, id) in tokenizer.get_vocab(true) {
            match terms.get_mut(id as usize) {
                Some(slot) => *slot = term,
                None => beyond = beyond.max(Some((id, term))),
            }
        }
        let around = tokenizer.encode_fast("", true).map_err(|e| e.to_string())?;
        let special = around.get_ids().iter().zip(around.get_tokens());
        let beyond = special
            .filter(|&(&id, _)| id as usize >= columns)
            .fold(beyond, |most, (&id, term)| {
                most.max(Some((id, term.clone())))
            });
        if let Some((id, term)) = beyond {
            return Err(format!(
                "the token {} has the number {id}, but the model has only {columns} terms; model and tokenizer \
                 do not belong together",
                Quoted(&term)
            ));
        }
        let mut special = vec![false; columns];
        for (id, token) in tokenizer.get_added_tokens_decoder() {
            if let Some(slot) = special.get_mut(id as usize) {
                *slot = token.special;
            }
        }
        Ok(Self { terms, special })
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
