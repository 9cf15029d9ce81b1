//! What the commands do: [`encode_documents`], [`convert_collections`], [`encode_topics`], [`build_index`], [`join_shards`], [`explain_text`].

mod adder;
mod convert;
mod documents;
mod event;
mod explain;
mod index;
mod join;
mod open_run;
mod rejected_merge;
mod run_writer;
mod spool;
mod timings;
mod topics;
mod topics_manifest;
mod verify_index;

pub use convert::{ConvertOptions, ConvertTo, convert_collections};
pub use documents::{DocumentsOptions, DocumentsSummary, encode_documents};
pub use event::{Event, EventHandler};
pub use explain::{ExplainedTerm, Explanation, explain_query, explain_text};
pub use index::{IndexOptions, build_index, join_indexes};
pub use join::{JoinOptions, join_shards};
pub use timings::{Stages, Timings};
pub use topics::{TopicsOptions, encode_topics, encode_topics_with_table};
pub use topics_manifest::{TopicsSummary, topics_manifest_path};
pub use verify_index::verify_index_of;
