//! A tensor of floats in a file.

use std::io::{Read, Seek, SeekFrom};
use std::path::Path;
use std::sync::Arc;

use fs_err as fs;

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

/// Where the values of a tensor, or of some rows of one, lie in a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tensor {
    pub file: Arc<Path>,
    pub dtype: TensorType,
    /// Row-major; `[out, in]` for a linear layer.
    pub shape: Vec<usize>,
    /// Position of the first value, from the beginning of the file.
    pub offset: u64,
}

impl Tensor {
    fn len_bytes(&self) -> u64 {
        (self.shape.iter().product::<usize>() * self.dtype.size()) as u64
    }

    /// Returns the rows `from..to` of the first dimension.
    pub fn rows(&self, from: usize, to: usize) -> Self {
        let row_bytes = self.shape[1..].iter().product::<usize>() * self.dtype.size();
        let mut rows = self.clone();
        rows.shape[0] = to - from;
        rows.offset += (from * row_bytes) as u64;
        rows
    }

    /// Reads the values as float32 and refuses any that is not finite.
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
        Ok(())
    }
}
