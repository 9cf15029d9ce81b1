//! What several systems found, side by side.

use std::io::Read;

use serde::Deserialize;

use super::error::ReportError;

/// The results of systems on one dataset, as `scripts/compare.sh` measures them.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Comparison {
    /// Name of the dataset.
    pub dataset: String,
    /// Number of documents.
    pub documents: u64,
    /// Number of judged queries.
    pub queries: u64,
    /// What was measured with what, in a sentence without its full stop.
    pub setup: String,
    /// The systems; the others are compared with the first.
    pub rows: Vec<System>,
}

/// One system.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct System {
    /// What it is called.
    pub name: String,
    /// Normalized discounted cumulative gain of the first 10.
    pub ndcg_10: f64,
    /// Recall of the first 100.
    pub recall_100: f64,
    /// Recall of the first 1000.
    pub recall_1000: f64,
    /// Probability of a difference to the first system as large as this by chance; `None` of the first.
    pub p_value: Option<f64>,
    /// Mean milliseconds of a query.
    pub latency_mean: f64,
    /// Milliseconds within which 95 of 100 queries are answered.
    pub latency_p95: f64,
    /// Bytes of the index.
    pub index_bytes: u64,
    /// Seconds of encoding the documents; `None` where nothing is encoded.
    pub encoding_seconds: Option<f64>,
    /// Seconds of making the index.
    pub indexing_seconds: f64,
}

impl Comparison {
    /// Reads JSON.
    ///
    /// # Errors
    /// [`ReportError::Comparison`] if it is none, or there is no system in it.
    pub fn from_json(json: impl Read) -> Result<Self, ReportError> {
        let comparison: Self = serde_json::from_reader(json)
            .map_err(|error| ReportError::Comparison(error.to_string()))?;
        if comparison.rows.is_empty() {
            let problem = "it has no system".to_owned();
            return Err(ReportError::Comparison(problem));
        }
        Ok(comparison)
    }
}
