//! Why a corpus cannot be read.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use thiserror::Error;

use super::record_error::RecordError;
use crate::stop::Interrupted;

/// Why reading a corpus cannot go on.
#[derive(Debug, Error)]
#[allow(missing_docs, reason = "each message says what the variant means")]
pub enum CorpusError {
    #[error("{path}: {source}; check the path", path = path.display())]
    Open { path: PathBuf, source: io::Error },
    #[error("{source_name}: reading failed near line {line}: {error}")]
    Read {
        source_name: Arc<str>,
        line: u64,
        error: io::Error,
    },
    #[error("{path}: not a usable zip archive: {reason}", path = path.display())]
    Zip { path: PathBuf, reason: String },
    #[error(
        "{path}: nothing to read: no {wanted}, and no file that ends in .jsonl, .ndjson, .json or .tsv (each also .gz)",
        path = path.display()
    )]
    NothingToRead { path: PathBuf, wanted: &'static str },
    #[error(
        "{path}: several datasets are in it ({}); unpack it, and give the ones wanted by their paths",
        names.join(", "), path = path.display()
    )]
    SeveralDatasets { path: PathBuf, names: Vec<String> },
    #[error(
        "{source_name}: the format cannot be told from the first line; set `input_format` to jsonl or tsv"
    )]
    UnknownFormat { source_name: Arc<str> },
    #[error(
        "{source_name}: this is one JSON array; write one object per line (jq -c '.[]' does it)"
    )]
    JsonArray { source_name: Arc<str> },
    #[error(
        "standard input is a zip archive, which cannot be read as a stream; save it to a file first"
    )]
    ZipOnStdin,
    #[error("standard input (-) can be given once only")]
    StdinTwice,
    #[error(transparent)]
    Record(RecordError),
    #[error(
        "{last}\nmore than {limit} records cannot be used (`max_errors`); correct the input, or allow more"
    )]
    TooManyErrors { limit: u64, last: RecordError },
    #[error("rejected.jsonl: {0}")]
    RejectedFile(io::Error),
    #[error(
        "the input differs from that of the first run in the documents up to part {part}; bring the first input back, or \
         choose another `output`"
    )]
    OtherInput { part: usize },
    #[error("{0}")]
    Interrupted(#[from] Interrupted),
}

impl CorpusError {
    /// Reports a path that cannot be opened.
    pub(super) fn open(path: &std::path::Path, source: io::Error) -> Self {
        Self::Open {
            path: path.to_owned(),
            source,
        }
    }
}
