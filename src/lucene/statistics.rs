//! Counts of what is in an index.

/// Sums over the documents of a segment, a part or an index.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Totals {
    /// Number of documents in the index.
    pub documents: u64,
    /// Number of documents that were left out because they have no terms.
    pub empty: u64,
    /// Number of postings: pairs of a document and a term.
    pub postings: u64,
    /// Sum of all impacts, which Anserini calls "total terms".
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

/// Counts of what is in a finished index.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize)]
pub struct IndexSummary {
    /// Sums over all documents.
    #[serde(flatten)]
    pub totals: Totals,
    /// Number of distinct terms.
    pub terms: u64,
    /// Number of segments.
    pub segments: usize,
    /// Size of all files in bytes.
    pub bytes: u64,
}
