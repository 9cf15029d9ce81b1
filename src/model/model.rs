//! A model folder, opened.

use std::path::{Path, PathBuf};
use std::thread::{self, JoinHandle};

use tokenizers::Tokenizer;

use super::architecture;
use super::checkpoint_model::CheckpointModel;
use super::config::Config;
use super::error::ModelError;
use super::exported_model::OnnxModel;
use super::fingerprint::Fingerprint;
use super::form::{GraphForm, Operators};
use super::head::Aggregation;
use super::layout::{ModelFiles, Pooling, StatedLength, read_max_length};
use super::onnx_graph::{HiddenGraph, OnnxGraph};
use super::precision::Precision;
use super::query_side::Sides;
use super::size::ModelSize;
use super::splice::OnnxFile;
use super::tokenizer::open_tokenizer;
use super::vocabulary::Vocabulary;
use super::weights::Checkpoint;

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
    /// Most bytes that the tokenizer's normalizer makes of one byte of a text.
    pub text_expansion: u64,
    /// The terms behind the columns.
    pub vocabulary: Vocabulary,
    /// Most tokens of a text, special ones included.
    pub max_length: usize,
    /// Tokens of a text for which the model was trained, where the folder says it.
    pub stated_max_length: Option<StatedLength>,
    /// What is to be done with logits; of no effect on a graph that gives weights already.
    pub pooling: Pooling,
    files: Vec<PathBuf>,
}

/// What a model folder holds.
pub enum ModelSource {
    /// `config.json` and weights: the graph is built here.
    Checkpoint(Box<CheckpointModel>),
    /// `model.onnx`: the head is put behind its logits.
    Onnx(Box<OnnxModel>),
}

/// What is read of a folder beside the tokenizer.
struct Contents {
    source: ModelSource,
    columns: usize,
    max_length: usize,
    /// The files that determine the weights.
    files: Vec<PathBuf>,
}

impl Model {
    /// Opens a Hugging Face checkpoint folder or a folder with an ONNX export. A checkpoint of a known
    /// architecture is preferred to an export beside it. Of a folder with one model for documents and
    /// another for queries, that for documents is opened.
    ///
    /// # Errors
    /// [`ModelError`] with the file and the remedy.
    pub fn open(folder: &Path) -> Result<Self, ModelError> {
        let documents = Sides::find(folder)?.documents;
        let found = ModelFiles::find(&documents)?;
        let mut opened = found.folders().map(open_tokenizer);
        let opened = opened.find_map(Result::transpose).transpose()?;
        let opened = opened.ok_or_else(|| found.missing("tokenizer.json or vocab.txt"))?;
        let text_expansion = opened.expansion;
        let (tokenizer, mut files) = (opened.tokenizer, opened.files);
        let contents = Contents::read(&found, &tokenizer)?;
        let (mut pooling, pooling_path) = Pooling::read(&found)?;
        if matches!(&contents.source, ModelSource::Onnx(model) if model.is_pooled()) {
            pooling = Pooling::default();
        }
        let vocabulary = Vocabulary::new(&tokenizer, contents.columns)
            .map_err(|reason| ModelError::broken(&files[0], reason))?;
        files.extend(pooling_path);
        files.extend(contents.files);
        Ok(Self {
            folder: folder.to_owned(),
            source: contents.source,
            vocabulary,
            tokenizer,
            text_expansion,
            max_length: contents.max_length,
            stated_max_length: read_max_length(&found)?,
            pooling,
            files,
        })
    }

    /// Returns the number of tokens of a text when the user does not say: what the folder states, else at
    /// most 512, and never more than the model has positions for.
    #[must_use]
    pub fn default_max_length(&self) -> usize {
        let stated = self.stated_max_length.as_ref();
        self.max_length
            .min(stated.map_or(MAX_LENGTH, |stated| stated.tokens))
    }

    /// Returns the architecture's name, or `onnx`.
    #[must_use]
    pub fn architecture(&self) -> &'static str {
        match &self.source {
            ModelSource::Checkpoint(model) => model.model_type(),
            ModelSource::Onnx(_) => "onnx",
        }
    }

    /// Returns true if a text's weights depend on the texts that it is encoded with, so that it must be
    /// encoded alone: the graph quantizes activations with one scale for a run, or gives the weights of one
    /// text only, or rounds what is quantized next in a way that depends on the batch's size.
    #[must_use]
    pub fn is_batch_dependent(&self, form: GraphForm, aggregation: Aggregation) -> bool {
        match &self.source {
            ModelSource::Checkpoint(model) => {
                let by_text = form.operators == Operators::Own
                    && aggregation == Aggregation::Max
                    && model.is_text_by_text();
                form.precision == Precision::Int8 && !by_text
            }
            ModelSource::Onnx(model) => model.is_batch_dependent(),
        }
    }

    /// Returns the model's size, for estimates of memory.
    #[must_use]
    pub fn size(&self) -> ModelSize {
        match &self.source {
            ModelSource::Checkpoint(model) => model.size(),
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

    /// Returns the graph with the head for this aggregation.
    ///
    /// # Errors
    /// [`ModelError`] where weights cannot be read, or where an exported graph is pooled in another way.
    pub fn graph(
        &self,
        aggregation: Aggregation,
        form: GraphForm,
    ) -> Result<OnnxGraph, ModelError> {
        match &self.source {
            ModelSource::Checkpoint(model) => model.graph(aggregation, form),
            ModelSource::Onnx(model) => model.graph(self.vocabulary.len(), aggregation, form),
        }
    }

    /// Returns the graph without a head, in plain operators, for
    /// [`crate::screened_head::ScreenedHead`]; `None` for an
    /// exported graph and for a model without a decoder. `precision` is fp32 or int8:
    /// nothing computes half precision in plain operators.
    ///
    /// # Errors
    /// As [`Model::graph`].
    pub fn hidden_graph(&self, form: GraphForm) -> Result<Option<HiddenGraph>, ModelError> {
        match &self.source {
            ModelSource::Checkpoint(model) => model.hidden_graph(form),
            ModelSource::Onnx(_) => Ok(None),
        }
    }
}

impl Contents {
    /// Reads the checkpoint, or the exported graph where there is none that is known.
    fn read(found: &ModelFiles, tokenizer: &Tokenizer) -> Result<Self, ModelError> {
        let config = Config::read(&found.config)?;
        let is_known = |config| architecture::family(config).is_some();
        let checkpoint = match &config {
            Some(config) if is_known(config) || found.onnx.is_none() => {
                Checkpoint::open(&found.weights)?
            }
            _ => None,
        };
        match (config, checkpoint, &found.onnx) {
            (Some(config), Some(checkpoint), _) => Self::checkpoint(&config, checkpoint),
            (config, _, Some(path)) => Self::exported(config.as_ref(), path, tokenizer),
            (None, ..) => Err(found.missing("config.json or model.onnx")),
            (Some(_), None, None) => {
                Err(found.missing("model.safetensors, pytorch_model.bin or model.onnx"))
            }
        }
    }

    fn checkpoint(config: &Config, checkpoint: Checkpoint) -> Result<Self, ModelError> {
        let mut files = vec![config.path().to_owned()];
        files.extend(checkpoint.files.iter().cloned());
        let model = CheckpointModel::open(config, checkpoint)?;
        Ok(Self {
            columns: model.size().vocabulary,
            max_length: model.positions(),
            source: ModelSource::Checkpoint(Box::new(model)),
            files,
        })
    }

    fn exported(
        config: Option<&Config>,
        path: &Path,
        tokenizer: &Tokenizer,
    ) -> Result<Self, ModelError> {
        let file = OnnxFile::open(path, tokenizer.get_vocab_size(false))?;
        let mut files = vec![path.to_owned()];
        let beside = path.parent().unwrap_or(Path::new(""));
        let external = file.external_files.iter();
        files.extend(external.map(|file| beside.join(&file.location)));
        let model = OnnxModel { file };
        Ok(Self {
            columns: model
                .columns()
                .unwrap_or_else(|| tokenizer.get_vocab_size(true)),
            max_length: match config {
                Some(config) => architecture::positions(config)?,
                None => None,
            }
            .unwrap_or(MAX_LENGTH),
            source: ModelSource::Onnx(Box::new(model)),
            files,
        })
    }
}
