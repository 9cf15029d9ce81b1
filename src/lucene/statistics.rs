//! What is in an index, in numbers.

/// Sums over the documents of a segment, a part or an index.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Totals {
    /// Documents in the index.
    pub documents: u64,
    /// Documents that were left out because they have no terms.
    pub empty: u64,
    /// Pairs of a document and a term.
    pub postings: u64,
    /// Sum of all impacts: Anserini calls it "total terms".
    pub impact_sum: u64,
}

impl std::ops::AddAssign for Totals {
    fn add_assign(&mut self, other: Self) {
        self.documents += other.documents;
        self.empty += other.empty;
        self.postings += other.postings;
        self.impact_sum += other.impact_sum;
    }
}

/// What is in a finished index.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize)]
pub struct IndexSummary {
    /// Sums over all documents.
    #[serde(flatten)]
    pub totals: Totals,
    /// Different terms.
    pub terms: u64,
    /// Segments.
    pub segments: usize,
    /// Bytes of all files.
    pub bytes: u64,
}
