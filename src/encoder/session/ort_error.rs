//! What ONNX Runtime's failures mean.

use super::super::error::EncodeError;

impl<T> From<ort::Error<T>> for EncodeError {
    fn from(error: ort::Error<T>) -> Self {
        let reason = error.to_string();
        if is_out_of_memory(&reason) {
            let remedy = "free what other programs hold of it";
            Self::NoMemoryForModel { reason, remedy }
        } else {
            Self::Session(reason)
        }
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
        // cuBLAS and cuDNN.
        "alloc_failed",
        // A limit of an arena.
        "is smaller than requested bytes",
    ]
    .iter()
    .any(|sign| reason.contains(sign))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Beginnings of what ONNX Runtime 1.31.1 says on CPU and GPU, with and without a limit.
    #[test]
    fn want_of_memory_is_known() {
        for reason in [
            "bfc_arena.cc:360 void* onnxruntime::BFCArena::AllocateRawInternal(size_t, bool, onnxruntime::Stream*) Failed \
             to allocate memory for requested buffer of size 32768",
            "bfc_arena.cc:360 void* onnxruntime::BFCArena::AllocateRawInternal(size_t, bool, onnxruntime::Stream*) \
             Available memory of 1752320 is smaller than requested bytes of 16777216",
            "CUDA failure 2: out of memory ; GPU=0",
            "CUBLAS failure 3: CUBLAS_STATUS_ALLOC_FAILED ; GPU=0",
            "std::bad_alloc",
        ] {
            assert!(is_out_of_memory(reason), "{reason}");
        }
        assert!(!is_out_of_memory("Invalid rank for input: input_ids"));
    }
}
