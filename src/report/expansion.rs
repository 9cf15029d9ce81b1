//! Which terms of a document are not in its text.

use std::collections::HashMap;
use std::path::Path;

use super::collection::Facts;
use super::distribution::Distribution;
use super::error::ReportError;
use super::exact::{ExactSum, number, ratio};
use crate::encoder::TextTokenizer;
use crate::model::Model;
use crate::output::PseudoTerms;

/// The model's tokenizer, and its terms as a collection has them.
pub(super) struct TextTerms {
    tokenizer: TextTokenizer,
    tokens: HashMap<String, u32>,
}

impl TextTerms {
    /// Opens the tokenizer of a model; the facts say how much of a text was encoded.
    pub fn open(model: &Path, facts: &Facts) -> Result<Self, ReportError> {
        let model = Model::open(model)?;
        let max_length = facts.max_length;
        let max_length = max_length.unwrap_or_else(|| model.default_max_length());
        let mut tokenizer = TextTokenizer::new(&model, max_length)?;
        if facts.windows {
            tokenizer = tokenizer.whole_texts()?;
        }
        let written = PseudoTerms::new(model.vocabulary.terms())?;
        let terms = (0..).zip(written.terms());
        Ok(Self {
            tokenizer,
            tokens: terms.map(|(id, term)| (term.clone(), id)).collect(),
        })
    }

    /// Returns the token id of a term.
    pub fn token(&self, term: &str) -> Option<u32> {
        self.tokens.get(term).copied()
    }

    /// Returns the number of terms in the vocabulary.
    pub fn vocabulary(&self) -> usize {
        self.tokens.len()
    }

    /// Returns the token ids of a text in ascending order.
    pub fn of_text(&self, text: &str) -> Result<Vec<u32>, ReportError> {
        let mut ids = self.tokenizer.tokenize(text)?.ids;
        ids.sort_unstable();
        Ok(ids)
    }
}

/// Counts of expansion terms.
#[derive(Debug, Clone, Default)]
pub(super) struct ExpansionCounts {
    documents: u64,
    postings: u64,
    expansions: u64,
    weight: ExactSum,
    expansion_weight: ExactSum,
    /// Percents of the terms of each document.
    shares: Distribution,
}

impl ExpansionCounts {
    /// Adds a document: for each of its terms the weight, and whether it is an expansion.
    pub fn add(&mut self, terms: impl Iterator<Item = (f32, bool)>) {
        let (mut all, mut expansions) = (0, 0);
        for (weight, expansion) in terms {
            all += 1;
            self.weight.add(weight);
            if expansion {
                expansions += 1;
                self.expansion_weight.add(weight);
            }
        }
        self.documents += 1;
        self.postings += all;
        self.expansions += expansions;
        if all > 0 {
            self.shares.add(percent(expansions, all));
        }
    }

    /// Adds the counts of other documents.
    pub fn merge(&mut self, other: &Self) {
        self.documents += other.documents;
        self.postings += other.postings;
        self.expansions += other.expansions;
        self.weight.merge(other.weight);
        self.expansion_weight.merge(other.expansion_weight);
        self.shares.merge(&other.shares);
    }

    /// Returns what a report says of them; `None` where no document had a text.
    pub fn told(self) -> Option<Expansion> {
        (self.documents > 0).then(|| Expansion {
            documents: self.documents,
            postings: self.expansions,
            share_of_postings: ratio(number(self.expansions), number(self.postings)),
            share_of_weight: ratio(self.expansion_weight.value(), self.weight.value()),
            percents: self.shares,
        })
    }
}

#[allow(clippy::cast_possible_truncation, reason = "a percentage for a plot")]
fn percent(part: u64, whole: u64) -> f32 {
    (100.0 * ratio(number(part), number(whole))) as f32
}

/// Expansion terms, over the documents with a text.
#[derive(Debug, Clone, PartialEq)]
pub struct Expansion {
    /// Documents with a text.
    pub documents: u64,
    /// Their terms that are not in their text.
    pub postings: u64,
    /// The same as a share of all their terms.
    pub share_of_postings: f64,
    /// Share of the sum of weights.
    pub share_of_weight: f64,
    /// Percent of expansion terms in each document.
    pub percents: Distribution,
}
