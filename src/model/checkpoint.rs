//! A Hugging Face checkpoint: where each tensor lies in which `safetensors` file.

use std::collections::HashMap;
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use fs_err as fs;
use safetensors::Dtype;
use safetensors::tensor::Metadata;
use serde::Deserialize;

use super::error::ModelError;

/// A header over this size is no header of a checkpoint (the format's own limit).
const MAX_HEADER: u64 = 100_000_000;

/// A tensor in a file, or some rows of one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tensor {
    file: Arc<Path>,
    dtype: Dtype,
    /// Row-major; `[out, in]` for a linear layer.
    pub shape: Vec<usize>,
    /// Of the first value, from the beginning of the file.
    pub offset: u64,
}

impl Tensor {
    fn size_of(&self) -> usize {
        if self.dtype == Dtype::F32 { 4 } else { 2 }
    }

    pub fn len_bytes(&self) -> u64 {
        (self.shape.iter().product::<usize>() * self.size_of()) as u64
    }

    /// Rows `from..to` of the first dimension.
    pub fn rows(&self, from: usize, to: usize) -> Self {
        let row_bytes = self.shape[1..].iter().product::<usize>() * self.size_of();
        let mut rows = self.clone();
        rows.shape[0] = to - from;
        rows.offset += (from * row_bytes) as u64;
        rows
    }

    /// Its values as float32, all finite.
    pub fn read(&self) -> Result<Vec<f32>, ModelError> {
        let mut values = Vec::with_capacity(self.shape.iter().product());
        self.read_into(&mut values)
            .map_err(|e| ModelError::broken(&self.file, e))?;
        if values.iter().all(|value| value.is_finite()) {
            return Ok(values);
        }
        Err(ModelError::broken(
            &self.file,
            format!(
                "the tensor at byte {} holds a value that is not finite; fetch the file again",
                self.offset
            ),
        ))
    }

    fn read_into(&self, values: &mut Vec<f32>) -> std::io::Result<()> {
        let mut file = fs::File::open(self.file.as_ref())?;
        file.seek(SeekFrom::Start(self.offset))?;
        let mut left = self.len_bytes();
        let mut bytes = [0; 1 << 16];
        while left > 0 {
            let n = bytes.len().min(usize::try_from(left).unwrap_or(usize::MAX));
            file.read_exact(&mut bytes[..n])?;
            left -= n as u64;
            let pairs = bytes[..n].as_chunks::<2>().0.iter();
            match self.dtype {
                Dtype::F16 => values.extend(pairs.map(|&b| half::f16::from_le_bytes(b).to_f32())),
                Dtype::BF16 => values.extend(pairs.map(|&b| half::bf16::from_le_bytes(b).to_f32())),
                _ => {
                    let quads = bytes[..n].as_chunks::<4>().0.iter();
                    values.extend(quads.map(|&b| f32::from_le_bytes(b)));
                }
            }
        }
        Ok(())
    }
}

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

    /// The folder of the first weight file.
    pub fn first_folder(&self) -> Option<PathBuf> {
        self.first_file.parent().map(Path::to_owned)
    }

    /// The name of the first weight file in that folder.
    pub fn first_file_name(&self) -> String {
        let name = self.first_file.file_name().unwrap_or_default();
        name.to_string_lossy().into_owned()
    }

    /// The tensor of this name and shape.
    pub fn tensor(&self, name: &str, shape: &[usize]) -> Result<Tensor, ModelError> {
        let tensor = self.get(name).ok_or_else(|| {
            ModelError::broken(&self.files[0], format!("there is no tensor {name:?}"))
        })?;
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

    /// The tensor of this name, if there is one.
    pub fn get(&self, name: &str) -> Option<&Tensor> {
        self.tensors.get(name)
    }

    /// Number of tensors.
    pub fn len(&self) -> usize {
        self.tensors.len()
    }

    /// The first of these names that exists.
    pub fn first_of<'a>(&self, names: &[&'a str]) -> Option<&'a str> {
        names.iter().copied().find(|name| self.get(name).is_some())
    }

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

/// Reads only the header: the weights stay in the file.
fn read_header(path: &Path, tensors: &mut HashMap<String, Tensor>) -> Result<(), String> {
    let text = |e: std::io::Error| e.to_string();
    let mut file = fs::File::open(path).map_err(text)?;
    let file_len = file.metadata().map_err(text)?.len();
    let mut len = [0; 8];
    file.read_exact(&mut len)
        .map_err(|_| "too short for a safetensors file".to_owned())?;
    let header_len = u64::from_le_bytes(len);
    if header_len > MAX_HEADER || header_len + 8 > file_len {
        return Err(format!(
            "not a safetensors file: its header would have {header_len} of {file_len} bytes"
        ));
    }
    let mut header = vec![0; usize::try_from(header_len).map_err(|e| e.to_string())?];
    file.read_exact(&mut header).map_err(text)?;
    let metadata: Metadata = serde_json::from_slice(&header)
        .map_err(|e| format!("the safetensors header is broken: {e}"))?;
    let data_start = 8 + header_len;
    let promised = data_start.saturating_add(metadata.data_len() as u64);
    if promised != file_len {
        return Err(format!(
            "the file has {file_len} bytes, its header promises {promised}; fetch it again"
        ));
    }
    let file: Arc<Path> = path.into();
    for (name, info) in metadata.tensors() {
        // Other types (position ids as integers) are no weights; a weight among them will be missed.
        if matches!(info.dtype, Dtype::F32 | Dtype::F16 | Dtype::BF16) {
            tensors.insert(
                name,
                Tensor {
                    file: Arc::clone(&file),
                    dtype: info.dtype,
                    shape: info.shape.clone(),
                    offset: data_start + info.data_offsets.0 as u64,
                },
            );
        }
    }
    Ok(())
}
