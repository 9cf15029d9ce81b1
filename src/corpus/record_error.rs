//! What can be wrong with one record.

use std::fmt;
use std::sync::Arc;

use thiserror::Error;

/// A line of an input file, for messages.
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
    /// Where the record is.
    pub place: Place,
    /// What is wrong with it, and what to do about it.
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
    #[error("a JSON object was expected, this is {0}; write one object per line")]
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
        "no text: none of the fields {wanted} is there (keys here: {found}); choose others with `fields`"
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

impl RecordProblem {
    /// Adds the place and the text of the line to the problem.
    #[must_use]
    pub fn at(self, place: Place, text: String) -> RecordError {
        RecordError {
            place,
            problem: self,
            text,
        }
    }
}
