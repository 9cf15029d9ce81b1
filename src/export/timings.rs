//! How the time of a run was spent.

use std::sync::PoisonError;
use std::sync::atomic::Ordering;
use std::time::Duration;

use serde::Serialize;

use crate::pipeline::EncodeProgress;

/// How the time of a run was spent. Stages run beside each other, so their seconds add up to more than
/// those of the run. Documents that an earlier run encoded are not counted.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Timings {
    /// Seconds from the first document read to the last part written.
    pub seconds: f64,
    /// Encoder threads.
    pub threads: usize,
    /// Documents encoded.
    pub documents: u64,
    /// Tokens of those documents, without padding.
    pub tokens: u64,
    /// Share of padding in what was encoded.
    pub padding: f64,
    /// Share of the encoder threads' time that they spent in body and head.
    pub encoder_share: f64,
    /// Seconds of each stage.
    pub stages: Stages,
    /// Columns per document that the screened head could not exclude; 0 with the head in the graph.
    pub surviving_columns: f64,
    /// Exact products per document that were computed for those columns.
    pub exact_products: f64,
    /// Documents that the screening did not suit.
    pub screening_fallbacks: u64,
}

/// Seconds of each stage, over all its threads.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Stages {
    /// Reading, decompressing and parsing the corpus.
    pub read: f64,
    /// From the first text of a part to its last token; all threads of the tokenizer count once.
    pub tokenize: f64,
    /// ONNX Runtime.
    pub body: f64,
    /// The screened head; with the head in the graph, making sparse vectors.
    pub head: f64,
    /// From weights to impacts.
    pub quantize: f64,
    /// Compressing, hashing, indexing and writing.
    pub write: f64,
}

impl Timings {
    #[allow(
        clippy::cast_precision_loss,
        reason = "averages: 2^53 documents are too many"
    )]
    pub(super) fn new(progress: &EncodeProgress, elapsed: Duration, threads: usize) -> Self {
        let stats = *progress
            .stats
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let count = |counter: &std::sync::atomic::AtomicU64| counter.load(Ordering::Relaxed);
        let seconds = |nanoseconds| Duration::from_nanos(nanoseconds).as_secs_f64();
        let (documents, tokens) = (count(&progress.documents), count(&progress.tokens));
        let (body, head) = (stats.body.as_secs_f64(), stats.head.as_secs_f64());
        let quantizing = count(&progress.quantizing);
        let per_document = |total: u64| total as f64 / documents.max(1) as f64;
        Self {
            seconds: elapsed.as_secs_f64(),
            threads,
            documents,
            tokens,
            padding: 1.0 - tokens as f64 / stats.padded_tokens.max(1) as f64,
            encoder_share: (body + head) / (elapsed.as_secs_f64() * threads as f64),
            stages: Stages {
                read: seconds(count(&progress.reading)),
                tokenize: seconds(count(&progress.tokenizing)),
                body,
                head,
                quantize: seconds(quantizing),
                write: seconds(count(&progress.writing).saturating_sub(quantizing)),
            },
            surviving_columns: per_document(stats.survivors),
            exact_products: per_document(stats.exact_products),
            screening_fallbacks: stats.fallbacks,
        }
    }
}
