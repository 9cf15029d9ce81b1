//! What can be wrong with one record.

use std::fmt;
use std::sync::Arc;

use thiserror::Error;

use crate::quote::{Name, Quoted};

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
        write!(f, "{}:{}", Name(&self.source), self.line)
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
    /// The beginning of the record.
    pub excerpt: Box<Excerpt>,
}

/// The beginning of a record, and what tells it from others with the same beginning.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Excerpt {
    /// The record's first bytes; those that are no UTF-8 are replaced.
    pub text: String,
    /// Size and SHA-256 of the whole record, if that is longer than `text` and was held in memory.
    pub whole: Option<(u64, String)>,
}

/// Why a record cannot be used. `id` is `docid` or `qid`, whichever is read.
#[derive(Debug, Error)]
#[non_exhaustive]
#[allow(missing_docs, reason = "each message says what the variant means")]
pub enum RecordProblem {
    #[error("not valid JSON: {}", Name(.0))]
    Json(String),
    #[error("a JSON object was expected, this is {0}; write one object per line")]
    NotAnObject(&'static str),
    #[error(
        "no {id}: one of the keys {wanted} is needed (keys here: {found}); name the one that holds it with `id_field`",
        wanted = Name(wanted), found = Name(found)
    )]
    MissingId {
        id: &'static str,
        wanted: String,
        found: String,
    },
    #[error("the {id} must be a string or an integer, this is {found}")]
    IdType {
        id: &'static str,
        found: &'static str,
    },
    #[error("the {id} is empty")]
    EmptyId { id: &'static str },
    #[error(
        "{id} {value} contains white space or a control character; run files are split at white space, so rename it",
        value = Quoted(value)
    )]
    IdWhitespace { id: &'static str, value: String },
    #[error("the {id} has {bytes} bytes; Lucene takes at most 32766")]
    IdTooLong { id: &'static str, bytes: usize },
    #[error(
        "{id} {value} was read before (also looked for in the other files); remove or rename one of them",
        value = Quoted(value)
    )]
    DuplicateId { id: &'static str, value: String },
    #[error(
        "no text: none of the fields {wanted} is there (keys here: {found}); choose others with `fields`",
        wanted = Name(wanted), found = Name(found)
    )]
    MissingText { wanted: String, found: String },
    #[error("field {field} must be a string, this is {found}", field = Quoted(field))]
    FieldType { field: String, found: &'static str },
    #[error("not UTF-8 (byte {0} of the record); convert the file first, e.g. iconv -t UTF-8")]
    NotUtf8(usize),
    #[error("no tab: TSV lines are {id}<TAB>text")]
    NoTab { id: &'static str },
    #[error("the line is longer than {0} MiB")]
    LineTooLong(usize),
    #[error("this is not in a topic: a topic begins with <top>")]
    OutsideTopic,
    #[error("the topic does not end: </top> is missing; is the file cut off?")]
    UnclosedTopic,
}

impl RecordProblem {
    /// Adds the place and the beginning of the record to the problem.
    #[must_use]
    pub fn at(self, place: Place, excerpt: Excerpt) -> RecordError {
        RecordError {
            place,
            problem: self,
            excerpt: Box::new(excerpt),
        }
    }
}
