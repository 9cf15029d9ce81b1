//! Reads a corpus or a set of topics: files in, [`Document`]s out.
//!
//! Knows nothing about models. A corpus is streamed: at any moment one line and one decompression
//! buffer are in memory, plus 15 to 30 bytes per document for the duplicate check.
//!
//! Accepts JSON Lines and TSV (`docid<TAB>text`), each also gzip-compressed; a BEIR dataset as a
//! folder or a `.zip`; a folder of such files in name order; standard input.

mod digest_chain;
mod docids;
mod document;
mod error;
mod fields;
mod format;
mod kind;
mod lines;
mod open;
mod part_options;
mod part_reader;
mod progress;
mod reader;
mod record;
mod record_error;
mod rejected;
mod resolve;
mod selection;
mod source;
mod zip_member;

pub use docids::DocidSet;
pub(crate) use lines::LineReader;
pub(crate) use open::open;

pub use document::Document;
pub use error::CorpusError;
pub use fields::Fields;
pub use format::InputFormat;
pub use kind::CorpusKind;
pub use part_options::{OnError, PartOptions};
pub use part_reader::{PartReader, ReadSummary, TextPart};
pub use progress::ReadProgress;
pub use reader::{CorpusOptions, CorpusReader, Record};
pub use record_error::{Place, RecordError, RecordProblem};
pub use rejected::{RejectedFile, RejectedRecord};
pub use selection::{PartSelection, SelectionError};
pub use source::Source;
