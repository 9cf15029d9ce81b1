//! From a model folder and settings to an encoder.

use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::thread::JoinHandle;

use super::batch_encoder::{BatchEncoder, BatchEncoderOptions, operators};
use super::device::{Device, DeviceChoice};
use super::error::EncodeError;
use super::long_texts::LongTexts;
use super::memory::MemoryPlan;
use super::runtime::Runtime;
use super::settings::{EncoderSettings, MAX_THREADS};
use super::splade_encoder::{ResolvedSettings, SpladeEncoder, join};
use super::tokens::TextTokenizer;
use super::worker::Worker;
use super::worker_pool::WorkerPool;
use crate::impact::Pruning;
use crate::model::{
    Aggregation, Fingerprint, GraphForm, Model, ModelError, ModelSource, Precision,
};

/// Settings for a model that is about to be loaded. See [`EncoderSettings`] for what each means.
pub struct SpladeEncoderBuilder {
    model: Model,
    settings: EncoderSettings,
    hashing: Option<JoinHandle<Result<Fingerprint, ModelError>>>,
}

impl SpladeEncoder {
    /// Opens a model's folder: a Hugging Face checkpoint, or an ONNX export with its tokenizer.
    ///
    /// # Errors
    /// [`ModelError`] with the file and the remedy if it is no such folder.
    pub fn open(folder: impl AsRef<Path>) -> Result<SpladeEncoderBuilder, ModelError> {
        Ok(SpladeEncoderBuilder {
            model: Model::open(folder.as_ref())?,
            settings: EncoderSettings::default(),
            hashing: None,
        })
    }
}

impl SpladeEncoderBuilder {
    /// Replaces all settings at once.
    #[must_use]
    pub fn settings(mut self, settings: EncoderSettings) -> Self {
        self.settings = settings;
        self
    }

    /// Names ONNX Runtime's shared library.
    #[must_use]
    pub fn onnxruntime(mut self, library: impl Into<PathBuf>) -> Self {
        self.settings.onnxruntime = Some(library.into());
        self
    }

    /// Sets how the weights of a text's tokens become one weight per term.
    #[must_use]
    pub fn aggregation(mut self, aggregation: Aggregation) -> Self {
        self.settings.aggregation = Some(aggregation);
        self
    }

    /// Sets the most tokens of a text, special ones included.
    #[must_use]
    pub fn max_length(mut self, tokens: usize) -> Self {
        self.settings.max_length = Some(tokens);
        self
    }

    /// Sets what becomes of longer texts.
    #[must_use]
    pub fn long(mut self, long: LongTexts) -> Self {
        self.settings.long = long;
        self
    }

    /// Sets the tokens from the beginning of a window to that of the next, for [`LongTexts::Windows`].
    #[must_use]
    pub fn stride(mut self, tokens: usize) -> Self {
        self.settings.stride = Some(tokens);
        self
    }

    /// Sets whether special tokens may be terms.
    #[must_use]
    pub fn keep_special_tokens(mut self, keep: bool) -> Self {
        self.settings.keep_special_tokens = keep;
        self
    }

    /// Sets which weights are left out.
    #[must_use]
    pub fn pruning(mut self, pruning: Pruning) -> Self {
        self.settings.pruning = pruning;
        self
    }

    /// Sets the number of encoder threads.
    #[must_use]
    pub fn threads(mut self, threads: usize) -> Self {
        self.settings.threads = threads;
        self
    }

    /// Sets where the model runs.
    #[must_use]
    pub fn device(mut self, device: DeviceChoice) -> Self {
        self.settings.device = device;
        self
    }

    /// Sets the precision of the encoder layers.
    #[must_use]
    pub fn precision(mut self, precision: Precision) -> Self {
        self.settings.precision = Some(precision);
        self
    }

    /// Sets the most bytes of memory that the encoder may take.
    #[must_use]
    pub fn max_memory(mut self, bytes: u64) -> Self {
        self.settings.max_memory = Some(bytes);
        self
    }

    /// Hashes the model's files for [`SpladeEncoder::fingerprint`] while the model is loaded: for a large
    /// model that takes as long as loading.
    #[must_use]
    pub fn with_fingerprint(mut self) -> Self {
        self.hashing = Some(self.model.fingerprint());
        self
    }

    /// Loads ONNX Runtime and the model.
    ///
    /// # Errors
    /// [`EncodeError`] if the library cannot be found or loaded, or if a setting does not suit the model
    /// or the device.
    pub fn build(self) -> Result<SpladeEncoder, EncodeError> {
        let Self {
            model,
            settings,
            hashing,
        } = self;
        let (runtime, devices) = settings.device.resolve(settings.onnxruntime.as_deref())?;
        let mut resolved = resolve(&model, &settings, &devices)?;
        let mut tokenizer = TextTokenizer::new(&model, resolved.max_length)?;
        if resolved.long == LongTexts::Windows {
            tokenizer = tokenizer.whole_texts()?;
            resolved.stride = Some(tokenizer.stride(settings.stride)?);
        }
        let mut loaded = load(&runtime, &model, &settings, &resolved, &devices);
        if let (Some(_), Err(EncodeError::NoMemoryForModel { .. })) = (settings.max_memory, &loaded)
        {
            // Shares the limit with no other worker.
            resolved.workers_per_device = 1;
            loaded = load(&runtime, &model, &settings, &resolved, &devices);
        }
        let (encoders, workers) = loaded.map_err(|error| match (settings.max_memory, error) {
            (Some(_), EncodeError::NoMemoryForModel { reason, .. }) => {
                let remedy = "allow more with `max_memory`";
                EncodeError::NoMemoryForModel { reason, remedy }
            }
            (_, error) => error,
        })?;
        let fingerprint = OnceLock::new();
        if let Some(hashing) = hashing {
            let hashed = join(hashing)?;
            fingerprint.get_or_init(|| hashed);
        }
        Ok(SpladeEncoder {
            pool: WorkerPool::new(workers, resolved.workers_per_device),
            model,
            tokenizer,
            encoders,
            devices,
            resolved,
            fingerprint,
        })
    }
}

/// Loads the model for each device, with a first worker.
fn load(
    runtime: &Runtime,
    model: &Model,
    settings: &EncoderSettings,
    resolved: &ResolvedSettings,
    devices: &[Device],
) -> Result<(Vec<BatchEncoder>, Vec<Worker>), EncodeError> {
    let options = |device| BatchEncoderOptions {
        aggregation: resolved.aggregation,
        keep_special_tokens: resolved.keep_special_tokens,
        precision: resolved.precision,
        device,
        device_memory: settings
            .max_memory
            .map(|limit| limit / resolved.workers_per_device as u64)
            .map(|bytes| usize::try_from(bytes).unwrap_or(usize::MAX)),
        head: settings.head,
    };
    let loaded = devices.iter().map(|&device| {
        let (encoder, session) = BatchEncoder::new(runtime, model, options(device))?;
        Ok((encoder, Worker::new(session)))
    });
    loaded.collect()
}

/// Fills in what depends on the model and the devices.
fn resolve(
    model: &Model,
    settings: &EncoderSettings,
    devices: &[Device],
) -> Result<ResolvedSettings, EncodeError> {
    let most = usize::from(MAX_THREADS);
    if settings.threads == 0 || settings.threads > most {
        return Err(EncodeError::Threads {
            wanted: settings.threads,
            most,
        });
    }
    // All are of one kind, and what follows depends on the kind alone.
    let device = devices.first().copied().unwrap_or(Device::Cpu);
    let aggregation = settings
        .aggregation
        .or(model.pooling.aggregation)
        .unwrap_or_default();
    let precision = settings.precision.unwrap_or_else(|| match model.source {
        ModelSource::Checkpoint(_) => device.default_precision(),
        // An exported graph keeps what it was exported with.
        ModelSource::Onnx(_) => Precision::Fp32,
    });
    let max_length = settings
        .max_length
        .unwrap_or_else(|| model.default_max_length());
    if settings.long == LongTexts::Windows && aggregation == Aggregation::Sum {
        return Err(EncodeError::SumOfWindows);
    }
    if settings.long == LongTexts::Truncate && settings.stride.is_some() {
        return Err(EncodeError::StrideWithoutWindows);
    }
    let mut budget = settings.batches.unwrap_or_else(|| device.budget());
    budget.longest = max_length;
    let form = GraphForm {
        precision,
        operators: operators(settings.head, device),
    };
    if model.is_batch_dependent(form, aggregation) {
        budget.texts = 1;
    }
    let threads = settings.threads.div_ceil(devices.len().max(1));
    let mut workers_per_device = device.workers(threads);
    if let (Device::Cpu, Some(limit)) = (device, settings.max_memory) {
        let plan = MemoryPlan::new(model, aggregation, form, max_length);
        let limit = limit / devices.len().max(1) as u64;
        (workers_per_device, budget) = plan.fit(limit, workers_per_device, budget)?;
    }
    Ok(ResolvedSettings {
        aggregation,
        max_length,
        long: settings.long,
        stride: None,
        keep_special_tokens: settings.keep_special_tokens,
        pruning: settings.pruning,
        precision,
        budget,
        workers_per_device,
    })
}
