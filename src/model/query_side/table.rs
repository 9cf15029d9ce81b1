//! Weights of queries from a table, without a model.

use std::collections::HashMap;
use std::path::Path;

use fs_err as fs;
use safetensors::{Dtype, SafeTensors};
use tokenizers::Tokenizer;

use crate::model::error::ModelError;
use crate::model::weights::pickle::read_pickled_tensors;

/// The largest table that is read: a million terms as text.
const MAX_BYTES: u64 = 128 << 20;
/// The name of the weights where sentence-transformers saves them.
const TENSOR: &str = "weight";

/// The weight that each term has in every query in which it is.
#[derive(Debug, Clone, PartialEq)]
pub struct QueryTable {
    weights: Vec<f32>,
}

impl QueryTable {
    /// Gives each of `columns` terms the weight 1.
    #[must_use]
    pub fn ones(columns: usize) -> Self {
        Self {
            weights: vec![1.0; columns],
        }
    }

    /// Reads a table: `*.json` (term to weight), `*.safetensors` or `*.bin` (the tensor `weight`, one value a
    /// token id), or lines of term, tab and weight. Terms without an entry have no weight.
    ///
    /// # Errors
    /// [`ModelError::Broken`] if it is damaged, or belongs to another tokenizer.
    pub fn open(path: &Path, tokenizer: &Tokenizer, columns: usize) -> Result<Self, ModelError> {
        let length = fs::metadata(path).map_err(|e| ModelError::broken(path, e))?;
        if length.len() > MAX_BYTES {
            return Err(ModelError::broken(path, "too large for a table of terms"));
        }
        let weights = match path.extension().and_then(|ending| ending.to_str()) {
            Some("json") => from_json(path).and_then(|terms| by_id(terms, tokenizer, columns)),
            Some("safetensors") => from_safetensors(path),
            Some("bin" | "pt") => from_pickle(path),
            _ => from_lines(path).and_then(|terms| by_id(terms, tokenizer, columns)),
        };
        let weights = weights.map_err(|reason| ModelError::broken(path, reason))?;
        check(&weights, columns).map_err(|reason| ModelError::broken(path, reason))?;
        Ok(Self { weights })
    }

    /// Returns the weight of a term; 0 where it has none.
    #[must_use]
    pub fn weight(&self, term: u32) -> f32 {
        self.weights.get(term as usize).copied().unwrap_or(0.0)
    }

    /// Takes the weight from the terms for which `is_left_out` holds.
    pub fn leave_out(&mut self, is_left_out: impl Fn(u32) -> bool) {
        for (id, weight) in (0..).zip(&mut self.weights) {
            if is_left_out(id) {
                *weight = 0.0;
            }
        }
    }

    /// Returns the number of terms that have a weight.
    #[must_use]
    pub fn len(&self) -> usize {
        self.weights.iter().filter(|&&weight| weight > 0.0).count()
    }

    /// Returns true if no term has a weight.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

fn check(weights: &[f32], columns: usize) -> Result<(), String> {
    if weights.len() > columns {
        return Err(format!(
            "it has {} weights, the model {columns} terms; they do not belong together",
            weights.len()
        ));
    }
    match weights.iter().position(|weight| !weight.is_finite()) {
        Some(id) => Err(format!("the weight of term {id} is not finite")),
        None if weights.iter().all(|&weight| weight <= 0.0) => {
            Err("no term has a positive weight".into())
        }
        None => Ok(()),
    }
}

/// Puts the weights where the tokenizer has the terms.
fn by_id(
    terms: HashMap<String, f32>,
    tokenizer: &Tokenizer,
    columns: usize,
) -> Result<Vec<f32>, String> {
    let mut weights = vec![0.0; columns];
    let mut known = 0;
    for (term, weight) in &terms {
        let id = tokenizer.token_to_id(term);
        if let Some(slot) = id.and_then(|id| weights.get_mut(id as usize)) {
            *slot = *weight;
            known += 1;
        }
    }
    // A few entries more than terms are no harm; many mean another vocabulary.
    if known * 2 < terms.len() {
        return Err(format!(
            "the tokenizer knows {known} of its {} terms; they do not belong together",
            terms.len()
        ));
    }
    Ok(weights)
}

fn from_json(path: &Path) -> Result<HashMap<String, f32>, String> {
    let bytes = fs::read(path).map_err(|e| e.to_string())?;
    serde_json::from_slice(&bytes).map_err(|e| format!("not a map from terms to weights: {e}"))
}

fn from_lines(path: &Path) -> Result<HashMap<String, f32>, String> {
    let text = fs::read_to_string(path).map_err(|e| e.to_string())?;
    let lines = text.lines().enumerate();
    lines
        .filter(|(_, line)| !line.trim().is_empty())
        .map(|(number, line)| {
            let (term, weight) = line.rsplit_once('\t').unwrap_or_default();
            let weight = weight.trim().parse().ok().filter(|_| !term.is_empty());
            let weight = weight
                .ok_or_else(|| format!("line {} is not a term, a tab and a weight", number + 1))?;
            Ok((term.to_owned(), weight))
        })
        .collect()
}

fn from_safetensors(path: &Path) -> Result<Vec<f32>, String> {
    let bytes = fs::read(path).map_err(|e| e.to_string())?;
    let tensors = SafeTensors::deserialize(&bytes).map_err(|e| e.to_string())?;
    let tensor = tensors
        .tensor(TENSOR)
        .map_err(|_| format!("there is no tensor \"{TENSOR}\""))?;
    is_flat(tensor.shape())?;
    let data = tensor.data();
    match tensor.dtype() {
        Dtype::F32 => Ok(data
            .as_chunks()
            .0
            .iter()
            .map(|&b| f32::from_le_bytes(b))
            .collect()),
        Dtype::F16 => Ok(data
            .as_chunks()
            .0
            .iter()
            .map(|&b| half::f16::from_le_bytes(b).to_f32())
            .collect()),
        Dtype::BF16 => Ok(data
            .as_chunks()
            .0
            .iter()
            .map(|&b| half::bf16::from_le_bytes(b).to_f32())
            .collect()),
        other => Err(format!(
            "the tensor \"{TENSOR}\" is of the type {other}, not a float"
        )),
    }
}

fn from_pickle(path: &Path) -> Result<Vec<f32>, String> {
    let tensors = read_pickled_tensors(path).map_err(|e| e.to_string())?;
    let tensor = tensors.iter().find(|(name, _)| name == TENSOR);
    let (_, tensor) = tensor.ok_or_else(|| format!("there is no tensor \"{TENSOR}\""))?;
    is_flat(&tensor.shape)?;
    tensor.read().map_err(|e| e.to_string())
}

/// Fails for a tensor that has more than one dimension of more than one entry.
fn is_flat(shape: &[usize]) -> Result<(), String> {
    match shape.iter().filter(|&&size| size != 1).count() {
        0 | 1 => Ok(()),
        _ => Err(format!(
            "the tensor \"{TENSOR}\" has the shape {shape:?}, not one value a term"
        )),
    }
}
