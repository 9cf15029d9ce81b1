//! Float weights -> integer impacts: the thin last stage, knowing neither texts nor models.

mod pruning;
mod quantizer;
mod vector;

/// Largest impact: Lucene keeps it as a term frequency, a signed 32-bit number.
pub const MAX_IMPACT: u32 = 0x7fff_ffff;

pub use pruning::Pruning;
pub use quantizer::{Normalization, Quantization, QuantizeError, Quantizer, Rounding, Step};
pub use vector::{Impact, SparseVector, TermWeight};
