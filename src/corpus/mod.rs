//! Reading a corpus or a set of topics: files in, [`Document`]s out.
//!
//! Knows nothing about models. A corpus is streamed: at any moment one line and one decompression
//! buffer are in memory, plus twelve bytes a document for the duplicate check.
//!
//! Accepted: JSON Lines, TSV (`docid<TAB>text`), each also gzip-compressed; a BEIR dataset as a
//! folder or a `.zip`; a folder of such files in name order; standard input.

mod docids;
mod error;
mod format;
mod lines;
mod open;
mod parts;
mod reader;
mod record;
mod rejected;
mod selection;
mod source;

pub use docids::DocidSet;
pub(crate) use lines::LineReader;
pub(crate) use open::open;

pub use error::{CorpusError, Place, RecordError, RecordProblem};
pub use format::InputFormat;
pub use parts::{OnError, PartOptions, PartReader, ReadSummary, TextPart};
pub use reader::{CorpusOptions, CorpusReader, ReadProgress};
pub use record::Fields;
pub use rejected::{RejectedFile, RejectedRecord};
pub use selection::{BadSelection, PartSelection};
pub use source::{CorpusKind, Source};

/// One text to encode: a document of the corpus, or a topic.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Document {
    /// The docid (or qid), never empty and without white space.
    pub docid: String,
    /// The chosen fields, joined by one space.
    pub text: String,
}
