//! What the commands do: [`documents`], [`topics`], [`index()`], [`explain`].

mod documents;
mod explain;
mod index;
mod join;
mod outputs;
mod timings;
mod topics;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

pub use documents::{DocumentsOptions, Exported, documents};
pub use explain::{ExplainedTerm, Explanation, explain};
pub use index::{IndexOptions, IndexSettings, index};
pub use join::{JoinOptions, join};
pub use timings::{Stages, Timings};
pub use topics::{TopicsFormat, TopicsOptions, TopicsSummary, topics};

use crate::collection::{Damaged, Encoding, HeadKind};
use crate::corpus::{PartReader, ReadProgress};
use crate::encoder::{Device, EncodeError, EncoderSettings, SpladeEncoder};
use crate::impact::Quantization;
use crate::pipeline::{self, EncodeProgress, PartSink};

/// From text to impacts: what documents, topics and single texts have in common.
#[derive(Debug, Clone)]
pub struct EncodeOptions {
    /// The model folder.
    pub model: PathBuf,
    /// From text to weights.
    pub encoder: EncoderSettings,
    /// From weights to impacts; `None` keeps the weights.
    pub quantization: Option<Quantization>,
}

impl EncodeOptions {
    /// Opens the model with these settings.
    ///
    /// # Errors
    /// [`EncodeError`] if the model cannot be loaded or a setting does not suit it.
    pub fn open(&self) -> Result<SpladeEncoder, EncodeError> {
        SpladeEncoder::open(&self.model)?
            .settings(self.encoder.clone())
            .build()
    }

    /// Opens the model and hashes its files, beside each other.
    ///
    /// # Errors
    /// As [`EncodeOptions::open`], and if a file cannot be read.
    fn open_with_fingerprint(&self) -> Result<SpladeEncoder, EncodeError> {
        SpladeEncoder::open(&self.model)?
            .settings(self.encoder.clone())
            .with_fingerprint()
            .build()
    }
}

/// What a run reports while it goes on.
#[derive(Debug)]
pub enum Event {
    /// The first document is about to be read; a display can watch both counters.
    Started(ReadProgress, Arc<EncodeProgress>),
    /// Parts of an earlier run are kept.
    Kept {
        /// Number of parts.
        parts: usize,
        /// Number of documents in them.
        documents: u64,
    },
    /// The last part was written.
    Ended(Timings),
    /// An earlier run completed everything, and it is as it was written.
    Finished,
    /// A part of an earlier run cannot be used and is made again.
    Damaged(Damaged),
}

/// Callback that receives events.
pub type EventHandler<'a> = dyn FnMut(Event) + 'a;

/// Encodes all parts of a reader and reports how long it took.
fn encode_parts(
    encoder: &SpladeEncoder,
    reader: &mut PartReader,
    keep_text: bool,
    events: &mut EventHandler<'_>,
    sink: &dyn PartSink,
) -> anyhow::Result<()> {
    let progress: Arc<EncodeProgress> = Arc::default();
    let started = Instant::now();
    events(Event::Started(reader.progress(), Arc::clone(&progress)));
    pipeline::run(encoder, reader, keep_text, &progress, sink)?;
    let timings = Timings::new(&progress, started.elapsed(), encoder.workers());
    events(Event::Ended(timings));
    Ok(())
}

/// Describes for a manifest how texts were encoded.
fn describe_encoding(encoder: &SpladeEncoder, fields: &[String]) -> Encoding {
    let budget = encoder.batch_budget();
    Encoding {
        aggregation: encoder.aggregation(),
        max_length: encoder.max_length(),
        fields: fields.to_vec(),
        keep_special_tokens: encoder.keeps_special_tokens(),
        device: match encoder.device() {
            Device::Cpu => "cpu",
            Device::Cuda(_) => "cuda",
        }
        .to_owned(),
        precision: encoder.precision(),
        head: if encoder.is_screened() {
            HeadKind::Screened
        } else {
            HeadKind::InGraph
        },
        batch_tokens: budget.tokens,
        batch_texts: budget.texts,
    }
}
