//! What the commands do: [`documents`], [`topics`], [`index()`], [`explain`].

mod documents;
mod explain;
mod index;
mod join;
mod outputs;
mod topics;

use std::path::PathBuf;

pub use documents::{DocumentsOptions, Exported, documents};
pub use explain::{ExplainedTerm, Explanation, explain};
pub use index::{IndexOptions, IndexSettings, index};
pub use join::{JoinOptions, join};
pub use topics::{TopicsFormat, TopicsOptions, TopicsSummary, topics};

use crate::collection::Damaged;
use crate::collection::Encoding;
use crate::corpus::{PartReader, ReadProgress};
use crate::encoder::{BatchBudget, Encoder, Runtime, TextTokenizer};
use crate::impact::{Pruning, Quantization};
use crate::model::{Aggregation, Model};
use crate::pipeline::{self, EncodeProgress, PartSink, PipelineOptions};

/// From text to impacts: what documents, topics and single texts have in common.
#[derive(Debug, Clone)]
pub struct EncodeOptions {
    /// The model folder.
    pub model: PathBuf,
    /// ONNX Runtime's library; `None` looks for it, see [`Runtime::find`].
    pub onnxruntime: Option<PathBuf>,
    /// Maximum or sum over tokens.
    pub aggregation: Aggregation,
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
}

impl Session {
    fn open(options: &EncodeOptions) -> anyhow::Result<Self> {
        let runtime = Runtime::find(options.onnxruntime.as_deref());
        let model = Model::open(&options.model)?;
        let max_length = options
            .max_length
            .unwrap_or_else(|| model.default_max_length());
        Ok(Self {
            tokenizer: TextTokenizer::new(&model, max_length)?,
            encoder: Encoder::new(
                &runtime?,
                &model,
                options.aggregation,
                options.keep_special_tokens,
            )?,
            model,
            max_length,
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
        let progress = std::sync::Arc::default();
        watch(Event::Started(
            reader.progress(),
            std::sync::Arc::clone(&progress),
        ));
        let stop = reader.stop().clone();
        let pipeline_options = PipelineOptions {
            threads: options.threads.max(1),
            budget: BatchBudget::default(),
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
        )
    }

    fn encoding(&self, options: &EncodeOptions, fields: &[String]) -> Encoding {
        Encoding {
            aggregation: options.aggregation,
            max_length: self.max_length,
            fields: fields.to_vec(),
            keep_special_tokens: options.keep_special_tokens,
            batch_tokens: BatchBudget::default().tokens,
        }
    }
}
