//! Reads a corpus or a set of topics: files in, [`Document`]s out.
//!
//! Knows nothing about models. A corpus is streamed: at any moment one line and one decompression
//! buffer are in memory, plus 15 to 30 bytes per document for the duplicate check.
//!
//! Accepts JSON Lines, TSV (`docid<TAB>text`) and TREC topics, each also gzip-compressed; a BEIR data set as a
//! folder or a `.zip`; a folder of such files in name order; standard input and pipes.

mod digest_chain;
mod docids;
mod document;
mod error;
mod fields;
mod file_choice;
mod file_role;
mod format;
mod inputs;
mod json_record;
mod json_value;
mod kind;
mod lines;
mod open;
mod open_part;
mod part_options;
mod part_reader;
mod plan;
mod planned_parts;
mod planner;
mod position;
mod progress;
mod qrels;
mod read_summary;
mod reader;
mod record;
mod record_blocks;
mod record_error;
mod rejected;
mod schema;
mod selection;
mod signature;
mod source;
mod source_reader;
#[cfg(test)]
mod tests;
mod trec_topic;
mod zip_member;

pub use docids::DocidSet;
pub(crate) use lines::LineReader;
pub(crate) use open::open;

pub use document::Document;
pub use error::CorpusError;
pub use fields::{FieldCount, Fields};
pub use file_choice::SkippedFile;
pub use format::InputFormat;
pub use inputs::Inputs;
pub use kind::CorpusKind;
pub use part_options::{OnError, PartOptions};
pub use part_reader::{PartReader, TextPart};
pub use plan::{Plan, PlannedDuplicate, PlannedInput, PlannedPart};
pub use planner::{PlanOptions, Planner};
pub use progress::ReadProgress;
pub use qrels::JudgedTopics;
pub use read_summary::ReadSummary;
pub use reader::{CorpusOptions, CorpusReader};
pub use record_error::{Excerpt, Place, RecordError, RecordProblem};
pub use rejected::{RejectedFile, RejectedRecord};
pub use selection::{PartSelection, SelectionError};
pub use source::Source;
