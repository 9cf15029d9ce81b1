//! Tensors of a file, read when they are asked for.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::Path;
use std::sync::Arc;

use half::{bf16, f16};

use super::error::PickleError;
use super::storage::{Place, StorageType};
use super::value::View;
use crate::quote::Quoted;

/// Where the values of a tensor lie.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PickleTensor {
    /// The file.
    pub file: Arc<Path>,
    /// The type of the values.
    pub kind: StorageType,
    /// Entries by dimension.
    pub shape: Vec<usize>,
    /// Values from one entry to the next, by dimension.
    pub strides: Vec<usize>,
    /// Place of the first value, in bytes from the beginning of the file.
    pub offset: u64,
    /// Values from the first to the last, both included: what has to be read.
    span: usize,
    values: usize,
}

impl PickleTensor {
    /// Puts a view into its place, and checks that it lies within it.
    pub(super) fn new(
        file: &Arc<Path>,
        name: &str,
        view: View<'_>,
        place: Place,
    ) -> Result<Self, PickleError> {
        let size = view.storage.kind.size() as u64;
        let damaged = |what| PickleError::Damaged(format!("tensor {} {what}", Quoted(name)));
        if view.shape.len() != view.strides.len() {
            return Err(damaged("has more dimensions than strides, or fewer"));
        }
        let (values, span) = extent(&view).ok_or_else(|| damaged("is too large for any file"))?;
        let end = view.first.checked_add(span as u64);
        let whole = view.storage.first.checked_add(view.storage.values);
        let whole = whole.and_then(|values| values.checked_mul(size));
        let fits = end.is_some_and(|end| end <= view.storage.values)
            && whole.is_some_and(|bytes| bytes <= place.bytes);
        if !fits {
            return Err(damaged("reaches beyond its storage"));
        }
        Ok(Self {
            file: Arc::clone(file),
            kind: view.storage.kind,
            offset: place.offset + (view.storage.first + view.first) * size,
            shape: view.shape,
            strides: view.strides,
            span,
            values,
        })
    }

    /// Returns true if the values lie one after the other, in the order of rows.
    #[must_use]
    pub fn is_contiguous(&self) -> bool {
        if self.values == 0 {
            return true;
        }
        let mut expected = 1;
        for (&size, &stride) in self.shape.iter().zip(&self.strides).rev() {
            if size != 1 && stride != expected {
                return false;
            }
            expected *= size;
        }
        true
    }

    /// Reads the values in the order of rows, as single precision.
    ///
    /// # Errors
    /// [`PickleError`] if the file cannot be read, or the values are no floats, or are repeated so that they are
    /// more than the file holds.
    pub fn read(&self) -> Result<Vec<f32>, PickleError> {
        if !self.kind.is_float() {
            return Err(PickleError::Unsupported("integers where weights should be"));
        }
        if self.values > self.span {
            return Err(PickleError::Unsupported("a tensor that repeats its values"));
        }
        let bytes = self.read_span()?;
        if self.is_contiguous() {
            return Ok(floats(&bytes, self.kind));
        }
        Ok(self.gather(&floats(&bytes, self.kind)))
    }

    /// Reads from the first to the last value, whatever lies between them.
    fn read_span(&self) -> io::Result<Vec<u8>> {
        let mut file = File::open(&self.file)?;
        file.seek(SeekFrom::Start(self.offset))?;
        // The span lies within the file, so that this is no more than the file has.
        let mut bytes = vec![0; self.span * self.kind.size()];
        file.read_exact(&mut bytes)?;
        Ok(bytes)
    }

    /// Puts the values into the order of rows.
    fn gather(&self, span: &[f32]) -> Vec<f32> {
        let mut values = Vec::with_capacity(self.values);
        let mut index = vec![0; self.shape.len()];
        let mut at = 0;
        while values.len() < self.values {
            values.push(span[at]);
            for dimension in (0..index.len()).rev() {
                index[dimension] += 1;
                // The stride of a dimension of one entry may be any number.
                at = at.wrapping_add(self.strides[dimension]);
                if index[dimension] < self.shape[dimension] {
                    break;
                }
                let whole = self.strides[dimension].wrapping_mul(self.shape[dimension]);
                at = at.wrapping_sub(whole);
                index[dimension] = 0;
            }
        }
        values
    }
}

/// Returns the number of values of a view, and of those from the first to the last.
fn extent(view: &View<'_>) -> Option<(usize, usize)> {
    let mut values = 1_usize;
    let mut last = 0_usize;
    for (&size, &stride) in view.shape.iter().zip(&view.strides) {
        values = values.checked_mul(size)?;
        last = last.checked_add(size.saturating_sub(1).checked_mul(stride)?)?;
    }
    let span = if values == 0 { 0 } else { last.checked_add(1)? };
    Some((values, span))
}

/// Returns little-endian numbers as single precision.
fn floats(bytes: &[u8], kind: StorageType) -> Vec<f32> {
    match kind {
        StorageType::F64 => {
            let eights = bytes.as_chunks::<8>().0.iter();
            #[allow(
                clippy::cast_possible_truncation,
                reason = "weights are single precision"
            )]
            let narrow = |&b: &[u8; 8]| f64::from_le_bytes(b) as f32;
            eights.map(narrow).collect()
        }
        StorageType::F32 => {
            let fours = bytes.as_chunks::<4>().0.iter();
            fours.map(|&b| f32::from_le_bytes(b)).collect()
        }
        StorageType::F16 => {
            let twos = bytes.as_chunks::<2>().0.iter();
            twos.map(|&b| f16::from_le_bytes(b).to_f32()).collect()
        }
        StorageType::BF16 => {
            let twos = bytes.as_chunks::<2>().0.iter();
            twos.map(|&b| bf16::from_le_bytes(b).to_f32()).collect()
        }
        StorageType::Other(_) => Vec::new(),
    }
}
