//! What ONNX Runtime's failures mean.

use super::super::error::EncodeError;

impl<T> From<ort::Error<T>> for EncodeError {
    fn from(error: ort::Error<T>) -> Self {
        Self::Session(error.to_string())
    }
}

/// Whether ONNX Runtime failed for want of memory: it has no code of its own for that.
pub fn is_out_of_memory(reason: &str) -> bool {
    let reason = reason.to_ascii_lowercase();
    [
        "out of memory",
        "failed to allocate",
        "bad_alloc",
        "bad allocation",
        "cudaerrormemoryallocation",
    ]
    .iter()
    .any(|sign| reason.contains(sign))
}
