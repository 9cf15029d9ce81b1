//! A session of ONNX Runtime, for one thread at a time.

use std::borrow::Cow;

use half::f16;
use ort::memory::Allocator;
use ort::session::{HasSelectedOutputs, RunOptions, Session, SessionInputValue};
use ort::value::{DynValue, Shape, Tensor, TensorElementType, TensorRef};

use super::super::error::EncodeError;
use crate::model::ModelInput;

/// Token ids and mask, `[texts, length]` each, padded on the right.
pub struct Padded<'a> {
    /// Number of texts.
    pub texts: usize,
    /// Tokens of each text, padding included.
    pub length: usize,
    /// Token ids.
    pub ids: &'a [i64],
    /// 1 for a token, 0 for padding.
    pub mask: &'a [i64],
}

/// The output of a run, row-major.
pub enum Values<'a> {
    /// Values in single precision.
    F32(&'a [f32]),
    /// Values in half precision.
    F16(&'a [f16]),
}

/// A session of ONNX Runtime with what a run of it needs.
pub struct GraphSession {
    pub(super) session: Session,
    pub(super) options: RunOptions<HasSelectedOutputs>,
    pub(super) inputs: Vec<ModelInput>,
    pub(super) output: String,
    /// Memory that a GPU writes to directly; `None` on the CPU.
    pub(super) pinned: Option<Allocator>,
}

impl GraphSession {
    /// Runs a batch and hands the output to `take`. A pooled output has `columns` values per text.
    pub fn run<T>(
        &mut self,
        batch: &Padded<'_>,
        columns: usize,
        take: impl FnOnce(&Shape, Values<'_>) -> Result<T, EncodeError>,
    ) -> Result<T, EncodeError> {
        let failed = |e: ort::Error| EncodeError::Run {
            texts: batch.texts,
            length: batch.length,
            reason: e.to_string(),
        };
        let inputs = inputs(&self.inputs, batch)?;
        // Lives as long as the outputs.
        let mut binding;
        let outputs = match &self.pinned {
            None => self
                .session
                .run_with_options(inputs, &self.options)
                .map_err(failed)?,
            Some(pinned) => {
                binding = self.session.create_binding()?;
                for (name, value) in &inputs {
                    binding.bind_input(name.as_ref(), value)?;
                }
                let half = is_half(&self.session, &self.output);
                let output = pinned_output(pinned, half, [batch.texts, columns])?;
                binding.bind_output(&*self.output, output)?;
                self.session.run_binding(&binding).map_err(failed)?
            }
        };
        let output = &outputs[self.output.as_str()];
        if let Ok((shape, values)) = output.try_extract_tensor::<f16>() {
            return take(shape, Values::F16(values));
        }
        let (shape, values) = output.try_extract_tensor::<f32>().map_err(failed)?;
        take(shape, Values::F32(values))
    }
}

type NamedValue<'a> = (Cow<'a, str>, SessionInputValue<'a>);

/// Makes the tensors that the graph wants.
fn inputs<'a>(
    wanted: &[ModelInput],
    batch: &Padded<'a>,
) -> Result<Vec<NamedValue<'a>>, EncodeError> {
    let shape = [batch.texts, batch.length];
    let value = |input| -> Result<SessionInputValue<'a>, EncodeError> {
        Ok(match input {
            ModelInput::Ids => TensorRef::from_array_view((shape, batch.ids))?.into(),
            ModelInput::Mask => TensorRef::from_array_view((shape, batch.mask))?.into(),
            ModelInput::TokenTypes => {
                Tensor::from_array((shape, vec![0i64; batch.ids.len()]))?.into()
            }
            ModelInput::Positions => {
                let row = 0..i64::try_from(batch.length).unwrap_or(i64::MAX);
                let positions: Vec<i64> = (0..batch.texts).flat_map(|_| row.clone()).collect();
                Tensor::from_array((shape, positions))?.into()
            }
        })
    };
    wanted
        .iter()
        .map(|&input| Ok((input.name().into(), value(input)?)))
        .collect()
}

/// Returns true if the output of this name is in half precision.
fn is_half(session: &Session, name: &str) -> bool {
    session.outputs().iter().any(|output| {
        output.name() == name && output.dtype().tensor_type() == Some(TensorElementType::Float16)
    })
}

/// Makes a tensor that the GPU writes its output to.
fn pinned_output(
    pinned: &Allocator,
    half: bool,
    shape: [usize; 2],
) -> Result<DynValue, EncodeError> {
    Ok(if half {
        Tensor::<f16>::new(pinned, shape)?.into_dyn()
    } else {
        Tensor::<f32>::new(pinned, shape)?.into_dyn()
    })
}
