//! Lucene-compatible index export for learned sparse retrieval (SPLADE).
//!
//! One direction: text in, impacts out. No arrow runs backwards.
//!
//! ```text
//! files ──corpus──▶ Document ──encoder──▶ SparseVector ──impact──▶ EncodedRecord ──output──▶ collection, Lucene, ...
//!                                 ▲                                      └── run: identity, journal, parts, resume
//!                  model folder ──model──▶ ONNX graph with the SPLADE head
//! ```
//!
//! Module `pipeline` is the only place where the stages meet; `export` has the library calls behind the
//! commands, of which [`encode_documents`] is the first. The command line itself is in the binary.

#![cfg_attr(
    test,
    allow(
        clippy::cast_possible_truncation,
        clippy::cast_possible_wrap,
        clippy::cast_precision_loss,
        clippy::cast_sign_loss,
        clippy::float_cmp,
        clippy::type_complexity,
        reason = "numbers of tests are small and exact, and their tables are read where they stand"
    )
)]

mod collection;
mod corpus;
mod digest;
mod durable;
mod encoder;
mod error;
mod export;
mod fused_layers;
#[cfg(any(test, fuzzing))]
#[allow(
    missing_docs,
    clippy::missing_panics_doc,
    reason = "not part of the library: a panic is what the fuzzer looks for"
)]
pub mod fuzzing;
mod hub;
mod impact;
mod lucene;
mod model;
mod output;
mod panic_guard;
mod pipeline;
mod quote;
mod regular_file;
mod report;
mod run;
mod screened_head;
mod stop;

pub use collection::{
    CollectionError, Finding, LineProblem, MANIFEST, Manifest, PartInfo, REJECTED, Remedy,
    VerificationStarted, verify as verify_collection,
};
pub use corpus::{
    CorpusError, CorpusKind, CorpusOptions, Excerpt, FieldCount, Fields, InputFormat, Inputs,
    JudgedTopics, OnError, PartSelection, Place, Plan, PlanOptions, PlannedDuplicate, PlannedInput,
    PlannedPart, Planner, ReadProgress, ReadSummary, RecordError, RecordProblem, SelectionError,
    SkippedFile, Source,
};
pub use durable::{AtomicFile, NewFile, NewFileError};
pub use encoder::{
    BatchBudget, Device, DeviceChoice, EncodeError, EncodeStats, EncoderSettings, HeadChoice,
    LongTexts, MAX_THREADS, NoCuda, QueryEncoder, QueryFacts, QueryOrigin, QueryWeights,
    QueryWeightsKind, RuntimeError, SpladeEncoder, SpladeEncoderBuilder, TableEncoder,
    TableSettings, Tokens, default_runtime,
};
pub use error::{Error, ErrorKind, Result, SettingError, join_causes};
pub use export::{
    ConvertOptions, ConvertTo, DocumentsOptions, DocumentsSummary, Event, EventHandler,
    ExplainedTerm, Explanation, IndexOptions, JoinOptions, Stages, Timings, TopicsOptions,
    TopicsSummary, build_index, convert_collections, encode_documents, encode_topics,
    encode_topics_with_table, explain_query, explain_text, join_indexes, join_shards,
    topics_manifest_path, verify_index_of,
};
pub use hub::wheels::{
    Installed, Piece as SetupPiece, PipSettings, SetupError, SetupSettings,
    install as install_piece,
};
pub use hub::{
    FetchedModel, HubError, HubEvent, ModelName, ModelPlace, Refresh, resolve_model, stated_license,
};
pub use impact::{
    Impact, MAX_IMPACT, MinImpactTooLarge, NoShare, Normalization, NotPositive, Pruning,
    Quantization, QuantizationOptions, QuantizationPreset, QuantizeError, Quantizer, Rounding,
    Share, SparseVector, Step, TermWeight,
};
pub use lucene::{
    CommitOptions, DocumentLocation, IndexOrigin, IndexSummary, IndexWriter, LuceneError,
    MAX_TERM_BYTES, PartSummary as IndexPartSummary, PartWriter as IndexPartWriter, ShardIndex,
    TermDictionary, Totals, is_index, verify as verify_index,
};
pub use model::{
    Activation, Aggregation, Fingerprint, Model, ModelError, ModelSize, Operators, Pooling,
    Precision, QuerySide, QueryTable, Sides, StatedLength, Vocabulary,
};
pub use output::{
    AnseriniTopics, AssembledOutput, BulkField, BulkQueries, BulkRequests, CiffSettings,
    EncodedRecord, FinishedOutput, IndexSettings, JsonVectors, LineFile, LineFormat, LineOutput,
    LuceneOutput, NpzTexts, Output, OutputFormat, OutputState, OutputSummary, PartWriter,
    PisaQueries, PseudoTerms, PseudoText, PyseriniTopics, QdrantPoints, QdrantQueries, RunContext,
    SeismicLines, ShardOutput, ShardPart, TermClash, Terms, TopicsFormat, VectorRef, ciff_output,
    npz_output,
};
pub use pipeline::EncodeProgress;
pub use quote::{printable, quoted, shell_word};
pub use report::{
    Bars, Comparison, Distribution, Expansion, Facts, MemoryRow, NoExpansion, RankingChange,
    Report, ReportError, ReportFile, ReportOptions, Setting, StepRow, System, TermRow, Unit,
    measure as measure_report, summary as report_summary,
};
pub use run::{
    Accounting, CollectionSettings, Compression, Counts, Damaged, EncodingSettings, FinishedRun,
    HeadKind, ImpactsBefore, InputEnd, InputFile, ModelInfo, PartFile, PartRecord, RunError,
    RunSettings, SettingDifference, Shard, VectorKind,
};
pub use stop::{Interrupted, Stop};

/// Opens parts of the machine to the project's own tests and benches, which measure them one by one. Not part of the
/// library: any version may change them.
#[doc(hidden)]
pub mod internals {
    pub use crate::collection::Weight as DocumentWeight;
    pub use crate::corpus::{CorpusReader, Document};
    pub use crate::encoder::{Batch, Runtime, TextTokenizer, TextWindows};
    pub use crate::model::{
        CheckpointModel, DecoderValues, GraphForm, GraphOutput, HiddenGraph, ModelFiles,
        ModelInput, ModelSource, Modules, OnnxGraph, OnnxModel, Weight, WeightValues,
    };
    pub use crate::screened_head::{
        HeadError, KernelKind, PoolStats, Scratch, ScreenedHead, mean_row,
    };
}

/// Compiles and runs the guide's examples as tests.
#[cfg(doctest)]
#[doc = include_str!("../docs/library.md")]
struct Guide;
