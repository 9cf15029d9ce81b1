//! A Hugging Face checkpoint: where each tensor lies in which file.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use fs_err as fs;
use serde::Deserialize;

use super::pickle::read_pickled_tensors;
use super::safetensors::read_header;
use super::tensor::Tensor;
use crate::model::error::ModelError;
use crate::quote::Quoted;

/// All tensors of a checkpoint, in one file or in shards.
#[derive(Debug)]
pub struct Checkpoint {
    /// The weight files as they are named in the model folder.
    pub files: Vec<PathBuf>,
    /// The first of them, links resolved: in the Hugging Face cache files are links to blobs.
    first_file: PathBuf,
    folder: PathBuf,
    tensors: HashMap<String, Tensor>,
}

/// The file that torch writes.
const PICKLE: &str = "pytorch_model.bin";

/// The name here of the layer that gives each token one weight, and the file that has it beside the
/// checkpoint (BAAI/bge-m3).
pub const TOKEN_WEIGHTS: &str = "sparse_linear";
const TOKEN_WEIGHTS_FILE: &str = "sparse_linear.pt";

/// `model.safetensors.index.json` and `pytorch_model.bin.index.json`
#[derive(Deserialize)]
struct ShardIndex {
    weight_map: HashMap<String, String>,
}

impl Checkpoint {
    /// Reads where the tensors of `model.safetensors` lie, or of the shards in its index, or of
    /// `pytorch_model.bin` in the same way; `None` if there is none of these.
    pub fn open(folder: &Path) -> Result<Option<Self>, ModelError> {
        let Some(mut files) = files(folder)? else {
            return Ok(None);
        };
        let mut tensors = HashMap::new();
        for file in &files {
            read_tensors(file, &mut tensors)?;
        }
        let beside = folder.join(TOKEN_WEIGHTS_FILE);
        if beside.exists() {
            let mut layer = HashMap::new();
            read_tensors(&beside, &mut layer)?;
            let layer = layer.into_iter();
            tensors.extend(layer.map(|(name, tensor)| (format!("{TOKEN_WEIGHTS}.{name}"), tensor)));
            files.push(beside);
        }
        let first_file =
            fs::canonicalize(&files[0]).map_err(|e| ModelError::broken(&files[0], e))?;
        Ok(Some(Self {
            first_file,
            files,
            folder: folder.to_owned(),
            tensors,
        }))
    }

    /// Returns the folder of the first weight file.
    pub fn first_folder(&self) -> Option<PathBuf> {
        self.first_file.parent().map(Path::to_owned)
    }

    /// Returns the name of the first weight file in that folder.
    pub fn first_file_name(&self) -> String {
        let name = self.first_file.file_name().unwrap_or_default();
        name.to_string_lossy().into_owned()
    }

    /// Returns the model's folder.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Returns the tensor of this name and shape.
    pub fn tensor(&self, name: &str, shape: &[usize]) -> Result<Tensor, ModelError> {
        let tensor = self.get(name).ok_or_else(|| self.missing(name))?;
        if tensor.shape != shape {
            return Err(ModelError::broken(
                &self.files[0],
                format!(
                    "tensor {} has the shape {:?}, where config.json makes it {shape:?}",
                    Quoted(name),
                    tensor.shape
                ),
            ));
        }
        Ok(tensor.clone())
    }

    /// Returns the tensor of this name, if there is one.
    pub fn get(&self, name: &str) -> Option<&Tensor> {
        self.tensors.get(name)
    }

    /// Returns the number of tensors.
    pub fn len(&self) -> usize {
        self.tensors.len()
    }

    /// Returns the first of these names that exists.
    pub fn first_of<'a>(&self, names: &[&'a str]) -> Option<&'a str> {
        names.iter().copied().find(|name| self.get(name).is_some())
    }

    /// Returns the error for a tensor that is not there.
    pub fn missing(&self, name: &str) -> ModelError {
        ModelError::broken(
            &self.files[0],
            format!("there is no tensor {}", Quoted(name)),
        )
    }

    /// Returns the error for a checkpoint without a masked-language-model head.
    pub fn no_head(&self, detail: String) -> ModelError {
        ModelError::NoMaskedLmHead {
            folder: self.folder.clone(),
            detail,
        }
    }
}

/// Returns the weight files of a folder; `None` if there are none.
fn files(folder: &Path) -> Result<Option<Vec<PathBuf>>, ModelError> {
    for name in ["model.safetensors", PICKLE] {
        let single = folder.join(name);
        if single.exists() {
            return Ok(Some(vec![single]));
        }
        let index = folder.join(format!("{name}.index.json"));
        if index.exists() {
            return shards(folder, &index).map(Some);
        }
    }
    Ok(None)
}

fn read_tensors(file: &Path, tensors: &mut HashMap<String, Tensor>) -> Result<(), ModelError> {
    if file.extension().is_some_and(|name| name == "safetensors") {
        return read_header(file, tensors).map_err(|e| ModelError::broken(file, e));
    }
    let pickled = read_pickled_tensors(file).map_err(|e| ModelError::broken(file, e))?;
    let floats = pickled.into_iter().filter(|(_, t)| t.kind.is_float());
    tensors.extend(floats.map(|(name, tensor)| (name, tensor.into())));
    Ok(())
}

fn shards(folder: &Path, index: &Path) -> Result<Vec<PathBuf>, ModelError> {
    let text = fs::read(index).map_err(|e| ModelError::broken(index, e))?;
    let map: ShardIndex =
        serde_json::from_slice(&text).map_err(|e| ModelError::broken(index, e))?;
    let mut names: Vec<_> = map.weight_map.into_values().collect();
    names.sort();
    names.dedup();
    if names.is_empty() {
        return Err(ModelError::broken(index, "the weight map is empty"));
    }
    names
        .into_iter()
        .map(|name| {
            if Path::new(&name).components().count() == 1 && !name.starts_with("..") {
                Ok(folder.join(name))
            } else {
                Err(ModelError::broken(
                    index,
                    format!("shard {} lies outside the model folder", Quoted(&name)),
                ))
            }
        })
        .collect()
}
