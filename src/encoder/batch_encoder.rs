//! A model made ready to encode batches.

use super::calibration;
use super::device::Device;
use super::error::EncodeError;
use super::runtime::Runtime;
use super::session::{GraphSession, SharedGraph, SharedValues};
use super::settings::HeadChoice;
use super::tokens::TextTokenizer;
use crate::fused_layers::Kernels;
use crate::model::{
    Activation, Aggregation, DecoderValues, GraphForm, HiddenGraph, Model, ModelError, Operators,
    Precision,
};
use crate::screened_head::ScreenedHead;

/// Most tokens of a calibration sentence; the sentences are shorter.
const CALIBRATION_LENGTH: usize = 64;

/// What a [`BatchEncoder`] is made of besides the model.
#[derive(Debug, Clone, Copy)]
pub struct BatchEncoderOptions {
    /// Maximum or sum over tokens.
    pub aggregation: Aggregation,
    /// True if special tokens may be terms.
    pub keep_special_tokens: bool,
    /// Precision of the encoder layers.
    pub precision: Precision,
    /// Where the graph runs.
    pub device: Device,
    /// Most bytes of the device's own memory per worker; `None` for all of it. Not used on the CPU.
    pub device_memory: Option<usize>,
    /// How the head is evaluated.
    pub head: HeadChoice,
}

/// A graph with its head, ready to encode batches in any number of sessions.
pub struct BatchEncoder {
    /// Makes the sessions.
    pub graph: SharedGraph,
    /// The head, where it is not in the graph.
    pub screened: Option<ScreenedHead<Decoder>>,
    /// For each column, true if it may not be a term.
    pub dropped: Vec<bool>,
    /// True if weights are the logarithm of one more than what the head gives.
    pub log_again: bool,
}

/// The decoder's matrix.
pub enum Decoder {
    /// A matrix of its own.
    Own(Vec<f32>),
    /// A weight of the graph.
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

impl BatchEncoder {
    /// Loads ONNX Runtime, builds the graph and makes a first session, which is returned too.
    ///
    /// On the CPU, the maximum over tokens of a checkpoint is computed by [`ScreenedHead`] behind the
    /// graph's hidden states; everything else by a head in the graph.
    ///
    /// # Errors
    /// [`EncodeError`] if the library cannot be loaded or the model has no such graph.
    pub fn new(
        runtime: &Runtime,
        model: &Model,
        options: BatchEncoderOptions,
    ) -> Result<(Self, GraphSession), EncodeError> {
        let log_again = model.pooling.activation == Activation::Log1pRelu;
        if log_again && options.aggregation == Aggregation::Sum {
            let folder = model.folder.clone();
            return Err(ModelError::SumOfLogarithms { folder }.into());
        }
        if options.head == HeadChoice::Best {
            options.device.check(options.precision)?;
        }
        let operators = operators(options.head, options.device);
        if operators != Operators::Fused {
            Device::Cpu.check(options.precision)?;
        }
        let ready = match screened_graph(model, &options, operators)? {
            Some(hidden) => screened(runtime, model, hidden)?,
            None => in_graph(runtime, model, &options, operators)?,
        };
        let encoder = Self {
            graph: ready.graph,
            screened: ready.head,
            dropped: dropped_columns(model, options.keep_special_tokens),
            log_again,
        };
        Ok((encoder, ready.session))
    }
}

/// Returns the operators of the graph on this device: on a processor without kernels for this program's
/// own, plain ones.
pub fn operators(head: HeadChoice, device: Device) -> Operators {
    match (head, device) {
        (HeadChoice::InGraph(operators), _) => operators,
        (HeadChoice::Best, Device::Cuda(_)) => Operators::Fused,
        (HeadChoice::Best, Device::Cpu) if Kernels::detect().is_some() => Operators::Own,
        (HeadChoice::Best, Device::Cpu) => Operators::Plain,
    }
}

/// A graph with its first session.
struct Ready {
    graph: SharedGraph,
    head: Option<ScreenedHead<Decoder>>,
    session: GraphSession,
}

/// Tells for each column whether it may not be a term.
fn dropped_columns(model: &Model, keep_special_tokens: bool) -> Vec<bool> {
    let columns = u32::try_from(model.vocabulary.len()).unwrap_or(u32::MAX);
    (0..columns)
        .map(|id| !keep_special_tokens && model.vocabulary.is_special(id))
        .collect()
}

/// Returns the graph for the screened head, or `None` where the head has to be in the graph.
fn screened_graph(
    model: &Model,
    options: &BatchEncoderOptions,
    operators: Operators,
) -> Result<Option<HiddenGraph>, EncodeError> {
    let suits = options.head == HeadChoice::Best
        && options.device == Device::Cpu
        && options.aggregation == Aggregation::Max;
    if suits {
        Ok(model.hidden_graph(GraphForm {
            precision: options.precision,
            operators,
        })?)
    } else {
        Ok(None)
    }
}

fn screened(runtime: &Runtime, model: &Model, hidden: HiddenGraph) -> Result<Ready, EncodeError> {
    let graph = SharedGraph::new(runtime, hidden.graph, Device::Cpu, None)?;
    let mut session = graph.session()?;
    let tokenizer = TextTokenizer::new(model, CALIBRATION_LENGTH.min(model.max_length))?;
    let center = calibration::center(&mut session, &tokenizer, hidden.hidden)?;
    let decoder = match hidden.decoder {
        DecoderValues::Own(values) => Decoder::Own(values),
        DecoderValues::Weight(name) => Decoder::Shared(
            graph
                .values(&name)
                .ok_or_else(|| EncodeError::Session(format!("the graph has no weight {name}")))?,
        ),
    };
    let head = ScreenedHead::new(decoder, &hidden.bias, hidden.hidden, &center)?;
    Ok(Ready {
        graph,
        head: Some(head),
        session,
    })
}

fn in_graph(
    runtime: &Runtime,
    model: &Model,
    options: &BatchEncoderOptions,
    operators: Operators,
) -> Result<Ready, EncodeError> {
    let form = GraphForm {
        precision: options.precision,
        operators,
    };
    let graph = model.graph(options.aggregation, form)?;
    let graph = SharedGraph::new(runtime, graph, options.device, options.device_memory)?;
    let session = graph.session()?;
    Ok(Ready {
        graph,
        head: None,
        session,
    })
}
