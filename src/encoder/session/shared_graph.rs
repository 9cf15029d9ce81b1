//! A graph whose sessions share their weights.

use std::path::PathBuf;
use std::sync::Arc;

use ort::environment::Environment;
use ort::session::Session;
use ort::session::builder::{GraphOptimizationLevel, PrepackedWeights, SessionBuilder};
use ort::value::{DynValue, Tensor};

use super::super::device::Device;
use super::super::error::{EncodeError, NoCuda};
use super::super::runtime::Runtime;
use super::cuda;
use super::environment::environment;
use super::graph_session::GraphSession;
use super::own_operators;
use crate::model::{ModelError, OnnxGraph, Weight, WeightValues};

/// A graph of which sessions are made. They share its weights, also in the form in which ONNX Runtime
/// packs them for its kernels.
pub struct SharedGraph {
    environment: Environment,
    graph: OnnxGraph,
    weights: Vec<(String, Arc<DynValue>)>,
    /// Files of weights that ONNX Runtime would not read where they lie.
    files: Vec<(String, Arc<[u8]>)>,
    packed: PrepackedWeights,
    device: Device,
    memory_limit: Option<usize>,
}

/// A weight of a graph, float32.
pub struct SharedValues(Arc<DynValue>);

impl AsRef<[f32]> for SharedValues {
    fn as_ref(&self) -> &[f32] {
        // `SharedGraph::values` makes it of float32 only.
        let values = self.0.try_extract_tensor::<f32>();
        values.map_or(&[], |(_, values)| values)
    }
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
                "the graph with its weights is over 2 GB, the most that protobuf holds; choose `precision` fp16"
                    .to_owned(),
            ));
        }
        let environment = environment(runtime)?;
        let weights = std::mem::take(&mut graph.weights);
        let files = std::mem::take(&mut graph.linked_files);
        Ok(Self {
            environment,
            files: files.into_iter().map(read).collect::<Result<_, _>>()?,
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

    /// Returns the weight of this name if it is float32.
    pub fn values(&self, name: &str) -> Option<SharedValues> {
        let (_, value) = self.weights.iter().find(|(known, _)| known == name)?;
        value.try_extract_tensor::<f32>().ok()?;
        Some(SharedValues(Arc::clone(value)))
    }

    /// Makes a session for one thread.
    pub fn session(&self) -> Result<GraphSession, EncodeError> {
        let mut builder = self.builder()?;
        if let Some(domain) = own_operators::domain()? {
            builder = builder.with_operators(domain)?;
        }
        for (name, value) in &self.weights {
            builder = builder.with_initializer(name, Arc::clone(value))?;
        }
        for (name, bytes) in &self.files {
            builder = builder.with_external_initializer_file_in_memory(name, Arc::clone(bytes))?;
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
        GraphSession::new(
            session,
            self.graph.inputs.clone(),
            self.graph.output.clone(),
        )
    }

    /// Returns a builder of sessions on the device that use one thread.
    fn builder(&self) -> Result<SessionBuilder, EncodeError> {
        let cpu = ort::ep::CPU::default().with_arena_allocator(false).build();
        let mut providers = vec![cpu];
        if let Device::Cuda(number) = self.device {
            providers.insert(0, cuda::provider(number, self.memory_limit));
        }
        let builder = Session::builder(&self.environment)?
            .with_intra_threads(1)?
            .with_inter_threads(1)?
            .with_optimization_level(GraphOptimizationLevel::All)?
            // Shapes vary from batch to batch: a pattern learnt from one would only hold memory.
            .with_memory_pattern(false)?;
        builder.with_execution_providers(&providers).map_err(|e| {
            let reason = e.to_string();
            match self.device {
                Device::Cpu => EncodeError::Session(reason),
                Device::Cuda(device) => NoCuda::refused(device, reason).into(),
            }
        })
    }
}

/// Reads a file of weights.
fn read((name, path): (String, PathBuf)) -> Result<(String, Arc<[u8]>), EncodeError> {
    match fs_err::read(&path) {
        Ok(bytes) => Ok((name, bytes.into())),
        Err(error) => Err(ModelError::broken(&path, error.to_string()).into()),
    }
}

/// Moves a weight into a value of ONNX Runtime.
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
