//! What a run is and what it has done: settings, counts, shards, the journal by which it is resumed.
//!
//! A run belongs to no output. It is a list of parts, each recorded once it is whole in every output, and a journal of
//! those records in a folder that one of the outputs lends until the run is finished.

mod accounting;
mod batch_log;
mod counts;
mod difference;
mod error;
mod finished;
mod identity;
mod journal;
mod part;
mod settings;
mod shard;

pub use accounting::Accounting;
pub use batch_log::{BatchLogs, KeptBatch};
pub use counts::Counts;
pub use difference::SettingDifference;
pub use error::RunError;
pub use finished::FinishedRun;
pub use identity::RunIdentity;
pub use journal::{Journal, PartKind};
pub use part::{Damaged, PartFile, PartRecord};
pub use settings::{
    CollectionSettings, Compression, EncodingSettings, HeadKind, ImpactsBefore, InputFile,
    ModelInfo, RunSettings, VectorKind,
};
pub use shard::{InputEnd, Shard};
