//! Errors of indexes: every message says what is wrong, where, and what to do about it.

use std::io;
use std::path::{Path, PathBuf};

use crate::quote::{self, Name, Quoted};
use crate::stop::Interrupted;

/// An error of the index writer or of the reader of its own indexes.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LuceneError {
    /// Reading or writing a file failed; the message of the source names the file.
    #[error(transparent)]
    Io(#[from] io::Error),

    /// An impact is below 1 or above [`MAX_IMPACT`](crate::MAX_IMPACT).
    #[error(
        "document {docid}: term {term} has impact {impact}, outside 1 to {}: leave terms without weight out, and \
         quantize with a larger `step` if the impact is too large",
        crate::lucene::limits::MAX_IMPACT, docid = Quoted(.docid), term = Quoted(.term)
    )]
    Impact {
        /// Docid of the document.
        docid: String,
        /// The term.
        term: String,
        /// The impact that was refused.
        impact: u32,
    },

    /// The impacts of a document are too large together.
    #[error(
        "document {docid} has impacts of {sum} in all, over Lucene's limit of {}: quantize with a larger `step`",
        crate::lucene::limits::MAX_IMPACT_SUM, docid = Quoted(.docid)
    )]
    ImpactSum {
        /// Docid of the document.
        docid: String,
        /// Sum of its impacts.
        sum: u64,
    },

    /// A docid is empty or has a line break in it.
    #[error(
        "the docid {docid} {what}: give each document a docid that fits into a line of a result list",
        docid = Quoted(.docid)
    )]
    Docid {
        /// The docid.
        docid: String,
        /// What is wrong with it.
        what: &'static str,
    },

    /// A term has more than [`MAX_TERM_BYTES`](crate::MAX_TERM_BYTES) bytes.
    #[error(
        "a term of {bytes} bytes that begins with {start} is over Lucene's limit of {} bytes: remove or shorten it",
        crate::lucene::limits::MAX_TERM_BYTES, start = Quoted(.start)
    )]
    TermTooLong {
        /// Its length in UTF-8.
        bytes: usize,
        /// Its first characters.
        start: String,
    },

    /// A docid has more than [`MAX_TERM_BYTES`](crate::MAX_TERM_BYTES) bytes.
    #[error(
        "a docid of {bytes} bytes that begins with {start} is over Lucene's limit of {} bytes: shorten it",
        crate::lucene::limits::MAX_TERM_BYTES, start = Quoted(.start)
    )]
    DocidTooLong {
        /// Its length in UTF-8.
        bytes: usize,
        /// Its first characters.
        start: String,
    },

    /// A document names the same term twice.
    #[error(
        "document {docid} has the term {term} twice: a document has one impact for a term",
        docid = Quoted(.docid), term = Quoted(.term)
    )]
    DuplicateTerm {
        /// Docid of the document.
        docid: String,
        /// The term.
        term: String,
    },

    /// A posting names a term that the vocabulary lacks.
    #[error("term number {ord} is not in the vocabulary, which has {terms} terms")]
    UnknownTerm {
        /// The number that was used.
        ord: u32,
        /// The size of the vocabulary.
        terms: usize,
    },

    /// The part was given float weights.
    #[error("an index takes impacts, not float weights; quantize them first")]
    NotImpacts,

    /// Postings hold token ids, and the writer was not given the vocabulary.
    #[error("an index of token ids needs the vocabulary; give it to the writer first")]
    NoVocabulary,

    /// The vocabulary names a term twice.
    #[error(
        "the vocabulary has the term {term} twice, as number {first} and as number {second}",
        term = Quoted(.term)
    )]
    DuplicateVocabulary {
        /// The term.
        term: String,
        /// Its first number.
        first: usize,
        /// Its second number.
        second: usize,
    },

    /// Two documents have the same docid.
    #[error(
        "the docid {docid} is used twice: by {first} and by {second}; give each document a docid of its own",
        docid = Quoted(.docid)
    )]
    DuplicateDocid {
        /// The docid.
        docid: String,
        /// The document that has it first, in index order.
        first: DocumentLocation,
        /// The other document.
        second: DocumentLocation,
    },

    /// The collection has more documents, terms or postings than the format can number.
    #[error("{what}: split the collection into several indexes")]
    TooMany {
        /// The limit that was exceeded.
        what: &'static str,
    },

    /// The output folder is not empty.
    #[error("{} is not empty: name a new folder for the index, or remove what is there first", quote::path(.path))]
    NotEmpty {
        /// The output folder.
        path: PathBuf,
    },

    /// The output is a file.
    #[error("{} is a file: an index is a folder, so name another path", quote::path(.path))]
    NoFolder {
        /// The output.
        path: PathBuf,
    },

    /// Another process writes this index.
    #[error("{} is being written by another process: wait for it to end, or name another folder", quote::path(.path))]
    Locked {
        /// The output folder.
        path: PathBuf,
    },

    /// The unfinished index was begun with other input or settings.
    #[error(
        "{} holds an unfinished index that was begun with other input or settings: remove the folder to begin again, \
         or go on with the settings it was begun with",
        quote::path(.path)
    )]
    OtherRun {
        /// The output folder.
        path: PathBuf,
    },

    /// The index of a shard was named for the collection of another.
    #[error(
        "{} is the index of {}, not of {}: name the indexes in the order of their collections",
        quote::path(.index), quote::path(.owner), quote::path(.collection)
    )]
    WrongOrder {
        /// Folder of the index.
        index: PathBuf,
        /// Folder of the collection that it was named for.
        collection: PathBuf,
        /// Folder of the collection that it was made with.
        owner: PathBuf,
    },

    /// The index of a shard was not made with its collection.
    #[error(
        "{} {what}, so it is not the index of {}: join the collections alone, and make the index of the result with \
         splade-export index",
        quote::path(.index), quote::path(.collection)
    )]
    OtherOrigin {
        /// Folder of the index.
        index: PathBuf,
        /// Folder of the collection.
        collection: PathBuf,
        /// What is known of the index.
        what: &'static str,
    },

    /// The segments of a shard's index are not those of its collection's parts.
    #[error(
        "{} was made of the whole collection {}, and not with its parts: join the collections alone, and make the index of \
         the result with splade-export index",
        quote::path(.index), quote::path(.collection)
    )]
    OtherParts {
        /// Folder of the index.
        index: PathBuf,
        /// Folder of the collection.
        collection: PathBuf,
    },

    /// There is no index in the folder.
    #[error("{} holds no Lucene index (there is no segments file in it)", quote::path(.path))]
    NoIndex {
        /// The folder.
        path: PathBuf,
    },

    /// An index is named twice.
    #[error("{} is named twice: name each index once", quote::path(.path))]
    Twice {
        /// Its folder.
        path: PathBuf,
    },

    /// Another program wrote or changed the index.
    #[error(
        "{}: {}, so this is not an index as splade-export writes it; indexes of other programs are merged with \
         Lucene's own IndexMergeTool",
        quote::path(.path), Name(.what)
    )]
    NotOurs {
        /// The file.
        path: PathBuf,
        /// What differs.
        what: String,
    },

    /// A file is damaged.
    #[error("{}: {}: the file is damaged, write the index again", quote::path(.path), Name(.what))]
    Corrupt {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        what: String,
    },

    /// A stop was asked for.
    #[error(transparent)]
    Interrupted(#[from] Interrupted),

    /// A `SegmentBuilder` was used again after it refused a document.
    #[error("the segment has refused a document before and is incomplete: begin a new one")]
    Refused,
}

/// Location of a document in an index, for messages about duplicates.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DocumentLocation {
    /// Folder and name of the segment, such as `out/index/_3`.
    pub segment: PathBuf,
    /// Number of the document in that segment, from 0.
    pub document: u32,
}

impl std::fmt::Display for DocumentLocation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "document {} of segment {}",
            self.document,
            quote::path(&self.segment)
        )
    }
}

impl LuceneError {
    pub(crate) fn corrupt(path: &Path, what: impl Into<String>) -> Self {
        Self::Corrupt {
            path: path.to_owned(),
            what: what.into(),
        }
    }

    pub(crate) fn not_ours(path: &Path, what: impl Into<String>) -> Self {
        Self::NotOurs {
            path: path.to_owned(),
            what: what.into(),
        }
    }
}

/// Returns the first characters of a long text, for a message.
pub(crate) fn abbreviate(text: &str) -> String {
    text.chars().take(40).collect()
}

/// Result of the functions of this module.
pub type Result<T, E = LuceneError> = std::result::Result<T, E>;
