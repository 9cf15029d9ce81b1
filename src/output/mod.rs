//! Where encoded documents go: one trait, one file per format.
//!
//! A run gives every record to every output and knows no format. [`Output`] is the seam. A format of lines needs
//! [`LineFormat`] alone: [`LineOutput`] writes its parts, resumes them and keeps a manifest beside them.
//!
//! ```text
//! EncodedRecord ──▶ Output::part ──▶ PartWriter::add … finish ──▶ Output::commit
//! ```

mod assembled;
mod bulk;
mod bulk_names;
mod ciff;
mod engine_queries;
mod format;
mod index_origin;
mod json_vectors;
mod line_format;
mod line_output;
mod line_part;
mod lucene;
mod npz;
mod output_folder;
mod part_file;
mod pseudo_terms;
mod pseudo_text;
mod qdrant;
mod record;
mod seismic;
mod token_ids;
mod topics;
mod topics_format;
mod traits;

pub use assembled::AssembledOutput;
pub use bulk::{BulkField, BulkQueries, BulkRequests};
pub use ciff::{CiffSettings, ciff_output};
pub use engine_queries::{PisaQueries, QdrantQueries};
pub use format::OutputFormat;
pub(crate) use index_origin::index_origin;
pub use json_vectors::JsonVectors;
pub use line_format::{LineFile, LineFormat};
pub use line_output::LineOutput;
pub(crate) use line_part::LinePart;
pub use lucene::{IndexSettings, LuceneOutput};
pub use npz::{NpzTexts, npz_output};
pub use pseudo_terms::{PseudoTerms, TermClash};
pub use pseudo_text::PseudoText;
pub use qdrant::QdrantPoints;
pub use record::{EncodedRecord, Terms, VectorRef};
pub use seismic::SeismicLines;
pub use topics::{AnseriniTopics, PyseriniTopics};
pub(crate) use topics_format::TopicsFile;
pub use topics_format::TopicsFormat;
pub use traits::{
    FinishedOutput, Output, OutputState, OutputSummary, PartWriter, RunContext, ShardOutput,
    ShardPart,
};
