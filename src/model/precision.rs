//! How exactly the encoder computes.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The numbers in which the matrix products of the encoder's layers are computed. Sums, norms and
/// attention probabilities are never integers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Precision {
    /// Single precision.
    #[default]
    Fp32,
    /// Half precision: weights and activations. Made for GPUs.
    Fp16,
    /// 8-bit integers: weights with one scale an output column, activations with a
    /// scale and an offset a token, or one scale a text where a processor has no kernels for that.
    Int8,
}

impl fmt::Display for Precision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Fp32 => "fp32",
            Self::Fp16 => "fp16",
            Self::Int8 => "int8",
        })
    }
}
