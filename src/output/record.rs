//! One encoded document, as outputs receive it.

use crate::impact::{Impact, SparseVector};
use crate::lucene::TermDictionary;
use crate::run::VectorKind;

/// A document or topic with its vector.
#[derive(Debug, Clone, Copy)]
pub struct EncodedRecord<'a> {
    /// The docid or qid.
    pub docid: &'a str,
    /// The text; empty unless the run keeps texts.
    pub contents: &'a str,
    /// Its impacts or weights: by ascending token id, or in the order of the collection they are read from.
    pub vector: VectorRef<'a>,
    /// What the term ids stand for.
    pub terms: Terms<'a>,
    /// The line of the collection that it was read from, if it was.
    pub line: Option<&'a str>,
}

/// A vector that is borrowed.
#[derive(Debug, Clone, Copy)]
pub enum VectorRef<'a> {
    /// Quantized.
    Impacts(&'a [Impact]),
    /// Float weights.
    Weights(&'a SparseVector),
}

impl VectorRef<'_> {
    /// Returns the number of terms.
    #[must_use]
    pub fn len(&self) -> usize {
        match self {
            Self::Impacts(impacts) => impacts.len(),
            Self::Weights(vector) => vector.len(),
        }
    }

    /// Returns true if there are no terms.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Returns what the vector holds.
    #[must_use]
    pub fn kind(&self) -> VectorKind {
        match self {
            Self::Impacts(_) => VectorKind::Impacts,
            Self::Weights(_) => VectorKind::Weights,
        }
    }
}

/// What term ids stand for.
#[derive(Debug, Clone, Copy)]
pub enum Terms<'a> {
    /// The model's vocabulary: an id is a token id, and the same in the whole run.
    Vocabulary(&'a [String]),
    /// Terms met while a collection is read: an id holds for this record alone.
    Dictionary(&'a TermDictionary),
}

impl<'a> Terms<'a> {
    /// Returns the term of an id as the tokenizer or the collection has it; empty if there is none.
    #[must_use]
    pub fn term(&self, id: u32) -> &'a str {
        match self {
            Self::Vocabulary(terms) => terms.get(id as usize).map_or("", String::as_str),
            Self::Dictionary(terms) => terms.term(id).unwrap_or(""),
        }
    }

    /// Returns the term of an id as it is written: that of `written`, a vocabulary by token id, where the id is one.
    #[must_use]
    pub(super) fn written(&self, written: &'a [String], id: u32) -> &'a str {
        match (self, written.get(id as usize)) {
            (Self::Vocabulary(_), Some(term)) => term,
            _ => self.term(id),
        }
    }
}

impl<'a> EncodedRecord<'a> {
    /// Returns the terms with their impacts, or their weights as floats.
    pub fn entries(&self) -> impl Iterator<Item = (&'a str, f64)> + use<'a> {
        let terms = self.terms;
        let (impacts, weights): (&[Impact], &[_]) = match self.vector {
            VectorRef::Impacts(impacts) => (impacts, &[]),
            VectorRef::Weights(vector) => (&[], &vector.0),
        };
        let impacts = impacts.iter().map(|e| (e.term, f64::from(e.impact)));
        let weights = weights.iter().map(|e| (e.term, f64::from(e.weight)));
        impacts
            .chain(weights)
            .map(move |(id, value)| (terms.term(id), value))
    }
}
