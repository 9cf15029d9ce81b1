//! Headers of `safetensors` files.

use std::collections::HashMap;
use std::io::Read;
use std::path::Path;
use std::sync::Arc;

use fs_err as fs;
use safetensors::Dtype;
use safetensors::tensor::Metadata;

use super::tensor::{Tensor, TensorType};

/// The format's own limit: a longer header is no header of a checkpoint.
const MAX_HEADER: u64 = 100_000_000;

/// Adds the tensors of a file to `tensors`. Reads only the header: the weights stay in the file.
pub fn read_header(path: &Path, tensors: &mut HashMap<String, Tensor>) -> Result<(), String> {
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
        let Some(dtype) = float_type(info.dtype) else {
            continue;
        };
        let offset = data_start + info.data_offsets.0 as u64;
        let tensor = Tensor::in_file(&file, dtype, info.shape.clone(), offset);
        tensors.insert(name, tensor);
    }
    Ok(())
}

fn float_type(dtype: Dtype) -> Option<TensorType> {
    match dtype {
        Dtype::F32 => Some(TensorType::F32),
        Dtype::F16 => Some(TensorType::F16),
        Dtype::BF16 => Some(TensorType::BF16),
        _ => None,
    }
}
