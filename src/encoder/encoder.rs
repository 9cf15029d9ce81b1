//! From batches to sparse vectors.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use half::slice::HalfFloatSliceExt;

use super::device::Device;
use super::runtime::Runtime;
use super::session::{GraphSession, Padded, SharedGraph, SharedValues, Values, is_out_of_memory};
use super::{Batch, EncodeError, TextTokenizer, Tokens, calibration};
use crate::impact::{SparseVector, TermWeight};
use crate::model::{
    Activation, Aggregation, DecoderValues, GraphForm, HiddenGraph, Model, ModelError, Operators,
    Precision,
};
use crate::screened_head::{PoolStats, Scratch, ScreenedHead};

/// Most tokens of a calibration sentence: they are shorter.
const CALIBRATION_LENGTH: usize = 64;

/// How texts are encoded.
#[derive(Debug, Clone, Copy)]
pub struct EncoderOptions {
    /// Maximum or sum over tokens.
    pub aggregation: Aggregation,
    /// True if special tokens may be terms.
    pub keep_special_tokens: bool,
    /// Of the layers.
    pub precision: Precision,
    /// Where the graph runs.
    pub device: Device,
    /// Most bytes of the device's own memory for each worker; `None` for all of it. Not used on the
    /// processor.
    pub device_memory: Option<usize>,
    /// The head's way.
    pub head: HeadChoice,
}

impl Default for EncoderOptions {
    /// The maximum, without special tokens, in fp32 on the processor.
    fn default() -> Self {
        Self {
            aggregation: Aggregation::Max,
            keep_special_tokens: false,
            precision: Precision::Fp32,
            device: Device::Cpu,
            device_memory: None,
            head: HeadChoice::Best,
        }
    }
}

/// How hidden states become weights. All ways give the same weights but for rounding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum HeadChoice {
    /// The screened head where it can be: on the processor, for the maximum, with a checkpoint.
    #[default]
    Best,
    /// The head in the graph, with the layers in these operators.
    InGraph(Operators),
}

/// A model ready to make workers.
pub struct Encoder {
    graph: SharedGraph,
    /// The head, where it is not in the graph.
    screened: Option<ScreenedHead<Decoder>>,
    special: Vec<bool>,
    /// True if weights are the logarithm of one more than what the head gives.
    log_again: bool,
    /// A session that was needed to get ready: the first worker takes it.
    spare: Mutex<Option<GraphSession>>,
}

/// The decoder's matrix.
enum Decoder {
    Own(Vec<f32>),
    Shared(SharedValues),
}

impl AsRef<[f32]> for Decoder {
    fn as_ref(&self) -> &[f32] {
        match self {
            Self::Own(values) => values,
            Self::Shared(values) => values.as_ref(),
        }
    }
}

impl Encoder {
    /// Loads ONNX Runtime, builds the graph and makes a first session.
    ///
    /// On the processor, the maximum over tokens of a checkpoint is computed by [`ScreenedHead`] behind
    /// the graph's hidden states; everything else by a head in the graph.
    ///
    /// # Errors
    /// [`EncodeError`] if the library cannot be loaded or the model has no such graph.
    pub fn new(
        runtime: &Runtime,
        model: &Model,
        options: EncoderOptions,
    ) -> Result<Self, EncodeError> {
        let log_again = model.pooling.activation == Activation::Log1pRelu;
        if log_again && options.aggregation == Aggregation::Sum {
            let folder = model.folder.clone();
            return Err(ModelError::SumOfLogarithms { folder }.into());
        }
        let columns = u32::try_from(model.vocabulary.len()).unwrap_or(u32::MAX);
        let special = (0..columns)
            .map(|id| !options.keep_special_tokens && model.vocabulary.is_special(id))
            .collect();
        let operators = match (options.head, options.device) {
            (HeadChoice::InGraph(operators), _) => operators,
            (HeadChoice::Best, Device::Cuda(_)) => Operators::Fused,
            (HeadChoice::Best, Device::Cpu) => {
                Device::Cpu.check(options.precision)?;
                if options.aggregation == Aggregation::Max
                    && let Some(hidden) = model.hidden_graph(options.precision)?
                {
                    let mut screened = Self::screened(runtime, model, hidden, special)?;
                    screened.log_again = log_again;
                    return Ok(screened);
                }
                Operators::Plain
            }
        };
        if operators == Operators::Plain {
            Device::Cpu.check(options.precision)?;
        }
        let form = GraphForm {
            precision: options.precision,
            operators,
        };
        let graph = model.graph(options.aggregation, form)?;
        let graph = SharedGraph::new(runtime, graph, options.device, options.device_memory)?;
        Ok(Self {
            spare: Mutex::new(Some(graph.session()?)),
            graph,
            screened: None,
            special,
            log_again,
        })
    }

    fn screened(
        runtime: &Runtime,
        model: &Model,
        hidden: HiddenGraph,
        special: Vec<bool>,
    ) -> Result<Self, EncodeError> {
        let graph = SharedGraph::new(runtime, hidden.graph, Device::Cpu, None)?;
        let mut session = graph.session()?;
        let tokenizer = TextTokenizer::new(model, CALIBRATION_LENGTH.min(model.max_length))?;
        let center = calibration::center(&mut session, &tokenizer, hidden.hidden)?;
        let decoder = match hidden.decoder {
            DecoderValues::Own(values) => Decoder::Own(values),
            DecoderValues::Weight(name) => {
                Decoder::Shared(graph.values(&name).ok_or_else(|| {
                    EncodeError::Session(format!("the graph has no weight {name}"))
                })?)
            }
        };
        let head = ScreenedHead::new(decoder, &hidden.bias, hidden.hidden, &center)?;
        Ok(Self {
            spare: Mutex::new(Some(session)),
            graph,
            screened: Some(head),
            special,
            log_again: false,
        })
    }

    /// True if the head is screened, false if it is in the graph.
    #[must_use]
    pub fn is_screened(&self) -> bool {
        self.screened.is_some()
    }

    /// A worker for one thread.
    ///
    /// # Errors
    /// [`EncodeError::Session`] if ONNX Runtime refuses another session.
    pub fn worker(&self) -> Result<Worker<'_>, EncodeError> {
        let spare = self.spare.lock();
        let spare = spare.unwrap_or_else(PoisonError::into_inner).take();
        Ok(Worker {
            encoder: self,
            session: match spare {
                Some(session) => session,
                None => self.graph.session()?,
            },
            scratch: Scratch::default(),
        })
    }
}

/// A session of its own, for one thread.
pub struct Worker<'e> {
    encoder: &'e Encoder,
    session: GraphSession,
    scratch: Scratch,
}

/// The weights of a batch.
#[derive(Debug, Default)]
pub struct EncodedBatch {
    /// In the order of [`Batch::rows`].
    pub vectors: Vec<SparseVector>,
    /// What they took.
    pub effort: Effort,
}

/// What encoding took.
#[derive(Debug, Clone, Copy, Default)]
pub struct Effort {
    /// In ONNX Runtime.
    pub body: Duration,
    /// In the screened head; with a head in the graph, making sparse vectors of its output.
    pub head: Duration,
    /// Tokens with padding.
    pub padded_tokens: u64,
    /// Columns that the screening could not exclude.
    pub survivors: u64,
    /// Products computed for them.
    pub exact_products: u64,
    /// Texts that the screening did not suit, see [`PoolStats::fell_back`].
    pub fallbacks: u64,
}

impl Effort {
    /// Adds another's.
    pub fn add(&mut self, other: &Self) {
        self.body += other.body;
        self.head += other.head;
        self.padded_tokens += other.padded_tokens;
        self.survivors += other.survivors;
        self.exact_products += other.exact_products;
        self.fallbacks += other.fallbacks;
    }

    fn count(&mut self, stats: PoolStats) {
        self.survivors += stats.survivors as u64;
        self.exact_products += stats.exact_dots as u64;
        self.fallbacks += u64::from(stats.fell_back());
    }
}

impl Worker<'_> {
    /// Encodes one batch of a part. Where memory does not suffice it is halved, down to single texts.
    ///
    /// # Errors
    /// [`EncodeError`] if ONNX Runtime fails or what it gives is no vector of this vocabulary.
    pub fn encode(&mut self, batch: &Batch, texts: &[Tokens]) -> Result<EncodedBatch, EncodeError> {
        match self.encode_whole(batch, texts) {
            Err(EncodeError::Run { reason, .. })
                if batch.rows.len() > 1 && is_out_of_memory(&reason) =>
            {
                let (first, second) = batch.halves(texts);
                let mut encoded = self.encode(&first, texts)?;
                let rest = self.encode(&second, texts)?;
                encoded.vectors.extend(rest.vectors);
                encoded.effort.add(&rest.effort);
                Ok(encoded)
            }
            result => result,
        }
    }

    fn encode_whole(
        &mut self,
        batch: &Batch,
        texts: &[Tokens],
    ) -> Result<EncodedBatch, EncodeError> {
        let started = Instant::now();
        let (ids, mask) = batch.tensors(texts);
        let rows = batch.rows.len();
        let padded = Padded {
            texts: rows,
            length: batch.length,
            ids: &ids,
            mask: &mask,
        };
        let Encoder {
            screened,
            special,
            log_again,
            ..
        } = self.encoder;
        let scratch = &mut self.scratch;
        let mut effort = Effort {
            padded_tokens: ids.len() as u64,
            ..Effort::default()
        };
        let vectors = self.session.run(&padded, special.len(), |shape, values| {
            effort.body = started.elapsed();
            match (screened, values) {
                (Some(head), Values::F32(hidden)) => {
                    let lengths = batch.rows.iter().map(|&row| texts[row].ids.len());
                    pool(head, scratch, hidden, batch.length, lengths, &mut effort)
                }
                (_, Values::F32(weights)) => pooled(shape.len(), weights, rows, special.len()),
                (_, Values::F16(weights)) => {
                    let mut wide = vec![0.0; weights.len()];
                    weights.convert_to_f32_slice(&mut wide);
                    pooled(shape.len(), &wide, rows, special.len())
                }
            }
        })?;
        let finished = |mut vector: SparseVector| {
            vector.0.retain(|entry| !special[entry.term as usize]);
            if *log_again {
                // Monotone, so it can wait until after the maximum.
                for entry in &mut vector.0 {
                    entry.weight = entry.weight.ln_1p();
                }
            }
            vector
        };
        let vectors = vectors.into_iter().map(finished).collect();
        effort.head = started.elapsed().saturating_sub(effort.body);
        Ok(EncodedBatch { vectors, effort })
    }
}

/// The rows of weights `[B, V]`.
fn pooled(
    rank: usize,
    weights: &[f32],
    rows: usize,
    vocabulary: usize,
) -> Result<Vec<SparseVector>, EncodeError> {
    let columns = weights.len().checked_div(rows).unwrap_or(0);
    if rank != 2 || columns != vocabulary {
        return Err(EncodeError::Columns {
            columns,
            vocabulary,
        });
    }
    weights
        .chunks_exact(columns)
        .map(|row| SparseVector::from_dense(row).map_err(|term| EncodeError::NotFinite { term }))
        .collect()
}

/// Pools hidden states `[B, L, H]`, of each text only its own tokens.
fn pool(
    head: &ScreenedHead<Decoder>,
    scratch: &mut Scratch,
    hidden: &[f32],
    length: usize,
    lengths: impl Iterator<Item = usize>,
    effort: &mut Effort,
) -> Result<Vec<SparseVector>, EncodeError> {
    let texts = hidden.chunks_exact(length * head.hidden());
    texts
        .zip(lengths)
        .map(|(rows, tokens)| {
            let mut found = Vec::new();
            let stats = head.pool(&rows[..tokens * head.hidden()], scratch, &mut found)?;
            effort.count(stats);
            let entry = |(term, weight)| TermWeight { term, weight };
            Ok(SparseVector(found.into_iter().map(entry).collect()))
        })
        .collect()
}
