//! Float weights to integer impacts, the last stage before an output. It knows neither texts nor models.

mod pruning;
mod quantization;
mod quantization_options;
mod quantizer;
mod step;
mod vector;

pub use pruning::{NoShare, Pruning, Share};
pub use quantization::{Normalization, Quantization, Rounding};
pub use quantization_options::{MinImpactTooLarge, QuantizationOptions, QuantizationPreset};
pub use quantizer::{QuantizeError, Quantizer};
pub use step::{NotPositive, Step};
pub use vector::{Impact, MAX_IMPACT, SparseVector, TermWeight};
