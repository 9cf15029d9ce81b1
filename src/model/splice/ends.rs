//! The inputs and the output of an ONNX file.

use std::path::Path;

use super::header::GraphHeader;
use crate::model::error::ModelError;
use crate::model::onnx::data_type;
use crate::quote::Name;

/// No vocabulary is nearly as large: a file that claims more is broken, and would only fill memory.
const MAX_COLUMNS: usize = 1 << 21;

/// What an ONNX file computes.
#[derive(Debug, PartialEq, Eq)]
pub enum Output {
    /// `[B, L, V]`, with `V` where the file says it.
    Logits(String, Option<usize>),
    /// `[B, V]`, already pooled.
    Weights(String, Option<usize>),
    /// The terms of one text that have a weight, and their weights (Anserini's exports).
    Entries { terms: String, weights: String },
}

/// The outputs of Anserini's exports.
const ENTRIES: [&str; 2] = ["output_idx", "output_weights"];

/// Returns the names of the inputs that must be given.
pub fn inputs(graph: &GraphHeader, path: &Path) -> Result<Vec<String>, ModelError> {
    let mut names = Vec::new();
    for input in &graph.input {
        let name = input.name.clone().unwrap_or_default();
        // In old files the weights are listed as inputs too.
        if graph
            .initializer
            .iter()
            .any(|i| i.name.as_ref() == Some(&name))
        {
            continue;
        }
        let detail = match name.as_str() {
            "input_ids" | "attention_mask" | "token_type_ids" | "position_ids" => {
                (input.elem_type() != data_type::INT64).then_some("its elements are not int64")
            }
            _ => Some("its meaning is not known"),
        };
        if let Some(detail) = detail {
            return Err(ModelError::UnknownInput {
                path: path.to_owned(),
                name,
                detail,
            });
        }
        names.push(name);
    }
    for needed in ["input_ids", "attention_mask"] {
        if !names.iter().any(|name| name == needed) {
            return Err(ModelError::broken(
                path,
                format!("the graph has no input \"{needed}\""),
            ));
        }
    }
    Ok(names)
}

/// Finds the output with logits or weights; `vocabulary` is the size of the tokenizer's.
pub fn output(graph: &GraphHeader, path: &Path, vocabulary: usize) -> Result<Output, ModelError> {
    let has = |name: &&str| graph.output.iter().any(|output| output.name() == *name);
    if ENTRIES.iter().all(has) {
        let [terms, weights] = ENTRIES.map(str::to_owned);
        return Ok(Output::Entries { terms, weights });
    }
    let mut pooled = None;
    let mut described = Vec::new();
    for info in &graph.output {
        let name = info.name.clone().unwrap_or_default();
        let dims = info.dims();
        described.push(format!("{} {}", Name(&name), describe(dims.as_deref())));
        let Some(dims) = dims else { continue };
        let last = dims.last().copied().flatten();
        let columns = last.and_then(|dim| usize::try_from(dim).ok());
        // Some models pad the vocabulary to a round number, none cuts it.
        let fits = columns.is_some_and(|columns| (vocabulary..=MAX_COLUMNS).contains(&columns));
        match dims.len() {
            3 if fits || (columns.is_none() && name == "logits") => {
                return Ok(Output::Logits(name, columns));
            }
            2 if fits && pooled.is_none() => pooled = Some(Output::Weights(name, columns)),
            _ => {}
        }
    }
    pooled.ok_or_else(|| ModelError::NoUsableOutput {
        path: path.to_owned(),
        vocabulary,
        outputs: described.join(", "),
    })
}

fn describe(dims: Option<&[Option<i64>]>) -> String {
    let Some(dims) = dims else {
        return "of unknown shape".into();
    };
    let dims: Vec<_> = dims
        .iter()
        .map(|dim| dim.map_or_else(|| "?".into(), |dim| dim.to_string()))
        .collect();
    format!("[{}]", dims.join(", "))
}
