//! Counts over documents, made by one thread, to be added to those of the others.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use super::collection::Visitor;
use super::distribution::Distribution;
use super::error::ReportError;
use super::exact::ExactSum;
use super::expansion::{ExpansionCounts, TextTerms};
use super::queries::{Queries, Rankings, Weights};
use super::setting::{Setting, Unit};
use super::term_table::{TermCounts, TermTable};
use crate::impact::Quantizer;
use crate::pipeline::EncodeProgress;

/// What all threads count.
pub(super) struct Plan {
    pub unit: Unit,
    pub settings: Vec<Setting>,
    pub quantizers: Vec<Quantizer>,
    pub queries: Queries,
    pub text: Option<TextTerms>,
    pub progress: Arc<EncodeProgress>,
}

/// What a setting leaves of the documents.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct SettingCounts {
    pub postings: u64,
    pub impact_sum: u64,
}

/// The counts of one thread.
pub(super) struct Tally<'p> {
    plan: &'p Plan,
    pub documents: u64,
    pub empty: u64,
    pub postings: u64,
    pub weight: ExactSum,
    pub lengths: Distribution,
    pub weights: Distribution,
    pub terms: TermTable,
    pub settings: Vec<SettingCounts>,
    pub rankings: Rankings,
    pub expansion: ExpansionCounts,
    /// True if one of the numbers is no whole one.
    pub fractions: bool,
    /// The document that is being read.
    numbers: Vec<usize>,
    values: Vec<f32>,
}

impl<'p> Tally<'p> {
    /// Prepares empty counts.
    pub fn new(plan: &'p Plan) -> Self {
        Self {
            plan,
            documents: 0,
            empty: 0,
            postings: 0,
            weight: ExactSum::default(),
            lengths: Distribution::default(),
            weights: Distribution::default(),
            terms: TermTable::default(),
            settings: vec![SettingCounts::default(); plan.settings.len()],
            rankings: Rankings::new(&plan.queries, plan.settings.len()),
            expansion: ExpansionCounts::default(),
            fractions: false,
            numbers: Vec::new(),
            values: Vec::new(),
        }
    }

    /// Adds the counts of another thread.
    pub fn merge(&mut self, other: Self) {
        self.documents += other.documents;
        self.empty += other.empty;
        self.postings += other.postings;
        self.weight.merge(other.weight);
        self.lengths.merge(&other.lengths);
        self.weights.merge(&other.weights);
        self.terms.merge(other.terms);
        for (own, other) in self.settings.iter_mut().zip(other.settings) {
            own.postings += other.postings;
            own.impact_sum += other.impact_sum;
        }
        self.rankings.merge(other.rankings);
        self.expansion.merge(&other.expansion);
        self.fractions |= other.fractions;
    }

    fn count_terms(&mut self) {
        for (&number, &value) in self.numbers.iter().zip(&self.values) {
            let counts = self.terms.counts_mut(number);
            counts.documents += 1;
            counts.weight.add(value);
            self.weight.add(value);
            self.weights.add(value);
            self.fractions |= value.fract() != 0.0;
        }
    }

    fn count_settings(&mut self, docid: &str) {
        let plan = self.plan;
        let weights = Weights::new(&self.values, plan.unit, &plan.quantizers);
        for (setting, counts) in self.settings.iter_mut().enumerate() {
            for impact in weights.impacts(setting) {
                counts.postings += 1;
                counts.impact_sum += u64::from(impact.impact);
            }
        }
        let terms = &self.terms;
        let lists = self
            .numbers
            .iter()
            .map(|&number| terms.counts(number).queries);
        self.rankings.score(docid, &weights, lists, &plan.queries);
    }

    fn count_expansions(&mut self, text: &str) -> Result<(), ReportError> {
        let Some(tokenizer) = &self.plan.text else {
            return Ok(());
        };
        if text.is_empty() {
            return Ok(());
        }
        let in_text = tokenizer.of_text(text)?;
        let mut expansions = Vec::with_capacity(self.numbers.len());
        for &number in &self.numbers {
            let counts = self.terms.counts_mut(number);
            let expansion = counts
                .token
                .is_none_or(|token| in_text.binary_search(&token).is_err());
            counts.expansions += u64::from(expansion);
            expansions.push(expansion);
        }
        self.expansion
            .add(self.values.iter().copied().zip(expansions));
        Ok(())
    }
}

impl Visitor for Tally<'_> {
    fn wants_text(&self) -> bool {
        self.plan.text.is_some()
    }

    fn term(&mut self, term: &str, weight: f32) {
        let plan = self.plan;
        let number = self.terms.number(term, || TermCounts {
            queries: plan.queries.list(term),
            token: plan.text.as_ref().and_then(|text| text.token(term)),
            ..TermCounts::default()
        });
        self.numbers.push(number);
        self.values.push(weight);
    }

    fn document(&mut self, docid: &str, text: &str) -> Result<(), ReportError> {
        self.documents += 1;
        self.empty += u64::from(self.values.is_empty());
        self.postings += self.values.len() as u64;
        #[allow(
            clippy::cast_precision_loss,
            reason = "documents have less than 2^24 terms"
        )]
        self.lengths.add(self.values.len() as f32);
        self.count_terms();
        self.count_settings(docid);
        self.count_expansions(text)?;
        self.numbers.clear();
        self.values.clear();
        let progress = &self.plan.progress;
        progress.read.fetch_add(1, Ordering::Relaxed);
        progress.documents.fetch_add(1, Ordering::Relaxed);
        Ok(())
    }
}
