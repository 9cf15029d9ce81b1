//! Running the graph. The only folder that names `ort`.

pub mod cuda;

use std::borrow::Cow;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use half::f16;
use ort::environment::Environment;
use ort::memory::{AllocationDevice, Allocator, AllocatorType, MemoryInfo, MemoryType};
use ort::session::builder::{GraphOptimizationLevel, PrepackedWeights};
use ort::session::{HasSelectedOutputs, OutputSelector, RunOptions, Session, SessionInputValue};
use ort::value::{DynValue, Shape, Tensor, TensorRef};

use super::device::Device;
use super::error::{EncodeError, NoCuda};
use super::runtime::{Runtime, RuntimeError};
use crate::model::{ModelInput, OnnxGraph, Weight, WeightValues};

impl<T> From<ort::Error<T>> for EncodeError {
    fn from(error: ort::Error<T>) -> Self {
        Self::Session(error.to_string())
    }
}

/// A graph of which sessions are made. They share its weights, also in the form in which ONNX Runtime
/// packs them for its kernels.
pub struct SharedGraph {
    environment: Environment,
    graph: OnnxGraph,
    weights: Vec<(String, Arc<DynValue>)>,
    packed: PrepackedWeights,
    device: Device,
    memory_limit: Option<usize>,
}

/// A weight of a graph, float32.
pub struct SharedValues(Arc<DynValue>);

impl AsRef<[f32]> for SharedValues {
    fn as_ref(&self) -> &[f32] {
        // Only made of such values.
        let values = self.0.try_extract_tensor::<f32>();
        values.map_or(&[], |(_, values)| values)
    }
}

/// Token ids and mask, `[texts, length]` each, padded on the right.
pub struct Padded<'a> {
    pub texts: usize,
    pub length: usize,
    pub ids: &'a [i64],
    pub mask: &'a [i64],
}

/// The output of a run, row-major.
pub enum Values<'a> {
    F32(&'a [f32]),
    F16(&'a [f16]),
}

impl SharedGraph {
    /// Loads ONNX Runtime. `memory_limit` is in bytes, for a GPU's arena.
    pub fn new(
        runtime: &Runtime,
        mut graph: OnnxGraph,
        device: Device,
        memory_limit: Option<usize>,
    ) -> Result<Self, EncodeError> {
        if graph.bytes.len() > i32::MAX as usize {
            return Err(EncodeError::Session(
                "the graph with its weights is over 2 GB, the most that protobuf holds; choose --precision fp16"
                    .to_owned(),
            ));
        }
        let environment = environment(runtime)?;
        environment.set_log_level(ort::logging::LogLevel::Error);
        let weights = std::mem::take(&mut graph.weights);
        Ok(Self {
            environment,
            graph,
            weights: weights
                .into_iter()
                .map(constant)
                .collect::<Result<_, _>>()?,
            packed: PrepackedWeights::new(),
            device,
            memory_limit,
        })
    }

    /// The weight of this name, float32.
    pub fn values(&self, name: &str) -> Option<SharedValues> {
        let (_, value) = self.weights.iter().find(|(known, _)| known == name)?;
        value.try_extract_tensor::<f32>().ok()?;
        Some(SharedValues(Arc::clone(value)))
    }

    /// A session for one thread.
    pub fn session(&self) -> Result<GraphSession, EncodeError> {
        let cpu = || ort::ep::CPU::default().with_arena_allocator(false).build();
        let mut providers = vec![cpu()];
        if let Device::Cuda(number) = self.device {
            providers.insert(0, cuda::provider(number, self.memory_limit));
        }
        let mut builder = Session::builder(&self.environment)?
            .with_intra_threads(1)?
            .with_inter_threads(1)?
            .with_optimization_level(GraphOptimizationLevel::All)?
            // Shapes vary from batch to batch: a pattern learnt from one would only hold memory.
            .with_memory_pattern(false)?;
        builder = builder.with_execution_providers(&providers).map_err(|e| {
            let reason = e.to_string();
            match self.device {
                Device::Cpu => EncodeError::Session(reason),
                Device::Cuda(device) => NoCuda::NoDevice { device, reason }.into(),
            }
        })?;
        for (name, value) in &self.weights {
            builder = builder.with_initializer(name, Arc::clone(value))?;
        }
        if let Some(folder) = &self.graph.weights_folder {
            builder = builder.with_config_entry(
                "session.model_external_initializers_file_folder_path",
                folder.to_string_lossy(),
            )?;
        }
        let session = builder
            .with_prepacked_weights(&self.packed)?
            .commit_from_memory(&self.graph.bytes)?;
        let outputs = OutputSelector::no_default().with(self.graph.output.clone());
        let pinned = match self.device {
            Device::Cpu => None,
            Device::Cuda(number) => {
                let pinned = MemoryInfo::new(
                    AllocationDevice::CUDA_PINNED,
                    i32::try_from(number).unwrap_or(i32::MAX),
                    AllocatorType::Device,
                    MemoryType::CPUOutput,
                )?;
                Some(Allocator::new(&session, pinned)?)
            }
        };
        Ok(GraphSession {
            session,
            options: RunOptions::new()?.with_outputs(outputs),
            inputs: self.graph.inputs.clone(),
            output: self.graph.output.clone(),
            pinned,
        })
    }
}

fn constant(weight: Weight) -> Result<(String, Arc<DynValue>), EncodeError> {
    let Weight {
        name,
        shape,
        values,
    } = weight;
    let value = match values {
        WeightValues::F32(values) => Tensor::from_array((shape, values))?.into_dyn(),
        WeightValues::F16(values) => Tensor::from_array((shape, values))?.into_dyn(),
        WeightValues::I8(values) => Tensor::from_array((shape, values))?.into_dyn(),
    };
    Ok((name, Arc::new(value)))
}

/// Whether ONNX Runtime can use this GPU.
///
/// # Errors
/// [`NoCuda::NoDevice`] if not.
pub fn probe(runtime: &Runtime, device: u32) -> Result<(), EncodeError> {
    let environment = environment(runtime)?;
    let builder = Session::builder(&environment)?;
    let provided = builder.with_execution_providers([cuda::provider(device, None)]);
    match provided {
        Ok(_) => Ok(()),
        Err(error) => Err(NoCuda::NoDevice {
            device,
            reason: error.to_string(),
        }
        .into()),
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
pub struct GraphSession {
    session: Session,
    options: RunOptions<HasSelectedOutputs>,
    inputs: Vec<ModelInput>,
    output: String,
    /// Memory that a GPU writes to directly; `None` on the processor.
    pinned: Option<Allocator>,
}

impl GraphSession {
    /// Runs a batch and hands the output, with `columns` values a text where it is pooled, to `take`.
    pub fn run<T>(
        &mut self,
        batch: &Padded<'_>,
        columns: usize,
        take: impl FnOnce(&Shape, Values<'_>) -> Result<T, EncodeError>,
    ) -> Result<T, EncodeError> {
        let shape = [batch.texts, batch.length];
        let failed = |e: ort::Error| EncodeError::Run {
            texts: batch.texts,
            length: batch.length,
            reason: e.to_string(),
        };
        let mut inputs: Vec<(Cow<'_, str>, SessionInputValue<'_>)> = Vec::new();
        for &input in &self.inputs {
            let value = match input {
                ModelInput::Ids => TensorRef::from_array_view((shape, batch.ids))?.into(),
                ModelInput::Mask => TensorRef::from_array_view((shape, batch.mask))?.into(),
                ModelInput::TokenTypes => {
                    Tensor::from_array((shape, vec![0i64; batch.ids.len()]))?.into()
                }
                ModelInput::Positions => {
                    let row = 0..i64::try_from(batch.length).unwrap_or(i64::MAX);
                    let positions: Vec<i64> = (0..batch.texts).flat_map(|_| row.clone()).collect();
                    Tensor::from_array((shape, positions))?.into()
                }
            };
            inputs.push((input.name().into(), value));
        }
        // Lives as long as the outputs.
        let mut binding;
        let outputs = match &self.pinned {
            None => self
                .session
                .run_with_options(inputs, &self.options)
                .map_err(failed)?,
            Some(pinned) => {
                binding = self.session.create_binding()?;
                for (name, value) in &inputs {
                    binding.bind_input(name.as_ref(), value)?;
                }
                let half = self.session.outputs().iter().any(|output| {
                    output.name() == self.output
                        && output.dtype().tensor_type()
                            == Some(ort::value::TensorElementType::Float16)
                });
                let shape = [batch.texts, columns];
                if half {
                    binding.bind_output(&*self.output, Tensor::<f16>::new(pinned, shape)?)?;
                } else {
                    binding.bind_output(&*self.output, Tensor::<f32>::new(pinned, shape)?)?;
                }
                self.session.run_binding(&binding).map_err(failed)?
            }
        };
        let output = &outputs[self.output.as_str()];
        if let Ok((shape, values)) = output.try_extract_tensor::<f16>() {
            return take(shape, Values::F16(values));
        }
        let (shape, values) = output.try_extract_tensor::<f32>().map_err(failed)?;
        take(shape, Values::F32(values))
    }
}

/// Whether ONNX Runtime failed for want of memory: it has no code of its own for that.
pub fn is_out_of_memory(reason: &str) -> bool {
    let reason = reason.to_ascii_lowercase();
    [
        "out of memory",
        "failed to allocate",
        "bad_alloc",
        "bad allocation",
        "cudaerrormemoryallocation",
    ]
    .iter()
    .any(|sign| reason.contains(sign))
}
