//! A model opened once, for any number of texts from any number of threads.

use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, OnceLock, PoisonError};
use std::thread;

use rayon::prelude::*;

use super::batch::{Batch, BatchBudget};
use super::batch_encoder::BatchEncoder;
use super::device::Device;
use super::error::EncodeError;
use super::long_texts::LongTexts;
use super::text_windows::TextWindows;
use super::tokens::{TextTokenizer, Tokens};
use super::worker::EncodedBatch;
use super::worker_pool::WorkerPool;
use crate::impact::{Pruning, SparseVector};
use crate::model::{Aggregation, Fingerprint, Model, Precision, Vocabulary};
use crate::stop::Stop;

/// A SPLADE model, ready to encode texts from several threads at once.
///
/// It is opened with [`SpladeEncoder::open`], which takes the folder of the model and gives a builder
/// with a default for every setting:
///
/// ```no_run
/// use splade_export::SpladeEncoder;
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let encoder = SpladeEncoder::open("models/splade-tiny")?.build()?;
/// let vectors = encoder.encode(&["how do planes fly", "wings and lift"])?;
/// for entry in &vectors[0].0 {
///     println!("{} {}", encoder.vocabulary().term(entry.term), entry.weight);
/// }
/// # Ok(())
/// # }
/// ```
pub struct SpladeEncoder {
    pub(super) model: Model,
    pub(super) tokenizer: TextTokenizer,
    /// One for each device.
    pub(super) encoders: Vec<BatchEncoder>,
    pub(super) devices: Vec<Device>,
    pub(super) pool: WorkerPool,
    pub(super) resolved: ResolvedSettings,
    pub(super) fingerprint: OnceLock<Fingerprint>,
}

/// The settings with all defaults filled in.
#[derive(Debug, Clone, Copy)]
pub(super) struct ResolvedSettings {
    pub(super) aggregation: Aggregation,
    pub(super) max_length: usize,
    pub(super) long: LongTexts,
    /// Known where there are windows.
    pub(super) stride: Option<usize>,
    pub(super) keep_special_tokens: bool,
    pub(super) pruning: Pruning,
    pub(super) precision: Precision,
    pub(super) budget: BatchBudget,
    pub(super) workers_per_device: usize,
}

// A program may hold one encoder for all its threads.
const _: () = {
    const fn is_shared_freely<T: Send + Sync + 'static>() {}
    is_shared_freely::<SpladeEncoder>();
};

impl SpladeEncoder {
    /// Encodes texts, in input order. A text without any token gives an empty vector.
    ///
    /// The texts are batched by length, and the batches are encoded by up to [`SpladeEncoder::workers`]
    /// threads. The same texts in the same order always give the same weights; a text's weights differ
    /// by rounding, about 1e-6, with the texts that share its batch.
    ///
    /// # Errors
    /// [`EncodeError`] if the tokenizer or ONNX Runtime fails.
    pub fn encode(
        &self,
        texts: &[impl AsRef<str> + Sync],
    ) -> Result<Vec<SparseVector>, EncodeError> {
        self.encode_until(texts, &Stop::default())
    }

    /// Encodes texts as [`SpladeEncoder::encode`] does, and ends before the next batch where a stop is asked for.
    ///
    /// # Errors
    /// [`EncodeError`] if the tokenizer or ONNX Runtime fails, or a stop was asked for.
    pub fn encode_until(
        &self,
        texts: &[impl AsRef<str> + Sync],
        stop: &Stop,
    ) -> Result<Vec<SparseVector>, EncodeError> {
        let tokens = |text: &str| {
            stop.check()?;
            self.tokens(text)
        };
        let tokens = match texts {
            [text] => vec![tokens(text.as_ref())?],
            texts => texts
                .par_iter()
                .map(|text| tokens(text.as_ref()))
                .collect::<Result<_, _>>()?,
        };
        let windows = self.windows(tokens);
        let batches = self.plan(&windows);
        let mut vectors = vec![SparseVector::default(); texts.len()];
        for (batch, encoded) in batches
            .iter()
            .zip(self.encode_batches(&batches, &windows, stop)?)
        {
            for (&row, vector) in batch.rows.iter().zip(encoded.vectors) {
                vectors[windows.text(row)].take_larger(vector);
            }
        }
        for (text, vector) in vectors.iter_mut().enumerate() {
            if windows.of_text(text).len() > 1 {
                self.resolved.pruning.apply(vector);
            }
        }
        Ok(vectors)
    }

    /// Encodes the batches, in several threads where there are several batches.
    fn encode_batches(
        &self,
        batches: &[Batch],
        tokens: &TextWindows,
        stop: &Stop,
    ) -> Result<Vec<EncodedBatch>, EncodeError> {
        let encode = |batch| {
            stop.check()?;
            self.encode_batch(batch, tokens)
        };
        if let [batch] = batches {
            return Ok(vec![encode(batch)?]);
        }
        let encoded: Vec<OnceLock<EncodedBatch>> =
            batches.iter().map(|_| OnceLock::new()).collect();
        let failure = Mutex::new(None);
        let (next, failed) = (AtomicUsize::new(0), AtomicBool::new(false));
        thread::scope(|scope| {
            for _ in 0..self.workers().min(batches.len()) {
                scope.spawn(|| {
                    while !failed.load(Ordering::Relaxed)
                        && let at = next.fetch_add(1, Ordering::Relaxed)
                        && let Some(batch) = batches.get(at)
                    {
                        match encode(batch) {
                            // Each batch is taken by one thread only, so the place is empty.
                            Ok(vectors) => drop(encoded[at].set(vectors)),
                            Err(error) => {
                                let failure = failure.lock();
                                failure
                                    .unwrap_or_else(PoisonError::into_inner)
                                    .get_or_insert(error);
                                failed.store(true, Ordering::Relaxed);
                            }
                        }
                    }
                });
            }
        });
        match failure.into_inner().unwrap_or_else(PoisonError::into_inner) {
            Some(error) => Err(error),
            None => Ok(encoded
                .into_iter()
                .filter_map(OnceLock::into_inner)
                .collect()),
        }
    }

    /// Cuts tokenized texts into windows; a text that is not too long is one.
    pub(crate) fn windows(&self, tokens: Vec<Tokens>) -> TextWindows {
        TextWindows::cut(tokens, self.resolved.max_length, self.resolved.stride)
    }

    /// Returns the number of windows of a text; 1 for one that is not too long.
    #[must_use]
    pub fn window_count(&self, tokens: &Tokens) -> usize {
        self.windows(vec![tokens.clone()]).len()
    }

    /// Cuts windows into batches.
    pub(crate) fn plan(&self, windows: &TextWindows) -> Vec<Batch> {
        Batch::plan(windows, self.resolved.budget)
    }

    /// Encodes one batch and prunes its vectors; waits while as many threads as allowed encode. Vectors of windows can
    /// be pruned before they are joined too: what stays of the whole text stays of the window that has its weight.
    pub(crate) fn encode_batch(
        &self,
        batch: &Batch,
        tokens: &TextWindows,
    ) -> Result<EncodedBatch, EncodeError> {
        let mut encoded = self.pool.encode(&self.encoders, batch, tokens)?;
        for vector in &mut encoded.vectors {
            self.resolved.pruning.apply(vector);
        }
        Ok(encoded)
    }

    /// Returns the token ids of a text, cut to [`SpladeEncoder::max_length`] unless long texts have windows.
    ///
    /// # Errors
    /// [`EncodeError::Tokenize`] if the tokenizer fails.
    pub fn tokens(&self, text: &str) -> Result<Tokens, EncodeError> {
        self.tokenizer.tokenize(text)
    }

    /// Returns the terms behind the ids of tokens and vectors.
    #[must_use]
    pub fn vocabulary(&self) -> &Vocabulary {
        &self.model.vocabulary
    }

    /// Returns the name of the model's architecture, as `config.json` says, or `onnx`.
    #[must_use]
    pub fn architecture(&self) -> &str {
        self.model.architecture()
    }

    /// Returns the most tokens that are kept of a text, special ones included.
    #[must_use]
    pub fn max_length(&self) -> usize {
        self.resolved.max_length
    }

    /// Returns the name of the file that states the model's length, where [`SpladeEncoder::max_length`] is that length.
    #[must_use]
    pub fn max_length_stated_in(&self) -> Option<&str> {
        let stated = self.model.stated_max_length.as_ref()?;
        (stated.tokens == self.resolved.max_length).then_some(stated.file.as_str())
    }

    /// Returns what becomes of longer texts.
    #[must_use]
    pub fn long(&self) -> LongTexts {
        self.resolved.long
    }

    /// Returns the tokens from the beginning of a window to that of the next; `None` where long texts are cut.
    #[must_use]
    pub fn stride(&self) -> Option<usize> {
        self.resolved.stride
    }

    /// Returns how the weights of a text's tokens become one weight per term.
    #[must_use]
    pub fn aggregation(&self) -> Aggregation {
        self.resolved.aggregation
    }

    /// Returns true if special tokens may be terms.
    #[must_use]
    pub fn keeps_special_tokens(&self) -> bool {
        self.resolved.keep_special_tokens
    }

    /// Returns which weights are left out.
    #[must_use]
    pub fn pruning(&self) -> Pruning {
        self.resolved.pruning
    }

    /// Returns where the model runs. Several devices are all of one kind, see [`SpladeEncoder::devices`].
    #[must_use]
    pub fn device(&self) -> Device {
        self.devices.first().copied().unwrap_or(Device::Cpu)
    }

    /// Returns the devices that share out the batches.
    #[must_use]
    pub fn devices(&self) -> &[Device] {
        &self.devices
    }

    /// Returns the precision of the encoder layers.
    #[must_use]
    pub fn precision(&self) -> Precision {
        self.resolved.precision
    }

    /// Returns how large batches are.
    #[must_use]
    pub fn batch_budget(&self) -> BatchBudget {
        self.resolved.budget
    }

    /// Returns how many threads encode at once, at most.
    #[must_use]
    pub fn workers(&self) -> usize {
        self.resolved.workers_per_device * self.devices.len()
    }

    /// Returns true if the head is screened, false if it is in the graph.
    #[must_use]
    pub fn is_screened(&self) -> bool {
        self.encoders
            .iter()
            .all(|encoder| encoder.screened.is_some())
    }

    /// Returns the SHA-256 of each file that determines the weights. They are computed at the first call,
    /// unless the builder was told to do it beside loading.
    ///
    /// # Errors
    /// [`EncodeError::Model`] if a file cannot be read.
    pub fn fingerprint(&self) -> Result<Fingerprint, EncodeError> {
        if let Some(fingerprint) = self.fingerprint.get() {
            return Ok(fingerprint.clone());
        }
        let fingerprint = join(self.model.fingerprint())?;
        Ok(self.fingerprint.get_or_init(|| fingerprint).clone())
    }
}

/// Waits for a thread that hashes a model's files.
pub(super) fn join(
    hashing: thread::JoinHandle<Result<Fingerprint, crate::model::ModelError>>,
) -> Result<Fingerprint, EncodeError> {
    match hashing.join() {
        Ok(fingerprint) => Ok(fingerprint?),
        Err(panic) => std::panic::resume_unwind(panic),
    }
}

impl fmt::Debug for SpladeEncoder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SpladeEncoder")
            .field("model", &self.model.folder)
            .field("settings", &self.resolved)
            .finish_non_exhaustive()
    }
}
