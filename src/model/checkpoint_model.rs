//! A checkpoint of a known architecture, from which graphs are built.

use super::architecture::{self, Architecture, Source};
use super::blocks::{Encoded, EncoderBuilder, Head, dim};
use super::config::Config;
use super::error::ModelError;
use super::form::GraphForm;
use super::head::{self, Aggregation};
use super::onnx::{ValueInfoProto, data_type};
use super::onnx_graph::{DecoderValues, GraphOutput, HiddenGraph, ModelInput, OnnxGraph};
use super::size::ModelSize;
use super::weights::Checkpoint;

/// Name of the output of a graph without a head.
const HIDDEN: &str = "hidden_states";

/// A Hugging Face checkpoint of a known architecture.
pub struct CheckpointModel {
    model_type: &'static str,
    architecture: Box<dyn Architecture>,
    checkpoint: Checkpoint,
}

impl CheckpointModel {
    pub(super) fn open(config: &Config, checkpoint: Checkpoint) -> Result<Self, ModelError> {
        let Some(family) = architecture::family(config) else {
            return Err(architecture::unknown(config));
        };
        let source = Source {
            config,
            checkpoint: &checkpoint,
        };
        Ok(Self {
            model_type: family.model_type,
            architecture: (family.open)(&source)?,
            checkpoint,
        })
    }

    pub(super) fn model_type(&self) -> &'static str {
        self.model_type
    }

    /// Returns the number of tokens that a text may have.
    pub(super) fn positions(&self) -> usize {
        self.architecture.positions()
    }

    pub(super) fn is_text_by_text(&self) -> bool {
        // A head in the graph rounds in a way that depends on the batch's size.
        matches!(self.architecture.head(), Head::MaskedLm(..))
            && self.architecture.is_text_by_text()
    }

    pub(super) fn size(&self) -> ModelSize {
        ModelSize {
            tied: self.architecture.is_tied(),
            ..self.architecture.size()
        }
    }

    /// Builds the graph with the head for this aggregation.
    pub(super) fn graph(
        &self,
        aggregation: Aggregation,
        form: GraphForm,
    ) -> Result<OnnxGraph, ModelError> {
        let (mut builder, encoded) = self.encoder(form)?;
        let output = match self.architecture.head() {
            Head::MaskedLm(_, decoder) => {
                head::over_hidden(&mut builder.graph, &encoded, decoder, aggregation, form)?
            }
            Head::TokenWeights(dense) => {
                if aggregation == Aggregation::Sum {
                    let folder = self.checkpoint.folder().to_owned();
                    return Err(ModelError::SumOfTokenWeights { folder });
                }
                let vocabulary = self.size().vocabulary;
                head::over_tokens(&mut builder, &encoded, dense, vocabulary)?
            }
        };
        Ok(self.finish(builder, output))
    }

    /// Builds the graph without a head; `None` where there is no decoder.
    pub(super) fn hidden_graph(&self, form: GraphForm) -> Result<Option<HiddenGraph>, ModelError> {
        let Head::MaskedLm(_, decoder) = self.architecture.head() else {
            return Ok(None);
        };
        let (mut builder, encoded) = self.encoder(form)?;
        let [vocabulary, hidden] = decoder.weight.shape[..] else {
            unreachable!("a decoder is a matrix")
        };
        let dims = [Err("batch"), Err("length"), Ok(dim(hidden))];
        let info = ValueInfoProto::tensor(HIDDEN, data_type::FLOAT, &dims);
        builder.graph.output(&encoded.hidden, info);
        Ok(Some(HiddenGraph {
            decoder: if self.architecture.is_tied() {
                DecoderValues::Weight(encoded.word_embeddings)
            } else {
                DecoderValues::Own(decoder.weight.read()?)
            },
            graph: self.finish(builder, GraphOutput::Dense(HIDDEN.to_owned())),
            bias: match &decoder.bias {
                Some(bias) => bias.read()?,
                None => vec![0.0; vocabulary],
            },
            hidden,
        }))
    }

    fn encoder(&self, form: GraphForm) -> Result<(EncoderBuilder, Encoded), ModelError> {
        let mut builder = EncoderBuilder::new(form, self.checkpoint.first_file_name());
        let encoded = self.architecture.build(&mut builder)?;
        Ok((builder, encoded))
    }

    fn finish(&self, builder: EncoderBuilder, output: GraphOutput) -> OnnxGraph {
        let (bytes, weights) = builder.graph.finish();
        OnnxGraph {
            bytes,
            weights,
            linked_files: Vec::new(),
            weights_folder: self.checkpoint.first_folder(),
            inputs: vec![ModelInput::Ids, ModelInput::Mask],
            output,
        }
    }
}
