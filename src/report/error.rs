//! What can go wrong while a collection is measured.

use std::path::PathBuf;

use crate::collection::{CollectionError, LineProblem};
use crate::corpus::Place;
use crate::encoder::EncodeError;
use crate::model::ModelError;
use crate::output::TermClash;
use crate::quote::{self, Quoted};
use crate::stop::Interrupted;

/// Why there is no report.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReportError {
    /// The results of a comparison cannot be read.
    #[error("the results of the comparison cannot be read: {}", quote::sentence(.0))]
    Comparison(String),

    /// The collection cannot be read.
    #[error(transparent)]
    Collection(#[from] CollectionError),

    /// The model's tokenizer cannot be used.
    #[error(transparent)]
    Model(#[from] ModelError),

    /// The model's terms cannot be written.
    #[error(transparent)]
    Terms(#[from] TermClash),

    /// A text cannot be cut into tokens.
    #[error(transparent)]
    Tokenize(#[from] EncodeError),

    /// A line is not a document.
    #[error("{place}: {problem}")]
    Line {
        /// The line.
        place: Place,
        /// What is wrong with it.
        #[source]
        problem: LineProblem,
    },

    /// A weight is not a positive number.
    #[error(
        "{place}: term {term} has the weight {weight}, which is not a positive number; leave terms without weight out",
        term = Quoted(term)
    )]
    Weight {
        /// The line.
        place: Place,
        /// The term.
        term: String,
        /// Its weight.
        weight: f64,
    },

    /// The folder that should be an index is none.
    #[error(
        "{}: there is no Lucene index in it; make it with `splade-export index`, or leave the index out of the report",
        quote::path(.path)
    )]
    NoIndex {
        /// The folder.
        path: PathBuf,
    },

    /// The index cannot be looked at.
    #[error("{}; check that the index can be read", quote::located(path, error))]
    Index {
        /// The folder.
        path: PathBuf,
        /// What the file system says.
        error: std::io::Error,
    },

    /// Something lies where the page should be.
    #[error(
        "{}: this is there already, and a report overwrites nothing; name another `output`",
        quote::path(.path)
    )]
    Exists {
        /// The file.
        path: PathBuf,
    },

    /// The page cannot be written; the message of the source names it.
    #[error("{}; name an `output` in a folder that can be written", quote::sentence(&.0.to_string()))]
    Write(#[from] std::io::Error),

    /// Threads cannot be started.
    #[error("cannot start threads: {}; name fewer of them", quote::sentence(.0))]
    Threads(String),

    /// The user asked for a stop.
    #[error("interrupted")]
    Interrupted(#[from] Interrupted),
}
