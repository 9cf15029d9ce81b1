//! This program's own operators as ONNX Runtime calls them: tensors of a node in, kernels of
//! [`crate::fused_layers`] on them.

use std::cell::RefCell;

use ort::operator::{
    ComputeContext, Kernel, KernelContext, Operator, OperatorDomain, OperatorInput, OperatorOutput,
};
use ort::value::{TensorElementType, ValueRef, ValueRefMut};

use crate::fused_layers::{Kernels, Product, Quantized, ResidualNorm};
use crate::model::{OWN_DOMAIN, OwnOperator};

const FLOAT: TensorElementType = TensorElementType::Float32;
const BYTE: TensorElementType = TensorElementType::Uint8;
const INTEGER: TensorElementType = TensorElementType::Int32;
const MASK: TensorElementType = TensorElementType::Int64;

/// Returns the domain of the operators, or `None` where the processor has no kernels.
pub fn domain() -> ort::Result<Option<OperatorDomain>> {
    let Some(kernels) = Kernels::detect() else {
        return Ok(None);
    };
    let mut domain = OperatorDomain::new(OWN_DOMAIN)?;
    for operator in OwnOperator::ALL {
        domain = domain.add(Own { operator, kernels })?;
    }
    Ok(Some(domain))
}

/// An operator on the kernels of this machine.
struct Own {
    operator: OwnOperator,
    kernels: Kernels,
}

impl Operator for Own {
    type Kernel<'attr> = Node;

    fn name(&self) -> &str {
        self.operator.name()
    }

    fn inputs(&self) -> impl IntoIterator<Item = OperatorInput> {
        let types: &[_] = match self.operator {
            OwnOperator::Attention => &[MASK, FLOAT, FLOAT, FLOAT, FLOAT, FLOAT, FLOAT],
            OwnOperator::IntegerAttention => {
                &[MASK, FLOAT, INTEGER, FLOAT, INTEGER, FLOAT, INTEGER, FLOAT]
            }
            OwnOperator::ResidualNorm => &[FLOAT; 5],
            OwnOperator::IntegerResidualNorm => &[INTEGER, FLOAT, FLOAT, FLOAT, FLOAT, FLOAT],
            OwnOperator::Gelu => &[FLOAT; 2],
            OwnOperator::IntegerGelu
            | OwnOperator::IntegerGeluToFloats
            | OwnOperator::IntegersToFloats => &[INTEGER, FLOAT, FLOAT],
            OwnOperator::QuantizeRows => &[FLOAT],
        };
        types.iter().map(|&of| OperatorInput::required(of))
    }

    fn outputs(&self) -> impl IntoIterator<Item = OperatorOutput> {
        let types: &[_] = match self.operator {
            OwnOperator::ResidualNorm => &[FLOAT],
            OwnOperator::IntegerResidualNorm => &[FLOAT, BYTE, FLOAT],
            OwnOperator::IntegerAttention
            | OwnOperator::IntegerGelu
            | OwnOperator::QuantizeRows => &[BYTE, FLOAT],
            OwnOperator::Attention
            | OwnOperator::Gelu
            | OwnOperator::IntegerGeluToFloats
            | OwnOperator::IntegersToFloats => &[FLOAT],
        };
        // The sum of a residual is asked for where the stream goes on with it.
        let sum = match self.operator {
            OwnOperator::ResidualNorm | OwnOperator::IntegerResidualNorm => Some(FLOAT),
            _ => None,
        };
        let types = types.iter().map(|&of| OperatorOutput::required(of));
        types.chain(sum.map(OperatorOutput::optional))
    }

    fn create_kernel(&self, node: &KernelContext<'_>) -> ort::Result<Node> {
        Ok(Node {
            operator: self.operator,
            kernels: self.kernels,
            heads: node.get::<i64>("heads").unwrap_or(1),
            epsilon: node.get("epsilon").unwrap_or(0.0),
        })
    }
}

thread_local! {
    /// Attention before it is quantized.
    static CONTEXT: RefCell<Vec<f32>> = const { RefCell::new(Vec::new()) };
}

/// A node of a graph.
struct Node {
    operator: OwnOperator,
    kernels: Kernels,
    heads: i64,
    epsilon: f32,
}

impl Kernel for Node {
    fn compute(&mut self, context: &ComputeContext) -> ort::Result<()> {
        match self.operator {
            OwnOperator::Attention => self.attention(context),
            OwnOperator::IntegerAttention => self.integer_attention(context),
            OwnOperator::ResidualNorm => self.residual_norm(context),
            OwnOperator::IntegerResidualNorm => self.integer_residual_norm(context),
            OwnOperator::Gelu => self.floats(context, Source::Floats, true),
            OwnOperator::IntegerGelu => self.bytes(context),
            OwnOperator::IntegerGeluToFloats => self.floats(context, Source::Integers, true),
            OwnOperator::IntegersToFloats => self.floats(context, Source::Integers, false),
            OwnOperator::QuantizeRows => self.quantize(context),
        }
    }
}

/// Which products a node is given.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Source {
    Floats,
    Integers,
}

impl Node {
    fn heads(&self) -> usize {
        usize::try_from(self.heads).unwrap_or(0)
    }

    fn attention(&self, context: &ComputeContext) -> ort::Result<()> {
        let mask = input(context, 0)?;
        let values: Vec<_> = (1..7)
            .map(|at| input(context, at))
            .collect::<Result<_, _>>()?;
        let product = |at: usize| of_floats(&values[at], &values[at + 1]);
        let mut out = output(context, 0, &shape(&values[0]))?;
        let products = [product(0)?, product(2)?, product(4)?];
        let lengths = lengths(&mask)?;
        let out = floats_of(&mut out)?;
        let done = self
            .kernels
            .attention(products, self.heads(), &lengths, out);
        done.map_err(ort::Error::wrap)
    }

    fn integer_attention(&self, context: &ComputeContext) -> ort::Result<()> {
        let mask = input(context, 0)?;
        let row_scales = input(context, 1)?;
        let values: Vec<_> = (2..8)
            .map(|at| input(context, at))
            .collect::<Result<_, _>>()?;
        let product = |at: usize| of_integers(&values[at], &row_scales, &values[at + 1]);
        let shape = shape(&values[0]);
        let (mut bytes, mut scales) = quantized(context, 0, &shape)?;
        let products = [product(0)?, product(2)?, product(4)?];
        let lengths = lengths(&mask)?;
        let heads = self.heads();
        let out = rows_of(&mut bytes, &mut scales)?;
        CONTEXT.with_borrow_mut(|context| {
            context.resize(elements(&shape), 0.0);
            self.kernels
                .attention(products, heads, &lengths, context)
                .and_then(|()| self.kernels.quantize(context, width(&shape), out))
                .map_err(ort::Error::wrap)
        })
    }

    fn residual_norm(&self, context: &ComputeContext) -> ort::Result<()> {
        let product = input(context, 0)?;
        let shape = shape(&product);
        let mut normed = output(context, 0, &shape)?;
        let mut sum = sum(context, 1, &shape)?;
        let bias = input(context, 1)?;
        let product = of_floats(&product, &bias)?;
        let vectors = [input(context, 2)?, input(context, 3)?, input(context, 4)?];
        self.norm(product, &vectors, (&mut normed, sum.as_mut()), None)
    }

    fn integer_residual_norm(&self, context: &ComputeContext) -> ort::Result<()> {
        let product = input(context, 0)?;
        let shape = shape(&product);
        let mut normed = output(context, 0, &shape)?;
        let (mut bytes, mut out_scales) = quantized(context, 1, &shape)?;
        let mut sum = sum(context, 3, &shape)?;
        let (scales, columns) = (input(context, 1)?, input(context, 2)?);
        let product = of_integers(&product, &scales, &columns)?;
        let out = rows_of(&mut bytes, &mut out_scales)?;
        let vectors = [input(context, 3)?, input(context, 4)?, input(context, 5)?];
        self.norm(product, &vectors, (&mut normed, sum.as_mut()), Some(out))
    }

    fn norm(
        &self,
        product: Product<'_>,
        [residual, gain, bias]: &[ValueRef<'_>; 3],
        (normed, sum): (&mut ValueRefMut<'_>, Option<&mut ValueRefMut<'_>>),
        quantized: Option<Quantized<'_>>,
    ) -> ort::Result<()> {
        let norm = ResidualNorm {
            residual: residual.try_extract_tensor()?.1,
            gain: gain.try_extract_tensor()?.1,
            bias: bias.try_extract_tensor()?.1,
            epsilon: self.epsilon,
            normed: floats_of(normed)?,
            sum: sum.map(floats_of).transpose()?,
            quantized,
        };
        let done = self.kernels.residual_norm(product, norm);
        done.map_err(ort::Error::wrap)
    }

    fn floats(&self, context: &ComputeContext, source: Source, gelu: bool) -> ort::Result<()> {
        let values = input(context, 0)?;
        let mut out = output(context, 0, &shape(&values))?;
        let second = input(context, 1)?;
        let third = match source {
            Source::Integers => Some(input(context, 2)?),
            Source::Floats => None,
        };
        let product = match &third {
            Some(columns) => of_integers(&values, &second, columns)?,
            None => of_floats(&values, &second)?,
        };
        let done = self.kernels.floats(product, gelu, floats_of(&mut out)?);
        done.map_err(ort::Error::wrap)
    }

    fn bytes(&self, context: &ComputeContext) -> ort::Result<()> {
        let values = input(context, 0)?;
        let (mut bytes, mut out_scales) = quantized(context, 0, &shape(&values))?;
        let (scales, columns) = (input(context, 1)?, input(context, 2)?);
        let product = of_integers(&values, &scales, &columns)?;
        let out = rows_of(&mut bytes, &mut out_scales)?;
        let done = self.kernels.bytes(product, true, out);
        done.map_err(ort::Error::wrap)
    }

    fn quantize(&self, context: &ComputeContext) -> ort::Result<()> {
        let values = input(context, 0)?;
        let shape = shape(&values);
        let (mut bytes, mut scales) = quantized(context, 0, &shape)?;
        let out = rows_of(&mut bytes, &mut scales)?;
        let values = values.try_extract_tensor()?.1;
        let done = self.kernels.quantize(values, width(&shape), out);
        done.map_err(ort::Error::wrap)
    }
}

fn input(context: &ComputeContext, at: usize) -> ort::Result<ValueRef<'_>> {
    let missing = || ort::Error::new(format!("a node lacks its input {at}"));
    context.input(at)?.ok_or_else(missing)
}

fn output<'a>(
    context: &'a ComputeContext,
    at: usize,
    shape: &[i64],
) -> ort::Result<ValueRefMut<'a>> {
    let missing = || ort::Error::new(format!("a node lacks its output {at}"));
    context.output(at, shape.to_vec())?.ok_or_else(missing)
}

/// Returns the output of a residual's sum, which the last one is, if the graph wants it.
fn sum<'a>(
    context: &'a ComputeContext,
    at: usize,
    shape: &[i64],
) -> ort::Result<Option<ValueRefMut<'a>>> {
    if context.num_outputs()? > at {
        context.output(at, shape.to_vec())
    } else {
        Ok(None)
    }
}

/// Returns the outputs for the bytes of rows and their scales.
fn quantized<'a>(
    context: &'a ComputeContext,
    at: usize,
    shape: &[i64],
) -> ort::Result<(ValueRefMut<'a>, ValueRefMut<'a>)> {
    let mut scales = shape.to_vec();
    if let Some(width) = scales.last_mut() {
        *width = 2;
    }
    Ok((
        output(context, at, shape)?,
        output(context, at + 1, &scales)?,
    ))
}

/// Returns a product of floats, whose bias is not in it yet.
fn of_floats<'a>(values: &'a ValueRef<'_>, bias: &'a ValueRef<'_>) -> ort::Result<Product<'a>> {
    Ok(Product::Floats {
        values: values.try_extract_tensor()?.1,
        bias: bias.try_extract_tensor()?.1,
    })
}

/// Returns a product of integers with the scales of its rows and columns.
fn of_integers<'a>(
    values: &'a ValueRef<'_>,
    scales: &'a ValueRef<'_>,
    columns: &'a ValueRef<'_>,
) -> ort::Result<Product<'a>> {
    Ok(Product::Integers {
        values: values.try_extract_tensor()?.1,
        scales: scales.try_extract_tensor()?.1,
        columns: columns.try_extract_tensor()?.1,
    })
}

/// Returns where quantized rows go.
fn rows_of<'a>(
    bytes: &'a mut ValueRefMut<'_>,
    scales: &'a mut ValueRefMut<'_>,
) -> ort::Result<Quantized<'a>> {
    Ok(Quantized {
        bytes: bytes.try_extract_tensor_mut()?.1,
        scales: floats_of(scales)?,
    })
}

fn floats_of<'a>(value: &'a mut ValueRefMut<'_>) -> ort::Result<&'a mut [f32]> {
    Ok(value.try_extract_tensor_mut()?.1)
}

fn shape(value: &ValueRef<'_>) -> Vec<i64> {
    value.shape().to_vec()
}

fn width(shape: &[i64]) -> usize {
    usize::try_from(shape.last().copied().unwrap_or(0)).unwrap_or(0)
}

fn elements(shape: &[i64]) -> usize {
    usize::try_from(shape.iter().product::<i64>()).unwrap_or(0)
}

/// Returns the number of tokens of each text, from a mask with the padding on the right.
fn lengths(mask: &ValueRef<'_>) -> ort::Result<Vec<usize>> {
    let (shape, mask) = mask.try_extract_tensor::<i64>()?;
    let length = width(shape);
    let texts = mask.chunks(length.max(1));
    Ok(texts
        .map(|text| text.iter().filter(|&&token| token != 0).count())
        .collect())
}
