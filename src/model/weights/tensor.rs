//! A tensor of floats in a file.

use std::io::{Read, Seek, SeekFrom};
use std::path::Path;
use std::sync::Arc;

use fs_err as fs;

use super::pickle::{PickleTensor, StorageType};
use crate::model::error::ModelError;

/// How a file keeps a value of a tensor, little-endian.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TensorType {
    F32,
    F16,
    BF16,
}

impl TensorType {
    /// Returns the bytes of a value.
    pub fn size(self) -> usize {
        match self {
            Self::F32 => 4,
            Self::F16 | Self::BF16 => 2,
        }
    }
}

/// Where the values of a tensor, or of some rows of one, lie.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tensor {
    values: Values,
    /// Row-major; `[out, in]` for a linear layer.
    pub shape: Vec<usize>,
    /// How many values of the tensor come before the first row.
    first: usize,
}

/// Where the values of a whole tensor lie.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Values {
    /// One after the other from this byte of the file on.
    InFile(Arc<Path>, TensorType, u64),
    /// In some other order or type.
    Pickled(Arc<PickleTensor>),
}

impl Tensor {
    /// Returns a tensor whose values lie one after the other from the byte `offset` of the file on.
    pub fn in_file(file: &Arc<Path>, dtype: TensorType, shape: Vec<usize>, offset: u64) -> Self {
        Self {
            values: Values::InFile(Arc::clone(file), dtype, offset),
            shape,
            first: 0,
        }
    }

    /// Returns the rows `from..to` of the first dimension.
    pub fn rows(&self, from: usize, to: usize) -> Self {
        let mut rows = self.clone();
        rows.shape[0] = to - from;
        rows.first += from * self.shape[1..].iter().product::<usize>();
        rows
    }

    fn len(&self) -> usize {
        self.shape.iter().product()
    }

    fn file(&self) -> &Path {
        match &self.values {
            Values::InFile(file, ..) => file,
            Values::Pickled(tensor) => &tensor.file,
        }
    }

    /// Reads the values as float32 and refuses any that is not finite.
    pub fn read(&self) -> Result<Vec<f32>, ModelError> {
        let broken = |reason| ModelError::broken(self.file(), reason);
        let (values, offset) = match &self.values {
            Values::InFile(file, dtype, offset) => {
                let offset = offset + (self.first * dtype.size()) as u64;
                let values = read_values(file, *dtype, offset, self.len());
                (values.map_err(|e| broken(e.to_string()))?, offset)
            }
            Values::Pickled(tensor) => {
                let mut values = tensor.read().map_err(|e| broken(e.to_string()))?;
                values.truncate(self.first + self.len());
                (values.split_off(self.first), tensor.offset)
            }
        };
        if values.iter().all(|value| value.is_finite()) {
            return Ok(values);
        }
        Err(broken(format!(
            "the tensor at byte {offset} holds a value that is not finite; fetch the file again"
        )))
    }
}

impl From<PickleTensor> for Tensor {
    fn from(tensor: PickleTensor) -> Self {
        let dtype = match tensor.kind {
            StorageType::F32 => Some(TensorType::F32),
            StorageType::F16 => Some(TensorType::F16),
            StorageType::BF16 => Some(TensorType::BF16),
            _ => None,
        };
        match dtype {
            Some(dtype) if tensor.is_contiguous() => {
                Self::in_file(&tensor.file, dtype, tensor.shape, tensor.offset)
            }
            _ => Self {
                shape: tensor.shape.clone(),
                values: Values::Pickled(Arc::new(tensor)),
                first: 0,
            },
        }
    }
}

fn read_values(
    file: &Path,
    dtype: TensorType,
    offset: u64,
    len: usize,
) -> std::io::Result<Vec<f32>> {
    let mut values = Vec::with_capacity(len);
    let mut file = fs::File::open(file)?;
    file.seek(SeekFrom::Start(offset))?;
    let mut left = (len * dtype.size()) as u64;
    let mut bytes = vec![0; 1 << 16];
    while left > 0 {
        let n = bytes.len().min(usize::try_from(left).unwrap_or(usize::MAX));
        file.read_exact(&mut bytes[..n])?;
        left -= n as u64;
        let pairs = bytes[..n].as_chunks::<2>().0.iter();
        match dtype {
            TensorType::F16 => {
                values.extend(pairs.map(|&b| half::f16::from_le_bytes(b).to_f32()));
            }
            TensorType::BF16 => {
                values.extend(pairs.map(|&b| half::bf16::from_le_bytes(b).to_f32()));
            }
            TensorType::F32 => {
                let quads = bytes[..n].as_chunks::<4>().0.iter();
                values.extend(quads.map(|&b| f32::from_le_bytes(b)));
            }
        }
    }
    Ok(values)
}
