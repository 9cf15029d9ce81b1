//! What the commands do: [`documents`], [`topics`], [`index()`], [`explain`].

mod documents;
mod explain;
mod index;
mod join;
mod outputs;
mod timings;
mod topics;

use std::path::PathBuf;

pub use documents::{DocumentsOptions, Exported, documents};
pub use explain::{ExplainedTerm, Explanation, explain};
pub use index::{IndexOptions, IndexSettings, index};
pub use join::{JoinOptions, join};
pub use timings::{Stages, Timings};
pub use topics::{TopicsFormat, TopicsOptions, TopicsSummary, topics};

use crate::collection::{Damaged, Encoding, HeadKind};
use crate::corpus::{PartReader, ReadProgress};
use crate::encoder::{
    BatchBudget, Device, DeviceChoice, Encoder, EncoderOptions, HeadChoice, MemoryPlan,
    TextTokenizer,
};
use crate::impact::{Pruning, Quantization};
use crate::model::{Aggregation, Fingerprint, Model, ModelSource, Precision};
use crate::pipeline::{self, EncodeProgress, PartSink, PipelineOptions};

/// From text to impacts: what documents, topics and single texts have in common.
#[derive(Debug, Clone)]
pub struct EncodeOptions {
    /// The model folder.
    pub model: PathBuf,
    /// ONNX Runtime's library; `None` looks for it, see [`crate::encoder::Runtime::find`].
    pub onnxruntime: Option<PathBuf>,
    /// Maximum or sum over tokens; `None` for what the model's folder says, else the maximum.
    pub aggregation: Option<Aggregation>,
    /// Most tokens of a text; `None` for the model's limit, at most 512.
    pub max_length: Option<usize>,
    /// True if special tokens may be terms.
    pub keep_special_tokens: bool,
    /// Which weights are left out.
    pub pruning: Pruning,
    /// From weights to impacts; `None` keeps the weights.
    pub quantization: Option<Quantization>,
    /// Encoder threads.
    pub threads: usize,
    /// Where the model runs.
    pub device: DeviceChoice,
    /// Of the model's layers; `None` for the device's default, or what an exported graph has.
    pub precision: Option<Precision>,
    /// Most bytes that the encoder may take: of main memory, or of a GPU's own. `None` for no limit.
    pub max_memory: Option<u64>,
}

/// What a run tells while it goes on.
#[derive(Debug)]
pub enum Event {
    /// The first document is about to be read: what a display can watch.
    Started(ReadProgress, std::sync::Arc<EncodeProgress>),
    /// So many parts with so many documents were made by an earlier run and are kept.
    Kept {
        /// Parts.
        parts: usize,
        /// Their documents.
        documents: u64,
    },
    /// The last part was written.
    Ended(Timings),
    /// All was made by an earlier run, and is as it was written.
    Finished,
    /// A part of an earlier run cannot be used and is made again.
    Damaged(Damaged),
}

/// Is told what happens.
pub type Watch<'a> = dyn FnMut(Event) + 'a;

/// A model loaded as the options say.
struct Session {
    model: Model,
    tokenizer: TextTokenizer,
    encoder: Encoder,
    max_length: usize,
    aggregation: Aggregation,
    device: Device,
    precision: Precision,
    budget: BatchBudget,
    workers: usize,
}

impl Session {
    fn open(options: &EncodeOptions) -> anyhow::Result<Self> {
        Self::load(Model::open(&options.model)?, options)
    }

    /// Opens the model and hashes its files, beside each other: for a large model the latter takes as
    /// long as the former.
    fn open_and_hash(options: &EncodeOptions) -> anyhow::Result<(Self, Fingerprint)> {
        let model = Model::open(&options.model)?;
        let hashing = model.fingerprint();
        let session = Self::load(model, options)?;
        match hashing.join() {
            Ok(fingerprint) => Ok((session, fingerprint?)),
            Err(panic) => std::panic::resume_unwind(panic),
        }
    }

    fn load(model: Model, options: &EncodeOptions) -> anyhow::Result<Self> {
        let (runtime, device) = options.device.resolve(options.onnxruntime.as_deref())?;
        let aggregation = options
            .aggregation
            .or(model.pooling.aggregation)
            .unwrap_or_default();
        let precision = options.precision.unwrap_or_else(|| match model.source {
            ModelSource::Checkpoint(_) => device.default_precision(),
            // It keeps what it was exported with.
            ModelSource::Onnx(_) => Precision::Fp32,
        });
        device.check(precision)?;
        let max_length = options
            .max_length
            .unwrap_or_else(|| model.default_max_length());
        let tokenizer = TextTokenizer::new(&model, max_length)?;
        let mut budget = device.budget(precision);
        budget.longest = max_length;
        if model.is_batch_dependent() {
            budget.texts = 1;
        }
        let mut workers = device.workers(options.threads);
        if let (Device::Cpu, Some(limit)) = (device, options.max_memory) {
            let plan = MemoryPlan::new(&model, aggregation, precision, max_length);
            (workers, budget) = plan.fit(limit, workers, budget)?;
        }
        let encoder_options = EncoderOptions {
            aggregation,
            keep_special_tokens: options.keep_special_tokens,
            precision,
            device,
            device_memory: options
                .max_memory
                .map(|limit| usize::try_from(limit / workers as u64).unwrap_or(usize::MAX)),
            head: HeadChoice::Best,
        };
        Ok(Self {
            encoder: Encoder::new(&runtime, &model, encoder_options)?,
            tokenizer,
            model,
            max_length,
            aggregation,
            device,
            precision,
            budget,
            workers,
        })
    }

    fn run(
        &self,
        options: &EncodeOptions,
        reader: &mut PartReader,
        keep_text: bool,
        watch: &mut Watch<'_>,
        sink: &dyn PartSink,
    ) -> anyhow::Result<()> {
        let progress: std::sync::Arc<EncodeProgress> = std::sync::Arc::default();
        let started = std::time::Instant::now();
        watch(Event::Started(
            reader.progress(),
            std::sync::Arc::clone(&progress),
        ));
        let stop = reader.stop().clone();
        let pipeline_options = PipelineOptions {
            threads: self.workers,
            budget: self.budget,
            pruning: options.pruning,
            keep_text,
        };
        pipeline::run(
            reader,
            &self.tokenizer,
            &self.encoder,
            pipeline_options,
            &progress,
            &stop,
            sink,
        )?;
        let timings = Timings::new(&progress, started.elapsed(), self.workers);
        watch(Event::Ended(timings));
        Ok(())
    }

    fn encoding(&self, options: &EncodeOptions, fields: &[String]) -> Encoding {
        Encoding {
            aggregation: self.aggregation,
            max_length: self.max_length,
            fields: fields.to_vec(),
            keep_special_tokens: options.keep_special_tokens,
            device: match self.device {
                Device::Cpu => "cpu",
                Device::Cuda(_) => "cuda",
            }
            .to_owned(),
            precision: self.precision,
            head: if self.encoder.is_screened() {
                HeadKind::Screened
            } else {
                HeadKind::InGraph
            },
            batch_tokens: self.budget.tokens,
            batch_texts: self.budget.texts,
        }
    }
}
