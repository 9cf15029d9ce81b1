//! Sums over encoded documents.

use serde::{Deserialize, Serialize};

/// Sums over documents. `impact_sum` and `max_impact` are 0 where float weights are written.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub struct Counts {
    /// Documents written.
    pub documents: u64,
    /// Documents among them without any term; an index leaves them out.
    pub empty: u64,
    /// Documents that had more tokens than were kept.
    pub truncated: u64,
    /// Documents that had more tokens and were encoded in several windows.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub split: u64,
    /// The windows of those documents.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub windows: u64,
    /// Tokens encoded, special ones included, without padding.
    pub tokens: u64,
    /// Pairs of a document and a term.
    pub postings: u64,
    /// Sum of all impacts: "total terms" of an Anserini index.
    pub impact_sum: u64,
    /// Largest weight before quantization.
    pub max_weight: f32,
    /// Largest impact.
    pub max_impact: u32,
    /// Documents, or windows of documents, for which the screened head had to fall back on single precision: slower, with the same weights.
    pub screening_fallbacks: u64,
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde passes references")]
fn is_zero(count: &u64) -> bool {
    *count == 0
}

impl Counts {
    /// Counts what became of a text's length.
    pub fn add_text(&mut self, truncated: bool, windows: usize) {
        self.truncated += u64::from(truncated);
        if windows > 1 {
            self.split += 1;
            self.windows += windows as u64;
        }
    }

    /// Returns what only the encoding of the texts can tell, and 0 for the rest.
    pub(crate) fn of_encoding(&self) -> Self {
        Self {
            truncated: self.truncated,
            split: self.split,
            windows: self.windows,
            tokens: self.tokens,
            screening_fallbacks: self.screening_fallbacks,
            ..Self::default()
        }
    }

    /// Adds the sums over other documents.
    pub fn add(&mut self, other: &Self) {
        self.documents += other.documents;
        self.empty += other.empty;
        self.truncated += other.truncated;
        self.split += other.split;
        self.windows += other.windows;
        self.tokens += other.tokens;
        self.postings += other.postings;
        self.impact_sum += other.impact_sum;
        self.max_weight = self.max_weight.max(other.max_weight);
        self.max_impact = self.max_impact.max(other.max_impact);
        self.screening_fallbacks += other.screening_fallbacks;
    }
}

impl<'a> std::iter::Sum<&'a Self> for Counts {
    fn sum<I: Iterator<Item = &'a Self>>(all: I) -> Self {
        all.fold(Self::default(), |mut sum, counts| {
            sum.add(counts);
            sum
        })
    }
}
