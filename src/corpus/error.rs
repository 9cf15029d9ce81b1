//! Why a corpus cannot be read.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use thiserror::Error;

use super::record_error::RecordError;
use crate::quote::{self, Name, Quoted};
use crate::stop::Interrupted;

/// Why reading a corpus cannot go on.
#[derive(Debug, Error)]
#[non_exhaustive]
#[allow(missing_docs, reason = "each message says what the variant means")]
pub enum CorpusError {
    #[error("{}; check the path", quote::located(path, source))]
    Open { path: PathBuf, source: io::Error },
    #[error("{path}: this is {found}, not a file; give a regular file, a folder or a pipe", path = quote::path(path))]
    NotAFile { path: PathBuf, found: &'static str },
    #[error("{source_name}: reading failed near line {line}: {error}", source_name = Name(source_name), error = quote::sentence(&error.to_string()))]
    Read {
        source_name: Arc<str>,
        line: u64,
        error: io::Error,
    },
    #[error("{path}: not a usable zip archive: {reason}", path = quote::path(path), reason = Name(reason))]
    Zip { path: PathBuf, reason: String },
    #[error(
        "{path}: nothing to read: no {wanted}, and no file that ends in .jsonl, .ndjson, .json or .tsv (each also .gz){found}",
        path = quote::path(path), found = in_parentheses("there is: ", found)
    )]
    NothingToRead {
        path: PathBuf,
        wanted: &'static str,
        found: Vec<String>,
    },
    #[error(
        "{path}: it holds {found_kind} ({names}) and no {wanted_kind}; give a file by its path to read it as {wanted_kind}",
        path = quote::path(path), names = list(names)
    )]
    OtherKind {
        path: PathBuf,
        names: Vec<String>,
        found_kind: &'static str,
        wanted_kind: &'static str,
    },
    #[error(
        "{path}: several data sets are in it ({}); unpack it, and give the ones wanted by their paths",
        list(names), path = quote::path(path)
    )]
    SeveralDatasets { path: PathBuf, names: Vec<String> },
    #[error(
        "{path}: this is {found}, and a part of the input would be missing without it; {remedy}, or give the files \
         wanted by their paths",
        path = quote::path(path)
    )]
    UnreadableEntry {
        path: PathBuf,
        found: &'static str,
        remedy: &'static str,
    },
    #[error("{source_name}: this is {found}; {remedy}", source_name = Name(source_name))]
    UnsupportedContent {
        source_name: Arc<str>,
        found: &'static str,
        remedy: &'static str,
    },
    #[error(
        "{source_name}: the name ends in .gz, but the content is not gzip; fetch or compress the file again",
        source_name = Name(source_name)
    )]
    NotGzip { source_name: Arc<str> },
    #[error(
        "{source_name}: the format cannot be told from the first line; set `input_format` to jsonl, tsv or trec",
        source_name = Name(source_name)
    )]
    UnknownFormat { source_name: Arc<str> },
    #[error(
        "{source_name}: this is one JSON array; write one object per line (jq -c '.[]' does it)",
        source_name = Name(source_name)
    )]
    JsonArray { source_name: Arc<str> },
    #[error("a zip archive cannot be read from standard input or a pipe; save it to a file first")]
    PipedZip,
    #[error("standard input (-) can be given once only")]
    StdinTwice,
    #[error(transparent)]
    Record(Box<RecordError>),
    #[error(
        "{last}\nmore than {limit} records cannot be used (`max_errors`); correct the input, or allow more"
    )]
    TooManyErrors { limit: u64, last: Box<RecordError> },
    #[error(
        "none of the first {records} records has the field {field} (keys of the first: {keys}); correct `fields`",
        field = Quoted(field), keys = Name(keys)
    )]
    FieldNotFound {
        field: String,
        records: u64,
        keys: String,
    },
    #[error(
        "the input holds no {wanted}: {read} records were read; check that it is the right file"
    )]
    NoDocuments { wanted: &'static str, read: u64 },
    #[error("rejected.jsonl: {}", quote::sentence(&.0.to_string()))]
    RejectedFile(io::Error),
    #[error(
        "the input differs from that of the first run in the documents up to part {part}; bring the first input back, or \
         choose another place"
    )]
    OtherInput { part: usize },
    #[error(
        "the plan is of another input or of other settings: {what} differs; make it anew: splade-export plan"
    )]
    PlanDiffers { what: &'static str },
    #[error("{path}: not a usable plan: {reason}; make it anew: splade-export plan", path = quote::path(path), reason = Name(reason))]
    Plan { path: PathBuf, reason: String },
    #[error("{source_name}: a plan needs files of JSON Lines or TSV, and this is {found}", source_name = Name(source_name))]
    NotPlannable {
        source_name: Arc<str>,
        found: &'static str,
    },
    #[error("{path}: not usable qrels: {reason}", path = quote::path(path), reason = Name(reason))]
    Qrels { path: PathBuf, reason: String },
    #[error("{0}")]
    Interrupted(#[from] Interrupted),
}

impl CorpusError {
    /// Reports a path that cannot be opened.
    pub(super) fn open(path: &Path, source: io::Error) -> Self {
        Self::Open {
            path: path.to_owned(),
            source,
        }
    }
}

fn list(names: &[String]) -> String {
    quote::names(names.iter().map(String::as_str))
}

fn in_parentheses(before: &str, names: &[String]) -> String {
    match names {
        [] => String::new(),
        _ => format!(" ({}{})", before, list(names)),
    }
}
