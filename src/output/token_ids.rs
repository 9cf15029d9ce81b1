//! Token ids for formats that name terms by them.

use std::collections::HashMap;

use super::pseudo_terms::PseudoTerms;
use super::record::Terms;
use crate::error::{Error, Result};
use crate::quote::Quoted;

/// The model's token ids by term, and how many there are.
#[derive(Debug, Clone, Default)]
pub(super) struct TokenIds {
    by_term: HashMap<String, u32>,
    terms: Vec<String>,
}

impl TokenIds {
    /// Takes the terms of a vocabulary, as they are written.
    ///
    /// # Errors
    /// If two of them are written the same.
    pub fn new(vocabulary: &[String]) -> Result<Self> {
        let terms = PseudoTerms::new(vocabulary)?.terms().to_vec();
        // A collection has terms as they are written, or, if it is of another program, as they are.
        let raw = (0..).zip(vocabulary);
        let by_term = raw.chain((0..).zip(&terms));
        Ok(Self {
            by_term: by_term.map(|(id, term)| (term.clone(), id)).collect(),
            terms,
        })
    }

    /// Returns the terms by token id, as they are written.
    pub fn terms(&self) -> &[String] {
        &self.terms
    }

    /// Returns the token id behind the number of a term in a record. `format` is for the message.
    ///
    /// # Errors
    /// If the record comes from a collection and its term is not in the vocabulary, or there is no vocabulary.
    pub fn find(&self, terms: Terms<'_>, number: u32, format: &str) -> Result<u32> {
        if let Terms::Vocabulary(_) = terms {
            return Ok(number);
        }
        let term = terms.term(number);
        self.by_term.get(term).copied().ok_or_else(|| {
            Error::output(if self.terms.is_empty() {
                format!(
                    "the format {format} names terms by their token ids, and a collection has none; name the `model` that \
                     made it"
                )
            } else {
                format!(
                    "the term {} is not in the vocabulary of the model; name the `model` that made the collection",
                    Quoted(term)
                )
            })
        })
    }
}
