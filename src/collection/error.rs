//! What can be wrong with a collection, and where.

use std::fmt;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use crate::lucene::{LuceneError, MAX_IMPACT};

/// A line of a file of the collection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LinePlace {
    /// The file.
    pub file: Arc<PathBuf>,
    /// Line number, from 1.
    pub line: u64,
}

impl fmt::Display for LinePlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.file.display(), self.line)
    }
}

/// An error of reading or indexing a collection.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CollectionError {
    /// Reading a file failed; the message of the source names it.
    #[error(transparent)]
    Io(#[from] io::Error),

    /// There is nothing to read.
    #[error("{} holds no .jsonl or .jsonl.gz files: name the folder of a JsonVectorCollection", .path.display())]
    NoFiles {
        /// The folder.
        path: PathBuf,
    },

    /// A file that does not look like a part of a collection.
    #[error("{} is not a .jsonl or .jsonl.gz file, but Anserini would read it: move it out of the folder", .path.display())]
    StrangeFile {
        /// The file.
        path: PathBuf,
    },

    /// A line cannot be used.
    #[error("{place}: {problem}")]
    Line {
        /// Where it is.
        place: LinePlace,
        /// What is wrong with it.
        #[source]
        problem: LineProblem,
    },

    /// Two documents have the same docid.
    #[error(
        "the docid {docid:?} is used twice, at {first} and at {second}: give each document a docid of its own"
    )]
    DuplicateDocid {
        /// The docid.
        docid: String,
        /// Its first document.
        first: LinePlace,
        /// Its second document.
        second: LinePlace,
    },

    /// The index cannot be written.
    #[error(transparent)]
    Index(LuceneError),
}

/// What is wrong with a line.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LineProblem {
    /// It is not a JSON object of the expected form.
    #[error("not a document: {0}; each line must be one JSON object with an id and a vector")]
    Json(String),

    /// It is not UTF-8.
    #[error("not UTF-8: convert the file")]
    Utf8,

    /// It is longer than a document can be.
    #[error("a line of more than {} MiB: this is not a file of JSON Lines", super::MAX_LINE >> 20)]
    TooLong,

    /// A weight is not a whole number.
    #[error(
        "term {term:?} has the weight {weight}, which is not a whole number: quantize the collection first"
    )]
    Fraction {
        /// The term.
        term: String,
        /// Its weight.
        weight: f64,
    },

    /// An impact is out of range.
    #[error(
        "term {term:?} has the impact {impact}, outside 1 to {MAX_IMPACT}: leave terms without weight out, and quantize \
         with a smaller scale if it is too large"
    )]
    Impact {
        /// The term.
        term: String,
        /// Its impact, as the line has it.
        impact: String,
    },

    /// The index refuses the document.
    #[error(transparent)]
    Refused(LuceneError),
}
