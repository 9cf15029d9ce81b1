//! How a graph is to be built.

use super::precision::Precision;

/// Which operators a graph is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Operators {
    /// Plain ONNX, but for products with transposed matrices. On the CPU ONNX Runtime's fused operators
    /// were measured to be no faster in fp32, but for the attention of long texts.
    #[default]
    Plain,
    /// This program's own operators between the products, for CPUs that have kernels for them.
    Own,
    /// ONNX Runtime's fused attention, norms and activations, for the CUDA execution provider.
    Fused,
}

/// How a graph is to be built.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct GraphForm {
    /// Precision of the products with weights.
    pub precision: Precision,
    /// Operators of the encoder layers.
    pub operators: Operators,
}
