//! From the vectors of a part's documents to its outputs, with counts.

use std::time::{Duration, Instant};

use anyhow::Context;

use super::run_writer::PartWriters;
use crate::impact::{Impact, Quantizer, SparseVector};
use crate::output::{EncodedRecord, Terms, VectorRef};
use crate::run::Counts;

/// What a document is beside its vector.
#[derive(Clone, Copy)]
pub(super) struct Text<'a> {
    pub(super) docid: &'a str,
    pub(super) contents: &'a str,
    pub(super) terms: Terms<'a>,
}

/// Quantizes documents, counts what is in them and gives them to the outputs.
pub(super) struct Adder<'a, 'o> {
    quantizer: Option<&'a Quantizer>,
    writers: &'a mut PartWriters<'o>,
    pub(super) counts: Counts,
    pub(super) quantizing: Duration,
}

impl<'a, 'o> Adder<'a, 'o> {
    /// Quantizes with the quantizer, or leaves weights as they are.
    pub(super) fn new(quantizer: Option<&'a Quantizer>, writers: &'a mut PartWriters<'o>) -> Self {
        Self {
            quantizer,
            writers,
            counts: Counts::default(),
            quantizing: Duration::ZERO,
        }
    }

    /// Adds a document with its weights.
    pub(super) fn add(&mut self, text: Text<'_>, vector: &SparseVector) -> anyhow::Result<()> {
        self.see(vector);
        let Some(quantizer) = self.quantizer else {
            return self.write(text, VectorRef::Weights(vector));
        };
        let started = Instant::now();
        let impacts = quantizer
            .quantize(vector)
            .with_context(|| format!("document {}", text.docid))?;
        self.quantizing += started.elapsed();
        self.add_impacts(text, &impacts)
    }

    /// Counts the largest weight.
    pub(super) fn see(&mut self, vector: &SparseVector) {
        self.counts.max_weight = self.counts.max_weight.max(vector.max_weight());
    }

    /// Returns true while an output holds term ids of a dictionary, which must not be cleared then.
    pub(super) fn holds_terms(&self) -> bool {
        self.writers.holds_terms()
    }

    /// Adds a document with its impacts.
    pub(super) fn add_impacts(&mut self, text: Text<'_>, impacts: &[Impact]) -> anyhow::Result<()> {
        for entry in impacts {
            self.counts.impact_sum += u64::from(entry.impact);
            self.counts.max_impact = self.counts.max_impact.max(entry.impact);
        }
        self.write(text, VectorRef::Impacts(impacts))
    }

    fn write(&mut self, text: Text<'_>, vector: VectorRef<'_>) -> anyhow::Result<()> {
        self.counts.documents += 1;
        self.counts.postings += vector.len() as u64;
        self.counts.empty += u64::from(vector.is_empty());
        self.writers.add(&EncodedRecord {
            docid: text.docid,
            contents: text.contents,
            vector,
            terms: text.terms,
            line: None,
        })?;
        Ok(())
    }
}
