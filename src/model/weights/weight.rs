//! Constants of a graph whose values are kept once for all sessions.

use half::f16;

use crate::model::onnx::data_type;

/// A constant of a graph.
#[derive(Debug)]
pub struct Weight {
    /// Its name in the graph.
    pub name: String,
    /// Row-major.
    pub shape: Vec<usize>,
    /// As many as the shape says.
    pub values: WeightValues,
}

/// The values of a weight.
#[derive(Debug)]
pub enum WeightValues {
    /// Single precision.
    F32(Vec<f32>),
    /// Half precision.
    F16(Vec<f16>),
    /// Integers, to be multiplied by a scale.
    I8(Vec<i8>),
}

impl WeightValues {
    /// Returns the type as ONNX numbers it.
    pub(in crate::model) fn onnx_type(&self) -> i32 {
        match self {
            Self::F32(_) => data_type::FLOAT,
            Self::F16(_) => data_type::FLOAT16,
            Self::I8(_) => data_type::INT8,
        }
    }

    /// Returns the values as bytes, little-endian.
    pub(in crate::model) fn to_bytes(&self) -> Vec<u8> {
        match self {
            Self::F32(values) => values.iter().flat_map(|v| v.to_le_bytes()).collect(),
            Self::F16(values) => values.iter().flat_map(|v| v.to_le_bytes()).collect(),
            Self::I8(values) => values.iter().flat_map(|v| v.to_le_bytes()).collect(),
        }
    }
}
