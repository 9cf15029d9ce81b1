//! Vectors as the three arrays of a compressed sparse row matrix.

use pyo3::prelude::*;
use pyo3::types::PyByteArray;
use splade_export::SparseVector;

use crate::errors::setting;

/// `data` (f32), `indices` and `indptr`, and the size of an index in bytes: 4, or 8 from 2^31 values on.
pub type Arrays<'py> = (
    Bound<'py, PyByteArray>,
    Bound<'py, PyByteArray>,
    Bound<'py, PyByteArray>,
    usize,
);

/// Lays out vectors as rows. The arrays are filled in place, with no object for a value.
pub fn arrays<'py>(py: Python<'py>, rows: &[SparseVector]) -> PyResult<Arrays<'py>> {
    let values: usize = rows.iter().map(SparseVector::len).sum();
    let size = if i32::try_from(values).is_ok() { 4 } else { 8 };
    let entries = || rows.iter().flat_map(|row| &row.0);
    let data = PyByteArray::new_with(py, values * 4, |bytes| {
        for (entry, bytes) in entries().zip(bytes.chunks_exact_mut(4)) {
            bytes.copy_from_slice(&entry.weight.to_ne_bytes());
        }
        Ok(())
    })?;
    let indices = integers(
        py,
        entries().map(|entry| u64::from(entry.term)),
        values,
        size,
    )?;
    let mut end = 0;
    let ends = std::iter::once(0).chain(rows.iter().map(|row| {
        end += row.len() as u64;
        end
    }));
    let indptr = integers(py, ends, rows.len() + 1, size)?;
    Ok((data, indices, indptr, size))
}

fn integers(
    py: Python<'_>,
    numbers: impl Iterator<Item = u64>,
    count: usize,
    size: usize,
) -> PyResult<Bound<'_, PyByteArray>> {
    PyByteArray::new_with(py, count * size, |bytes| {
        for (number, bytes) in numbers.zip(bytes.chunks_exact_mut(size)) {
            if size == 8 {
                bytes.copy_from_slice(&number.to_ne_bytes());
            } else {
                let number = u32::try_from(number).map_err(|_| setting("too many values"))?;
                bytes.copy_from_slice(&number.to_ne_bytes());
            }
        }
        Ok(())
    })
}
