//! Products with a checkpoint's matrices, in each [`Precision`].
//!
//! In `int8`, with `x` the activations of a run and `w` a matrix `[out, in]`:
//!
//! ```text
//! w[o, i] ≈ ws[o] · wq[o, i]      wq in -RANGE..=RANGE, ws[o] = max_i |w[o, i]| / RANGE
//! x[t, i] ≈ xs · (xq[t, i] - z)   xq in 0..=255, xs and z from the least and largest of x
//! y[t, o] ≈ xs · ws[o] · Σ_i (xq[t, i] - z) · wq[o, i]
//! ```
//!
//! This is dynamic quantization as in Jacob et al. 2018, "Quantization and Training of Neural Networks
//! for Efficient Integer-Arithmetic-Only Inference". In plain operators `xs` and `z` belong to everything
//! that is in one run: a text's weights do not depend on other texts only if it is alone in its run. This
//! program's own operators quantize by rows, `x[t, i] ≈ low[t] + xs[t] · xq[t, i]`: see [`OwnOperator`].

use half::f16;
use rayon::prelude::*;

use super::error::ModelError;
use super::graph::{GraphBuilder, Value};
use super::onnx::data_type;
use super::own_operator::OwnOperator;
use super::precision::Precision;
use super::weights::{Tensor, WeightValues};

/// The left side of products, quantized once for all of them.
pub struct Operand {
    float: Value,
    quantized: Option<Quantized>,
}

enum Quantized {
    /// With one scale.
    Whole {
        values: Value,
        scale: Value,
        zero: Value,
    },
    /// With scales for each row.
    Rows { values: Value, scales: Value },
}

impl Operand {
    /// Returns what is not quantized.
    pub fn of_floats(float: Value) -> Self {
        Self {
            float,
            quantized: None,
        }
    }

    /// Returns what was quantized by rows.
    pub fn of_rows(values: Value, scales: Value) -> Self {
        Self {
            float: Value::new(),
            quantized: Some(Quantized::Rows { values, scales }),
        }
    }

    pub fn is_quantized(&self) -> bool {
        self.quantized.is_some()
    }
}

/// Writes products into a graph.
#[derive(Clone, Copy)]
pub struct Linear {
    precision: Precision,
    /// Largest integer of a weight.
    range: f32,
}

impl Linear {
    pub fn new(precision: Precision) -> Self {
        Self {
            precision,
            range: weight_range(),
        }
    }

    pub fn precision(self) -> Precision {
        self.precision
    }

    /// Makes `x` ready to be multiplied.
    pub fn operand(self, graph: &mut GraphBuilder, x: &str) -> Operand {
        let quantized = (self.precision == Precision::Int8).then(|| {
            let [values, scale, zero] = graph.node_with_outputs("DynamicQuantizeLinear", &[x]);
            Quantized::Whole {
                values,
                scale,
                zero,
            }
        });
        Operand {
            float: x.to_owned(),
            quantized,
        }
    }

    /// `x · wᵀ`, and `+ bias` where one is given: `[.., in]` -> `[.., out]`.
    pub fn product(
        self,
        graph: &mut GraphBuilder,
        x: &Operand,
        weight: &Tensor,
        bias: Option<&Tensor>,
    ) -> Result<Value, ModelError> {
        if let Some((values, [scales, columns])) = self.integers(graph, x, weight, bias)? {
            let inputs = [values, scales, columns];
            let [product] = graph.own(OwnOperator::IntegersToFloats, &inputs, &[]);
            return Ok(product);
        }
        if let Some(Quantized::Whole {
            values: x,
            scale,
            zero,
        }) = &x.quantized
        {
            let values = weight.read()?;
            let columns = quantize(&values, weight.shape[1], self.range);
            let shape = [weight.shape[1], weight.shape[0]];
            let matrix = graph.weight(&shape, WeightValues::I8(columns.integers));
            let scales = graph.floats(&shape[1..], &columns.scales);
            let bias = match bias {
                Some(bias) => self.vector(graph, bias)?,
                None => String::new(),
            };
            let inputs = [x, &*matrix, scale, &scales, zero, "", &bias];
            return Ok(graph.contrib("MatMulIntegerToFloat", &inputs, &[]));
        }
        let matrix = self.values(weight.read()?);
        let matrix = graph.weight(&weight.shape, matrix);
        let product = graph.matmul_transposed(&x.float, &matrix);
        match bias {
            Some(bias) => {
                let bias = self.vector(graph, bias)?;
                Ok(graph.node("Add", &[&product, &bias], &[]))
            }
            None => Ok(product),
        }
    }

    /// Writes the integers of `x · wᵀ`, with the scales of their rows and columns, if `x` was quantized by rows:
    /// see [`OwnOperator`].
    pub fn integers(
        self,
        graph: &mut GraphBuilder,
        x: &Operand,
        weight: &Tensor,
        bias: Option<&Tensor>,
    ) -> Result<Option<(Value, [Value; 2])>, ModelError> {
        let Some(Quantized::Rows { values, scales }) = &x.quantized else {
            return Ok(None);
        };
        let (outputs, inputs) = (weight.shape[0], weight.shape[1]);
        let matrix = quantize(&weight.read()?, inputs, self.range);
        let mut columns = matrix.scales.clone();
        columns.extend(matrix.scaled_sums());
        match bias {
            Some(bias) => columns.extend(bias.read()?),
            None => columns.resize(3 * outputs, 0.0),
        }
        let weights = graph.weight(&[inputs, outputs], WeightValues::I8(matrix.integers));
        let product = graph.node("MatMulInteger", &[values, &weights], &[]);
        let columns = graph.floats(&[3, outputs], &columns);
        Ok(Some((product, [scales.clone(), columns])))
    }

    /// A vector in the type of the activations. It is in the graph's bytes: ONNX Runtime cannot share
    /// what its kernels for norms make of theirs.
    pub fn vector(self, graph: &mut GraphBuilder, tensor: &Tensor) -> Result<Value, ModelError> {
        Ok(self.constant(graph, &tensor.shape, &tensor.read()?))
    }

    /// A small constant in the type of the activations.
    pub fn constant(self, graph: &mut GraphBuilder, shape: &[usize], values: &[f32]) -> Value {
        match self.values(values.to_vec()) {
            WeightValues::F16(values) => graph.halves(shape, &values),
            _ => graph.floats(shape, values),
        }
    }

    /// A table of rows, in the type of the activations.
    pub fn table(self, graph: &mut GraphBuilder, shape: &[usize], values: Vec<f32>) -> Value {
        let values = self.values(values);
        graph.weight(shape, values)
    }

    /// Returns the type of the activations.
    pub fn data_type(self) -> i32 {
        match self.precision {
            Precision::Fp16 => data_type::FLOAT16,
            Precision::Fp32 | Precision::Int8 => data_type::FLOAT,
        }
    }

    /// A float32 value in the type of the activations.
    pub fn cast(self, graph: &mut GraphBuilder, x: Value) -> Value {
        match self.precision {
            Precision::Fp16 => graph.cast(&x, data_type::FLOAT16),
            Precision::Fp32 | Precision::Int8 => x,
        }
    }

    fn values(self, values: Vec<f32>) -> WeightValues {
        match self.precision {
            Precision::Fp16 => WeightValues::F16(values.into_iter().map(f16::from_f32).collect()),
            Precision::Fp32 | Precision::Int8 => WeightValues::F32(values),
        }
    }
}

/// A matrix in integers, transposed.
struct QuantizedMatrix {
    /// `[in, out]`
    integers: Vec<i8>,
    /// `[out]`
    scales: Vec<f32>,
}

impl QuantizedMatrix {
    /// Returns the sum of each column's integers times its scale.
    #[allow(
        clippy::cast_precision_loss,
        reason = "a sum of some thousand integers of 8 bits is below 2^24"
    )]
    fn scaled_sums(&self) -> impl Iterator<Item = f32> {
        let mut sums = vec![0_i32; self.scales.len()];
        for row in self.integers.chunks_exact(self.scales.len()) {
            for (sum, &integer) in sums.iter_mut().zip(row) {
                *sum += i32::from(integer);
            }
        }
        let scales = self.scales.iter();
        sums.into_iter()
            .zip(scales)
            .map(|(sum, scale)| sum as f32 * scale)
    }
}

/// Inputs that one thread transposes at a time.
const INPUTS: usize = 64;

/// Quantizes a matrix `[out, in]` of finite values, one scale a row.
fn quantize(values: &[f32], inputs: usize, range: f32) -> QuantizedMatrix {
    let outputs = values.len() / inputs;
    let mut by_output = vec![0_i8; values.len()];
    let rows = by_output.par_chunks_mut(inputs);
    let scales = rows
        .zip(values.par_chunks(inputs))
        .map(|(integers, row)| {
            let largest = row.iter().fold(0.0_f32, |max, value| max.max(value.abs()));
            // A row of zeros has any scale.
            let scale = if largest > 0.0 { largest / range } else { 1.0 };
            for (integer, value) in integers.iter_mut().zip(row) {
                #[allow(clippy::cast_possible_truncation, reason = "in -range..=range")]
                {
                    *integer = (value / scale).round_ties_even() as i8;
                }
            }
            scale
        })
        .collect();
    let mut integers = vec![0; values.len()];
    integers
        .par_chunks_mut(outputs * INPUTS)
        .enumerate()
        .for_each(|(block, columns)| {
            for (output, row) in by_output.chunks_exact(inputs).enumerate() {
                let row = &row[block * INPUTS..];
                for (column, integer) in columns.chunks_exact_mut(outputs).zip(row) {
                    column[output] = *integer;
                }
            }
        });
    QuantizedMatrix { integers, scales }
}

/// 127; 63 on processors whose 8-bit multiply-add saturates at 16 bits (AVX2 without VNNI: two
/// products of 255 · 127 do not fit).
fn weight_range() -> f32 {
    #[cfg(target_arch = "x86_64")]
    if !std::arch::is_x86_feature_detected!("avx512vnni")
        && !std::arch::is_x86_feature_detected!("avxvnni")
    {
        return 63.0;
    }
    127.0
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_weight_is_off_by_half_a_step_at_most(
            values in prop::collection::vec(-3.0f32..3.0, 12..=12),
            range in prop::sample::select(vec![63.0f32, 127.0]),
        ) {
            let matrix = quantize(&values, 4, range);
            prop_assert_eq!(matrix.scales.len(), 3);
            for (output, row) in values.chunks_exact(4).enumerate() {
                for (input, value) in row.iter().enumerate() {
                    let scale = matrix.scales[output];
                    let found = f32::from(matrix.integers[input * 3 + output]) * scale;
                    prop_assert!((found - value).abs() <= scale * 0.5001);
                }
            }
        }
    }

    #[test]
    fn zeros_stay_zeros() {
        assert_eq!(quantize(&[0.0; 4], 2, 127.0).integers, [0; 4]);
    }
}
