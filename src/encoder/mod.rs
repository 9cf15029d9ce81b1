//! Texts -> sparse vectors of float weights.
//!
//! [`SpladeEncoder`] is the one way to open a model. Inside it, [`Tokens`] are cut to the longest allowed
//! text by [`TextTokenizer`], or into [`TextWindows`], grouped into batches of equal cost by [`Batch::plan`], and run through ONNX
//! Runtime by a pool of workers, one session each.

mod batch;
mod batch_encoder;
mod builder;
mod calibration;
mod device;
mod device_search;
mod error;
mod long_texts;
mod memory;
mod query_encoder;
mod query_origin;
mod runtime;
mod session;
mod settings;
mod splade_encoder;
mod stats;
mod table_encoder;
mod text_pieces;
mod text_windows;
mod tokens;
mod word_cache;
mod words;
mod worker;
mod worker_pool;

pub use batch::{Batch, BatchBudget};
pub use builder::SpladeEncoderBuilder;
pub use device::{Device, DeviceChoice};
pub use device_search::default_runtime;
pub use error::{EncodeError, NoCuda};
pub use long_texts::LongTexts;
pub use query_encoder::{QueryEncoder, QueryWeights};
pub use query_origin::{QueryFacts, QueryOrigin, QueryWeightsKind};
pub(crate) use runtime::cache_folder;
pub use runtime::{Runtime, RuntimeError};
pub use settings::{EncoderSettings, HeadChoice, MAX_THREADS};
pub use splade_encoder::SpladeEncoder;
pub use stats::EncodeStats;
pub use table_encoder::{TableEncoder, TableSettings};
pub use text_windows::TextWindows;
pub use tokens::{TextTokenizer, Tokens};
