//! A model folder, opened.

use std::path::{Path, PathBuf};
use std::thread::{self, JoinHandle};

use tokenizers::Tokenizer;

use super::architecture::{Architecture, Config};
use super::checkpoint::Checkpoint;
use super::error::ModelError;
use super::fingerprint::Fingerprint;
use super::graph::GraphBuilder;
use super::head::{self, Aggregation};
use super::onnx::{ValueInfoProto, data_type};
use super::pooling::Pooling;
use super::precision::Precision;
use super::splice::{OnnxFile, Output};
use super::transformer::{Encoded, GraphForm, Operators, Transformer, dim};
use super::vocabulary::Vocabulary;
use super::weight::Weight;

/// The longest text by default, in tokens: what BERT-like models are trained for.
const MAX_LENGTH: usize = 512;

/// A model, its tokenizer and its vocabulary.
pub struct Model {
    /// The folder as the user named it.
    pub folder: PathBuf,
    /// Where the weights come from.
    pub source: ModelSource,
    /// The tokenizer, with neither truncation nor padding set.
    pub tokenizer: Tokenizer,
    /// The terms behind the columns.
    pub vocabulary: Vocabulary,
    /// Most tokens of a text, special ones included.
    pub max_length: usize,
    /// What is to be done with logits; of no effect on a graph that gives weights already.
    pub pooling: Pooling,
    files: Vec<PathBuf>,
}

/// What a model folder holds.
pub enum ModelSource {
    /// `config.json` and `*.safetensors`: the graph is built here.
    Checkpoint(Box<CheckpointModel>),
    /// `model.onnx`: the head is put behind its logits.
    Onnx(Box<OnnxModel>),
}

/// A Hugging Face checkpoint of a known architecture.
pub struct CheckpointModel {
    architecture: Architecture,
    checkpoint: Checkpoint,
}

impl CheckpointModel {
    /// True if the decoder is the word embeddings.
    fn tied(&self) -> bool {
        let embeddings = self.checkpoint.get(&self.architecture.word_embeddings);
        embeddings == Some(&self.architecture.decoder.weight)
    }
}

/// How large a model is. Of an exported graph only the last two are known; the others are 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ModelSize {
    /// Width of a hidden state.
    pub hidden: usize,
    /// Attention heads of a layer.
    pub heads: usize,
    /// Width between the two dense layers of a layer.
    pub intermediate: usize,
    /// Values of the layers' matrices.
    pub layer_weights: u64,
    /// Values of the word and position embeddings.
    pub embedding_weights: u64,
    /// Values of the decoder's matrix.
    pub decoder_weights: u64,
    /// True if the decoder is the word embeddings.
    pub tied: bool,
    /// Terms.
    pub vocabulary: usize,
    /// Bytes of an exported graph with its weights.
    pub exported_bytes: u64,
}

/// An exported graph.
pub struct OnnxModel {
    file: OnnxFile,
}

/// An input of the graph, int64 `[B, L]` each.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ModelInput {
    /// `input_ids`
    Ids,
    /// `attention_mask`: 1 for a token, 0 for padding.
    Mask,
    /// `token_type_ids`: all 0.
    TokenTypes,
    /// `position_ids`: 0, 1, 2, ...
    Positions,
}

impl ModelInput {
    /// Its name in the graph.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Ids => "input_ids",
            Self::Mask => "attention_mask",
            Self::TokenTypes => "token_type_ids",
            Self::Positions => "position_ids",
        }
    }
}

/// A graph that ends at the hidden states, and the decoder that comes after it.
pub struct HiddenGraph {
    /// Its output is float32 `[B, L, H]`, after the head's transform.
    pub graph: OnnxGraph,
    /// `[V, H]`, row-major.
    pub decoder: DecoderValues,
    /// `[V]`
    pub bias: Vec<f32>,
    /// `H`
    pub hidden: usize,
}

/// Where the decoder's matrix is.
pub enum DecoderValues {
    /// It is the weight of this name: the word embeddings.
    Weight(String),
    /// In a matrix of its own.
    Own(Vec<f32>),
}

/// A graph for ONNX Runtime.
#[derive(Debug)]
pub struct OnnxGraph {
    /// The serialized `ModelProto`.
    pub bytes: Vec<u8>,
    /// Constants that the bytes declare without their values.
    pub weights: Vec<Weight>,
    /// The folder of the files that the bytes name.
    pub weights_folder: Option<PathBuf>,
    /// What must be given.
    pub inputs: Vec<ModelInput>,
    /// The output that holds the weights, float32 `[B, V]`.
    pub output: String,
}

impl Model {
    /// Opens a Hugging Face checkpoint folder or a folder with an ONNX export. A checkpoint of a known
    /// architecture is preferred to an export beside it.
    ///
    /// # Errors
    /// [`ModelError`] with the file and the remedy.
    pub fn open(folder: &Path) -> Result<Self, ModelError> {
        let tokenizer_path = folder.join("tokenizer.json");
        let missing = |what: &str| ModelError::NotAModelFolder {
            folder: folder.to_owned(),
            missing: what.to_owned(),
        };
        if !folder.is_dir() {
            return Err(missing("the folder itself"));
        }
        if !tokenizer_path.exists() {
            return Err(missing("tokenizer.json"));
        }
        let mut tokenizer = Tokenizer::from_file(&tokenizer_path)
            .map_err(|e| ModelError::broken(&tokenizer_path, e))?;
        tokenizer.with_padding(None);
        tokenizer
            .with_truncation(None)
            .map_err(|e| ModelError::broken(&tokenizer_path, e))?;

        let config_path = folder.join("config.json");
        let config = Config::read(&config_path)?;
        let onnx = ["model.onnx", "onnx/model.onnx"]
            .map(|name| folder.join(name))
            .into_iter()
            .find(|path| path.exists());
        let checkpoint = match &config {
            Some(config) if config.is_known() || onnx.is_none() => Checkpoint::open(folder)?,
            _ => None,
        };
        let (mut pooling, pooling_path) = Pooling::read(folder)?;
        let mut files = vec![tokenizer_path.clone()];
        files.extend(pooling_path);
        let (source, columns, limit) = match (&config, checkpoint, onnx) {
            (Some(config), Some(checkpoint), _) => {
                let architecture = Architecture::new(config, &config_path, &checkpoint)?;
                files.push(config_path);
                files.extend(checkpoint.files.iter().cloned());
                let (columns, limit) = (architecture.vocabulary, architecture.positions);
                let model = CheckpointModel {
                    architecture,
                    checkpoint,
                };
                (ModelSource::Checkpoint(Box::new(model)), columns, limit)
            }
            (config, _, Some(path)) => {
                let file = OnnxFile::open(&path, tokenizer.get_vocab_size(false))?;
                files.push(path);
                files.extend(file.external_files.iter().cloned());
                let (Output::Logits(_, columns) | Output::Weights(_, columns)) = &file.output;
                let columns = columns.unwrap_or_else(|| tokenizer.get_vocab_size(true));
                if matches!(file.output, Output::Weights(..)) {
                    pooling = Pooling::default();
                }
                let limit = config.as_ref().and_then(Config::position_limit);
                let model = OnnxModel { file };
                (
                    ModelSource::Onnx(Box::new(model)),
                    columns,
                    limit.unwrap_or(MAX_LENGTH),
                )
            }
            (None, ..) => return Err(missing("config.json or model.onnx")),
            (Some(_), None, None) => {
                return Err(missing(if folder.join("pytorch_model.bin").exists() {
                    "model.safetensors (pytorch_model.bin is not read; convert it with \
                     save_pretrained(..., safe_serialization=True))"
                } else {
                    "model.safetensors or model.onnx"
                }));
            }
        };
        Ok(Self {
            folder: folder.to_owned(),
            source,
            vocabulary: Vocabulary::new(&tokenizer, columns),
            tokenizer,
            max_length: limit,
            pooling,
            files,
        })
    }

    /// Most tokens of a text when the user does not say: the model's limit, at most 512.
    #[must_use]
    pub fn default_max_length(&self) -> usize {
        self.max_length.min(MAX_LENGTH)
    }

    /// The architecture's name, or `onnx`.
    #[must_use]
    pub fn architecture(&self) -> &'static str {
        match &self.source {
            ModelSource::Checkpoint(model) => model.architecture.name,
            ModelSource::Onnx(_) => "onnx",
        }
    }

    /// True if a text's weights depend on the texts that it is encoded with: the graph quantizes
    /// activations, with one scale a run.
    #[must_use]
    pub fn depends_on_company(&self) -> bool {
        match &self.source {
            ModelSource::Checkpoint(_) => false,
            ModelSource::Onnx(model) => model.file.quantizes_activations,
        }
    }

    /// Its size, for estimates of memory.
    #[must_use]
    pub fn size(&self) -> ModelSize {
        match &self.source {
            ModelSource::Checkpoint(model) => {
                let arch = &model.architecture;
                let (hidden, inner) = (arch.hidden as u64, arch.intermediate as u64);
                let layer = 4 * hidden * hidden + 2 * hidden * inner;
                ModelSize {
                    hidden: arch.hidden,
                    heads: arch.heads,
                    intermediate: arch.intermediate,
                    vocabulary: arch.vocabulary,
                    layer_weights: arch.layers.len() as u64 * layer + hidden * hidden,
                    embedding_weights: (arch.vocabulary + arch.positions) as u64 * hidden,
                    decoder_weights: arch.vocabulary as u64 * hidden,
                    tied: model.tied(),
                    exported_bytes: 0,
                }
            }
            ModelSource::Onnx(_) => ModelSize {
                vocabulary: self.vocabulary.len(),
                exported_bytes: self
                    .files
                    .iter()
                    .filter_map(|file| Some(file.metadata().ok()?.len()))
                    .sum(),
                ..ModelSize::default()
            },
        }
    }

    /// Hashes the files that determine the weights, in a thread of its own.
    ///
    /// The thread ends with [`ModelError`] if one cannot be read.
    #[must_use]
    pub fn fingerprint(&self) -> JoinHandle<Result<Fingerprint, ModelError>> {
        let (folder, files) = (self.folder.clone(), self.files.clone());
        thread::spawn(move || Fingerprint::of(&folder, &files))
    }

    /// The graph with the head for this aggregation.
    ///
    /// # Errors
    /// [`ModelError`] where tensors are missing or have other shapes than `config.json` says, or where
    /// an exported graph is pooled in another way.
    pub fn graph(
        &self,
        aggregation: Aggregation,
        form: GraphForm,
    ) -> Result<OnnxGraph, ModelError> {
        match &self.source {
            ModelSource::Checkpoint(model) => {
                let arch = &model.architecture;
                let (mut graph, encoded) = body(model, form)?;
                head::over_hidden(&mut graph, &encoded, &arch.decoder, aggregation, form)?;
                Ok(finish(model, graph, head::WEIGHTS))
            }
            ModelSource::Onnx(model) => {
                if form.precision != Precision::Fp32 {
                    return Err(ModelError::PrecisionFixed {
                        path: model.file.path.clone(),
                        precision: form.precision,
                    });
                }
                let file = &model.file;
                let (bytes, output) = file.with_head(self.vocabulary.len(), aggregation)?;
                let all = [
                    ModelInput::Ids,
                    ModelInput::Mask,
                    ModelInput::TokenTypes,
                    ModelInput::Positions,
                ];
                Ok(OnnxGraph {
                    bytes,
                    weights: Vec::new(),
                    weights_folder: file.path.parent().map(Path::to_owned),
                    inputs: all
                        .into_iter()
                        .filter(|input| file.inputs.iter().any(|name| name == input.name()))
                        .collect(),
                    output,
                })
            }
        }
    }

    /// The graph without a head, in plain operators, for [`crate::screened_head::ScreenedHead`]; `None` for an
    /// exported graph. `precision` is fp32 or int8: nothing computes half precision in plain operators.
    ///
    /// # Errors
    /// As [`Model::graph`].
    pub fn hidden_graph(&self, precision: Precision) -> Result<Option<HiddenGraph>, ModelError> {
        let ModelSource::Checkpoint(model) = &self.source else {
            return Ok(None);
        };
        let arch = &model.architecture;
        let form = GraphForm {
            precision,
            operators: Operators::Plain,
        };
        let (mut graph, encoded) = body(model, form)?;
        let dims = [Err("batch"), Err("length"), Ok(dim(arch.hidden))];
        let info = ValueInfoProto::tensor(HIDDEN, data_type::FLOAT, &dims);
        graph.output(&encoded.hidden, info);
        let decoder = &arch.decoder;
        Ok(Some(HiddenGraph {
            decoder: if model.tied() {
                DecoderValues::Weight(encoded.word_embeddings)
            } else {
                DecoderValues::Own(decoder.weight.read()?)
            },
            graph: finish(model, graph, HIDDEN),
            bias: match &decoder.bias {
                Some(bias) => bias.read()?,
                None => vec![0.0; arch.vocabulary],
            },
            hidden: arch.hidden,
        }))
    }
}

/// Name of the output of a graph without a head.
const HIDDEN: &str = "hidden_states";

fn body(model: &CheckpointModel, form: GraphForm) -> Result<(GraphBuilder, Encoded), ModelError> {
    let mut transformer = Transformer::new(&model.checkpoint, &model.architecture, form);
    let encoded = transformer.build()?;
    Ok((transformer.graph, encoded))
}

fn finish(model: &CheckpointModel, graph: GraphBuilder, output: &str) -> OnnxGraph {
    let (bytes, weights) = graph.finish();
    OnnxGraph {
        bytes,
        weights,
        weights_folder: model.checkpoint.first_folder(),
        inputs: vec![ModelInput::Ids, ModelInput::Mask],
        output: output.to_owned(),
    }
}
