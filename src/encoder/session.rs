//! Running the graph. The only file that names `ort`.

use std::borrow::Cow;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

use ort::environment::Environment;
use ort::session::builder::GraphOptimizationLevel;
use ort::session::{HasSelectedOutputs, OutputSelector, RunOptions, Session, SessionInputValue};
use ort::value::{Tensor, TensorRef};
use thiserror::Error;

use super::runtime::{Runtime, RuntimeError};
use super::{Batch, Tokens};
use crate::head::{HeadError, Scratch, ScreenedHead};
use crate::impact::{SparseVector, TermWeight};
use crate::model::{Aggregation, Model, ModelError, ModelInput, OnnxGraph};

/// Why texts cannot be encoded.
#[derive(Debug, Error)]
#[allow(missing_docs, reason = "each message says what the variant means")]
pub enum EncodeError {
    #[error(transparent)]
    Runtime(#[from] RuntimeError),
    #[error(transparent)]
    Model(#[from] ModelError),
    #[error("the model's head cannot be used: {0}; its file may be damaged")]
    Head(#[from] HeadError),
    #[error("ONNX Runtime refuses the model: {0}")]
    Session(String),
    #[error("ONNX Runtime failed on a batch of {texts} texts of {length} tokens: {reason}")]
    Run {
        texts: usize,
        length: usize,
        reason: String,
    },
    #[error("the tokenizer failed: {0}")]
    Tokenize(String),
    #[error(
        "--max-length {wanted} is not possible with this model; it takes {least} to {most} tokens"
    )]
    MaxLength {
        wanted: usize,
        least: usize,
        most: usize,
    },
    #[error(
        "the model gives {columns} weights a text, its tokenizer has {vocabulary} terms; \
         model and tokenizer do not belong together"
    )]
    Columns { columns: usize, vocabulary: usize },
    #[error("the model gives a weight that is not finite for term {term}; its file may be damaged")]
    NotFinite { term: u32 },
}

impl<T> From<ort::Error<T>> for EncodeError {
    fn from(error: ort::Error<T>) -> Self {
        Self::Session(error.to_string())
    }
}

/// A model ready to make workers.
pub struct Encoder {
    environment: Environment,
    graph: OnnxGraph,
    /// The head, where it is not in the graph.
    screened: Option<ScreenedHead<Vec<f32>>>,
    special: Vec<bool>,
}

impl Encoder {
    /// Loads ONNX Runtime and builds the graph. With `keep_special`, special tokens may be terms.
    ///
    /// The maximum over tokens of a checkpoint is computed by [`ScreenedHead`] behind the graph's
    /// hidden states; everything else by a head in the graph.
    ///
    /// # Errors
    /// [`EncodeError`] if the library cannot be loaded or the model has no such graph.
    pub fn new(
        runtime: &Runtime,
        model: &Model,
        aggregation: Aggregation,
        keep_special: bool,
    ) -> Result<Self, EncodeError> {
        let hidden = match aggregation {
            Aggregation::Max => model.hidden_graph()?,
            Aggregation::Sum => None,
        };
        let Some(hidden) = hidden else {
            return Self::with_graph_head(runtime, model, aggregation, keep_special);
        };
        // The centre changes the speed, never the result.
        let center = vec![0.0; hidden.hidden];
        let head = ScreenedHead::new(hidden.decoder, &hidden.bias, hidden.hidden, &center)?;
        Self::build(runtime, model, hidden.graph, Some(head), keep_special)
    }

    /// As [`Encoder::new`], always with the head in the graph: the oracle of the screened one.
    ///
    /// # Errors
    /// As [`Encoder::new`].
    pub fn with_graph_head(
        runtime: &Runtime,
        model: &Model,
        aggregation: Aggregation,
        keep_special: bool,
    ) -> Result<Self, EncodeError> {
        let graph = model.graph(aggregation)?;
        Self::build(runtime, model, graph, None, keep_special)
    }

    fn build(
        runtime: &Runtime,
        model: &Model,
        graph: OnnxGraph,
        screened: Option<ScreenedHead<Vec<f32>>>,
        keep_special: bool,
    ) -> Result<Self, EncodeError> {
        let environment = environment(runtime)?;
        environment.set_log_level(ort::logging::LogLevel::Error);
        let columns = u32::try_from(model.vocabulary.len()).unwrap_or(u32::MAX);
        Ok(Self {
            environment,
            graph,
            screened,
            special: (0..columns)
                .map(|id| !keep_special && model.vocabulary.is_special(id))
                .collect(),
        })
    }

    /// Loads the graph once more, for one thread.
    ///
    /// # Errors
    /// [`EncodeError::Session`] if ONNX Runtime refuses it.
    pub fn worker(&self) -> Result<Worker<'_>, EncodeError> {
        let folder = self.graph.weights_folder.to_string_lossy();
        let session = Session::builder(&self.environment)?
            .with_intra_threads(1)?
            .with_inter_threads(1)?
            .with_optimization_level(GraphOptimizationLevel::All)?
            // Shapes vary from batch to batch: a pattern learnt from one would only hold memory.
            .with_memory_pattern(false)?
            .with_execution_providers([ort::ep::CPU::default()
                .with_arena_allocator(false)
                .build()])?
            .with_config_entry(
                "session.model_external_initializers_file_folder_path",
                folder,
            )?
            .commit_from_memory(&self.graph.bytes)?;
        let outputs = OutputSelector::no_default().with(self.graph.output.clone());
        Ok(Worker {
            encoder: self,
            session,
            options: RunOptions::new()?.with_outputs(outputs),
            scratch: Scratch::default(),
        })
    }
}

/// ONNX Runtime allows one environment a process: it is made once and kept.
fn environment(runtime: &Runtime) -> Result<Environment, EncodeError> {
    static LOADED: Mutex<Option<(PathBuf, Environment)>> = Mutex::new(None);
    let mut loaded = LOADED.lock().unwrap_or_else(PoisonError::into_inner);
    let unusable = |reason: String| RuntimeError::Unusable {
        path: runtime.library.clone(),
        reason,
    };
    match &*loaded {
        Some((library, environment)) if *library == runtime.library => Ok(environment.clone()),
        Some((library, _)) => {
            let other = format!("this process has loaded {} already", library.display());
            Err(unusable(other).into())
        }
        None => {
            let environment = ort::init_from(&runtime.library)
                .map_err(|e| unusable(e.to_string()))?
                .with_telemetry(false)
                .build()?;
            *loaded = Some((runtime.library.clone(), environment.clone()));
            Ok(environment)
        }
    }
}

/// A session of its own, for one thread.
pub struct Worker<'e> {
    encoder: &'e Encoder,
    session: Session,
    options: RunOptions<HasSelectedOutputs>,
    scratch: Scratch,
}

impl Worker<'_> {
    /// Encodes one batch of a part; the vectors are in the order of [`Batch::rows`].
    ///
    /// # Errors
    /// [`EncodeError`] if ONNX Runtime fails or what it gives is no vector of this vocabulary.
    pub fn encode(
        &mut self,
        batch: &Batch,
        texts: &[Tokens],
    ) -> Result<Vec<SparseVector>, EncodeError> {
        let (ids, mask) = batch.tensors(texts);
        let (rows, length) = (batch.rows.len(), batch.length);
        let mut inputs: Vec<(Cow<'_, str>, SessionInputValue<'_>)> = Vec::new();
        for &input in &self.encoder.graph.inputs {
            let shape = [rows, length];
            let value = match input {
                ModelInput::Ids => TensorRef::from_array_view((shape, &*ids))?.into(),
                ModelInput::Mask => TensorRef::from_array_view((shape, &*mask))?.into(),
                ModelInput::TokenTypes => {
                    Tensor::from_array((shape, vec![0i64; ids.len()]))?.into()
                }
                ModelInput::Positions => {
                    let row = 0..i64::try_from(length).unwrap_or(i64::MAX);
                    let positions: Vec<i64> = (0..rows).flat_map(|_| row.clone()).collect();
                    Tensor::from_array((shape, positions))?.into()
                }
            };
            inputs.push((input.name().into(), value));
        }
        let failed = |e: ort::Error| EncodeError::Run {
            texts: rows,
            length,
            reason: e.to_string(),
        };
        let outputs = self
            .session
            .run_with_options(inputs, &self.options)
            .map_err(failed)?;
        let (shape, values) = outputs[self.encoder.graph.output.as_str()]
            .try_extract_tensor::<f32>()
            .map_err(failed)?;
        let special = &self.encoder.special;
        let vectors = match &self.encoder.screened {
            None => pooled(shape.len(), values, rows, special.len())?,
            Some(head) => {
                let lengths = batch.rows.iter().map(|&row| texts[row].ids.len());
                screened(head, &mut self.scratch, values, length, lengths)?
            }
        };
        let drop_special = |mut vector: SparseVector| {
            vector.0.retain(|entry| !special[entry.term as usize]);
            vector
        };
        Ok(vectors.into_iter().map(drop_special).collect())
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
fn screened(
    head: &ScreenedHead<Vec<f32>>,
    scratch: &mut Scratch,
    hidden: &[f32],
    length: usize,
    lengths: impl Iterator<Item = usize>,
) -> Result<Vec<SparseVector>, EncodeError> {
    let texts = hidden.chunks_exact(length * head.hidden());
    texts
        .zip(lengths)
        .map(|(rows, tokens)| {
            let mut found = Vec::new();
            head.pool(&rows[..tokens * head.hidden()], scratch, &mut found)?;
            let entry = |(term, weight)| TermWeight { term, weight };
            Ok(SparseVector(found.into_iter().map(entry).collect()))
        })
        .collect()
}
