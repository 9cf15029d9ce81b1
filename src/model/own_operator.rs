//! This program's own operators: a layer's steps between its products, on the CPU.

/// The domain of the operators in a graph.
pub const DOMAIN: &str = "splade_export";

/// An operator of this program.
///
/// With rows of `x` quantized as `x ≈ low + scale · bytes`, the integers of a product are `bytes · weights`.
/// `scales` are `[.., 2]`, `scale` and `low` of each row; `columns` are `[3, width]`, each column's scale,
/// the sum of its integers times its scale, and its bias. Products and values are `[batch, length, width]`.
///
/// ```text
///                     inputs                                                  outputs
/// Attention           mask, query, bias, key, bias, value, bias               floats
/// IntegerAttention    mask, scales, query, columns, key, columns, ..          bytes, scales
/// ResidualNorm        product, bias, residual, gain, bias                     floats, sum or none
/// IntegerResidualNorm product, scales, columns, residual, gain, bias          floats, bytes, scales, sum or none
/// Gelu                product, bias                                           floats
/// IntegerGelu         product, scales, columns                                bytes, scales
/// IntegerGeluToFloats product, scales, columns                                floats
/// IntegersToFloats    product, scales, columns                                floats
/// QuantizeRows        floats                                                  bytes, scales
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OwnOperator {
    /// `softmax(q kᵀ / √d) v` in `heads` heads, of products of floats.
    Attention,
    /// The same of products of integers.
    IntegerAttention,
    /// `norm(product + bias + residual)` with `epsilon`, and the sum before the norm.
    ResidualNorm,
    /// The same of a product of integers.
    IntegerResidualNorm,
    /// `gelu(product + bias)`
    Gelu,
    /// The same of a product of integers.
    IntegerGelu,
    /// The same without quantizing its values.
    IntegerGeluToFloats,
    /// The values of a product of integers.
    IntegersToFloats,
    /// Bytes of rows.
    QuantizeRows,
}

impl OwnOperator {
    /// All of them.
    pub const ALL: [Self; 9] = [
        Self::Attention,
        Self::IntegerAttention,
        Self::ResidualNorm,
        Self::IntegerResidualNorm,
        Self::Gelu,
        Self::IntegerGelu,
        Self::IntegerGeluToFloats,
        Self::IntegersToFloats,
        Self::QuantizeRows,
    ];

    /// Returns its name in a graph.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Attention => "Attention",
            Self::IntegerAttention => "IntegerAttention",
            Self::ResidualNorm => "ResidualNorm",
            Self::IntegerResidualNorm => "IntegerResidualNorm",
            Self::Gelu => "Gelu",
            Self::IntegerGelu => "IntegerGelu",
            Self::IntegerGeluToFloats => "IntegerGeluToFloats",
            Self::IntegersToFloats => "IntegersToFloats",
            Self::QuantizeRows => "QuantizeRows",
        }
    }
}
