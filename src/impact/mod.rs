//! Float weights -> integer impacts: the thin last stage, knowing neither texts nor models.

mod pruning;
mod quantizer;
mod vector;

pub use pruning::Pruning;
pub use quantizer::{Normalization, Quantization, QuantizeError, Quantizer, Rounding, Step};
pub use vector::{Impact, SparseVector, TermWeight};
