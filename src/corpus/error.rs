//! What can be wrong with a corpus, and where.

use std::fmt;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use thiserror::Error;

use crate::stop::Interrupted;

/// A line of an input file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The file as the user named it (`archive.zip!corpus.jsonl` inside an archive, `-` for stdin).
    pub source: Arc<str>,
    /// Line number, from 1.
    pub line: u64,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.source, self.line)
    }
}

/// One record that cannot be used. The records after it are not affected.
#[derive(Debug, Error)]
#[error("{place}: {problem}")]
pub struct RecordError {
    /// Where the record stands.
    pub place: Place,
    /// What is wrong with it, and what to do.
    pub problem: RecordProblem,
    /// The line, cut if it is long; bytes that are no UTF-8 are replaced.
    pub text: String,
}

/// Why a record cannot be used.
#[derive(Debug, Error)]
#[allow(missing_docs, reason = "each message says what the variant means")]
pub enum RecordProblem {
    #[error("not valid JSON: {0}")]
    Json(String),
    #[error("a JSON object was expected, this is {0}; write one object a line")]
    NotAnObject(&'static str),
    #[error("no docid: one of the keys \"_id\", \"id\", \"docid\" is needed (keys here: {0})")]
    MissingDocid(String),
    #[error("the docid must be a string or an integer, this is {0}")]
    DocidType(&'static str),
    #[error("the docid is empty")]
    EmptyDocid,
    #[error(
        "docid {0:?} contains white space or a control character; run files are split at white space, so rename it"
    )]
    DocidWhitespace(String),
    #[error("the docid has {0} bytes; Lucene takes at most 32766")]
    DocidTooLong(usize),
    #[error(
        "docid {0:?} was read before (also looked for in the other files); remove or rename one of them"
    )]
    DuplicateDocid(String),
    #[error(
        "no text: none of the fields {wanted} is there (keys here: {found}); choose others with --fields"
    )]
    MissingText { wanted: String, found: String },
    #[error("field {field:?} must be a string, this is {found}")]
    FieldType { field: String, found: &'static str },
    #[error("not UTF-8 (byte {0} of the line); convert the file first, e.g. iconv -t UTF-8")]
    NotUtf8(usize),
    #[error("no tab: TSV lines are docid<TAB>text")]
    NoTab,
    #[error("the line is longer than {0} MiB")]
    LineTooLong(usize),
}

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
        "{source_name}: the format cannot be told from the first line; say --input-format jsonl or tsv"
    )]
    UnknownFormat { source_name: Arc<str> },
    #[error("{source_name}: this is one JSON array; write one object a line (jq -c '.[]' does it)")]
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
        "{last}\nmore than {most} records cannot be used (--max-errors); correct the input, or allow more"
    )]
    TooManyErrors { most: u64, last: RecordError },
    #[error("rejected.jsonl: {0}")]
    RejectedFile(io::Error),
    #[error(
        "the input differs from that of the first run in the documents up to part {part}; bring the first input back, or \
         choose another --output"
    )]
    OtherInput { part: usize },
    #[error("{0}")]
    Interrupted(#[from] Interrupted),
}

impl RecordProblem {
    /// Puts a place and the line to the problem.
    #[must_use]
    pub fn at(self, place: Place, text: String) -> RecordError {
        RecordError {
            place,
            problem: self,
            text,
        }
    }
}
