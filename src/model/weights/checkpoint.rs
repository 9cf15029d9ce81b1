//! A Hugging Face checkpoint: where each tensor lies in which `safetensors` file.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use fs_err as fs;
use serde::Deserialize;

use super::safetensors::read_header;
use super::tensor::Tensor;
use crate::model::error::ModelError;

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

/// `model.safetensors.index.json`
#[derive(Deserialize)]
struct ShardIndex {
    weight_map: HashMap<String, String>,
}

impl Checkpoint {
    /// Reads the headers of `model.safetensors`, or of the shards in `model.safetensors.index.json`;
    /// `None` if there is neither.
    pub fn open(folder: &Path) -> Result<Option<Self>, ModelError> {
        let single = folder.join("model.safetensors");
        let index = folder.join("model.safetensors.index.json");
        let files = if single.exists() {
            vec![single]
        } else if index.exists() {
            shards(folder, &index)?
        } else {
            return Ok(None);
        };
        let mut tensors = HashMap::new();
        for file in &files {
            read_header(file, &mut tensors).map_err(|e| ModelError::broken(file, e))?;
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

    /// Returns the tensor of this name and shape.
    pub fn tensor(&self, name: &str, shape: &[usize]) -> Result<Tensor, ModelError> {
        let tensor = self.get(name).ok_or_else(|| self.missing(name))?;
        if tensor.shape != shape {
            return Err(ModelError::broken(
                &self.files[0],
                format!(
                    "tensor {name:?} has the shape {:?}, where config.json makes it {shape:?}",
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
        ModelError::broken(&self.files[0], format!("there is no tensor {name:?}"))
    }

    /// Returns the error for a checkpoint without a masked-language-model head.
    pub fn no_head(&self, detail: String) -> ModelError {
        ModelError::NoMaskedLmHead {
            folder: self.folder.clone(),
            detail,
        }
    }
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
                    format!("shard {name:?} lies outside the model folder"),
                ))
            }
        })
        .collect()
}
