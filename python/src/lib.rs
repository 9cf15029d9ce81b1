//! The native half of the Python package `splade_export`: what `python/splade_export/*.py` wraps and documents.
//!
//! Nothing here computes: every function hands its arguments to the library without the interpreter's lock, and turns
//! what comes back into Python's own types.

mod background;
mod documents;
mod encoder;
mod errors;
mod index;
mod inputs;
mod options;
mod outputs;
mod quantization;
mod query_encoder;
mod settings;
mod sparse;
mod summary;
mod terms;
mod topics;

use pyo3::prelude::*;

#[pymodule]
mod _native {
    #[pymodule_export]
    use crate::documents::{convert, documents, join};
    #[pymodule_export]
    use crate::encoder::Encoder;
    #[pymodule_export]
    use crate::index::{index, verify};
    #[pymodule_export]
    use crate::quantization::Quantization;
    #[pymodule_export]
    use crate::query_encoder::QueryEncoder;
    #[pymodule_export]
    use crate::topics::topics;
}
