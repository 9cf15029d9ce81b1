//! What can be wrong with a collection, and where.

use std::io;
use std::path::{Path, PathBuf};

use super::finding::Remedy;
use crate::corpus::{CorpusError, Place};
use crate::impact::MAX_IMPACT;
use crate::quote::{self, Name, Quoted};
use crate::stop::Interrupted;

/// Why a collection cannot be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CollectionError {
    /// A file cannot be opened.
    #[error(transparent)]
    Open(#[from] CorpusError),

    /// A folder cannot be read; the message of the source names it.
    #[error("{}; check the path", quote::sentence(&.0.to_string()))]
    Folder(io::Error),

    /// Reading stopped in the middle of a file.
    #[error(
        "{place}: cannot be read: {error}; the file is damaged or not whole: write it again",
        error = quote::sentence(&error.to_string())
    )]
    Read {
        /// The line that should be there.
        place: Place,
        /// What the decompression or the file system says.
        error: io::Error,
    },

    /// There is nothing to read.
    #[error(
        "{} holds no .jsonl or .jsonl.gz files; name a folder that `splade-export documents` made, or any folder of a \
         JsonVectorCollection",
        quote::path(.path)
    )]
    NoFiles {
        /// The folder.
        path: PathBuf,
    },

    /// A file that does not look like a part of a collection.
    #[error(
        "{} is not a .jsonl or .jsonl.gz file, but Anserini would read it as one; move it out of the folder",
        quote::path(.path)
    )]
    StrangeFile {
        /// The file.
        path: PathBuf,
    },

    /// A verification that found something.
    #[error(
        "{}: {}; {remedy}",
        quote::path(.path),
        match .count { 1 => "1 problem".to_owned(), many => format!("{many} problems") }
    )]
    Problems {
        /// The folder.
        path: PathBuf,
        /// How much is wrong.
        count: usize,
        /// What is to be done first.
        remedy: Remedy,
    },

    /// An index where a collection is needed.
    #[error(
        "{}: this is a Lucene index, and impacts are read from a collection; name the collection that it was made of",
        quote::path(.path)
    )]
    IsIndex {
        /// The folder.
        path: PathBuf,
    },

    /// A folder of ours without a manifest.
    #[error(
        "{} is not finished: it has parts and no manifest.json; go on with its run by its own command and `resume`",
        quote::path(.path)
    )]
    Unfinished {
        /// The folder.
        path: PathBuf,
    },

    /// A file where a folder is needed.
    #[error("{}: this is a file; name the folder of a collection", quote::path(.path))]
    NoFolder {
        /// The file.
        path: PathBuf,
    },

    /// A folder without a manifest, where one is needed.
    #[error(
        "{}: it has no manifest.json, so it is no collection that splade-export made, or one whose run did not finish; go \
         on with such a run by its own command and `resume`",
        quote::path(.path)
    )]
    NoManifest {
        /// The folder.
        path: PathBuf,
    },

    /// The manifest is not one.
    #[error(
        "{}: {}; this manifest is damaged or of another version: make the collection again, in another folder",
        quote::path(.path), Name(.reason)
    )]
    Manifest {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },

    /// Reading was asked to stop and did.
    #[error(transparent)]
    Interrupted(#[from] Interrupted),

    /// A line cannot be used.
    #[error("{place}: {problem}")]
    Line {
        /// Where it is.
        place: Place,
        /// What is wrong with it.
        #[source]
        problem: LineProblem,
    },
}

/// What is wrong with a line.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LineProblem {
    /// It is not a JSON object of the expected form.
    #[error(
        "not a document of a JsonVectorCollection: {}; each line is one object with an id and a vector",
        Name(.0)
    )]
    Json(String),

    /// It is not UTF-8, at this byte.
    #[error("not UTF-8 (byte {0} of the line); convert the file first, e.g. iconv -t UTF-8")]
    Utf8(usize),

    /// It is longer than a document can be.
    #[error("the line is longer than {0} MiB")]
    TooLong(usize),

    /// A weight is not a whole number.
    #[error(
        "term {term} has the weight {weight}, which is not a whole number; an index takes impacts, so quantize the \
         collection: splade-export documents without --step none",
        term = Quoted(.term)
    )]
    Fraction {
        /// The term.
        term: String,
        /// Its weight.
        weight: f64,
    },

    /// An impact is out of range.
    #[error(
        "term {term} has the impact {impact}, outside 1 to {MAX_IMPACT}; leave terms without weight out, and quantize \
         with a larger step if it is too large",
        term = Quoted(.term), impact = Name(.impact)
    )]
    Impact {
        /// The term.
        term: String,
        /// Its impact, as the line has it.
        impact: String,
    },
}

impl CollectionError {
    /// Reports a file or folder that cannot be read, by its name.
    pub(crate) fn file(path: &Path, error: &io::Error) -> Self {
        Self::Folder(io::Error::new(error.kind(), quote::located(path, error)))
    }
}

impl LineProblem {
    /// Puts a place to the problem.
    #[must_use]
    pub fn at(self, place: Place) -> CollectionError {
        CollectionError::Line {
            place,
            problem: self,
        }
    }
}
