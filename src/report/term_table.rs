//! Every term of the collection with its counts: the one thing here that grows, and with the vocabulary only.

use std::collections::HashMap;

use super::exact::ExactSum;

/// Counts of a term.
#[derive(Debug, Clone, Default)]
pub(super) struct TermCounts {
    /// Documents that have the term.
    pub documents: u64,
    /// Documents that have it without having it in their text.
    pub expansions: u64,
    /// Sum of its weights.
    pub weight: ExactSum,
    /// The list of queries that have it.
    pub queries: Option<usize>,
    /// Its token id in the model's vocabulary.
    pub token: Option<u32>,
}

/// Terms by the order of their first occurrence, which nothing that is written depends on.
#[derive(Debug, Default)]
pub(super) struct TermTable {
    numbers: HashMap<String, usize>,
    counts: Vec<TermCounts>,
}

impl TermTable {
    /// Returns the number of a term; `first` tells what is known of a term that is new.
    pub fn number(&mut self, term: &str, first: impl FnOnce() -> TermCounts) -> usize {
        if let Some(&number) = self.numbers.get(term) {
            return number;
        }
        let number = self.counts.len();
        self.numbers.insert(term.to_owned(), number);
        self.counts.push(first());
        number
    }

    /// Returns the counts of a term.
    pub fn counts(&self, number: usize) -> &TermCounts {
        &self.counts[number]
    }

    /// Returns the counts of a term, to raise them.
    pub fn counts_mut(&mut self, number: usize) -> &mut TermCounts {
        &mut self.counts[number]
    }

    /// Adds the counts of another table.
    pub fn merge(&mut self, mut other: Self) {
        for (term, number) in other.numbers {
            let more = std::mem::take(&mut other.counts[number]);
            let number = self.number(&term, || TermCounts {
                queries: more.queries,
                token: more.token,
                ..TermCounts::default()
            });
            let own = &mut self.counts[number];
            own.documents += more.documents;
            own.expansions += more.expansions;
            own.weight.merge(more.weight);
        }
    }

    /// Returns the terms by descending number of documents, equal ones by name.
    pub fn into_rows(mut self) -> Vec<TermRow> {
        let counts = &mut self.counts;
        let mut rows: Vec<TermRow> = self
            .numbers
            .into_iter()
            .map(|(term, number)| TermRow::new(term, &counts[number]))
            .collect();
        rows.sort_by(|a, b| {
            b.documents
                .cmp(&a.documents)
                .then_with(|| a.term.cmp(&b.term))
        });
        rows
    }
}

/// A term as a report tells it.
#[derive(Debug, Clone, PartialEq)]
pub struct TermRow {
    /// The term.
    pub term: String,
    /// Documents that have it.
    pub documents: u64,
    /// Documents that have it without having it in their text; 0 where that was not looked at.
    pub expansions: u64,
    /// Mean of its weights, over the documents that have it.
    pub mean_weight: f64,
}

impl TermRow {
    fn new(term: String, counts: &TermCounts) -> Self {
        Self {
            term,
            documents: counts.documents,
            expansions: counts.expansions,
            mean_weight: super::exact::ratio(
                counts.weight.value(),
                super::exact::number(counts.documents),
            ),
        }
    }
}
