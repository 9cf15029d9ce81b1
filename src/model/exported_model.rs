//! An exported graph, used as it is.

use std::path::Path;

use super::error::ModelError;
use super::form::GraphForm;
use super::head::Aggregation;
use super::onnx_graph::{ModelInput, OnnxGraph};
use super::precision::Precision;
use super::splice::{OnnxFile, Output};

/// An exported graph.
pub struct OnnxModel {
    pub(super) file: OnnxFile,
}

impl OnnxModel {
    /// Returns the number of columns, where the file says it.
    pub(super) fn columns(&self) -> Option<usize> {
        match &self.file.output {
            Output::Logits(_, columns) | Output::Weights(_, columns) => *columns,
            Output::Entries { .. } => None,
        }
    }

    /// Returns true if the graph gives weights, not logits.
    pub(super) fn is_pooled(&self) -> bool {
        !matches!(self.file.output, Output::Logits(..))
    }

    /// Returns true if texts must be encoded one by one: the graph derives a scale from all that is in a
    /// run, or has no place for more than one text in its output.
    pub(super) fn is_batch_dependent(&self) -> bool {
        self.file.quantizes_activations || matches!(self.file.output, Output::Entries { .. })
    }

    /// Puts the head for this aggregation behind the graph's logits.
    pub(super) fn graph(
        &self,
        columns: usize,
        aggregation: Aggregation,
        form: GraphForm,
    ) -> Result<OnnxGraph, ModelError> {
        let file = &self.file;
        if form.precision != Precision::Fp32 {
            return Err(ModelError::PrecisionFixed {
                path: file.path.clone(),
                precision: form.precision,
            });
        }
        let (bytes, output) = file.with_head(columns, aggregation)?;
        let is_input = |input: &ModelInput| file.inputs.iter().any(|name| name == input.name());
        Ok(OnnxGraph {
            bytes,
            weights: Vec::new(),
            linked_files: file
                .external_files
                .iter()
                .filter(|file| file.is_linked)
                .map(|file| (file.location.clone(), file.path.clone()))
                .collect(),
            weights_folder: file.path.parent().map(Path::to_owned),
            inputs: ModelInput::ALL.into_iter().filter(is_input).collect(),
            output,
        })
    }
}
