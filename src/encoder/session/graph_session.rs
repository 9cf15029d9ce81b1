//! A session of ONNX Runtime, for one thread at a time.

use std::borrow::Cow;

use half::f16;
use ort::session::{HasSelectedOutputs, OutputSelector, RunOptions, Session, SessionInputValue};
use ort::value::{Tensor, TensorRef};

use super::super::error::EncodeError;
use crate::model::{GraphOutput, ModelInput};

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

/// The output of a run.
pub enum Values<'a> {
    /// Values in single precision, row-major.
    F32(&'a [f32]),
    /// Values in half precision, row-major.
    F16(&'a [f16]),
    /// The values that are not zero.
    Entries {
        /// Row · columns + column of each, ascending.
        places: &'a [i64],
        /// The value at each place.
        values: &'a [f32],
        /// Length of a row.
        columns: usize,
    },
}

/// A session of ONNX Runtime with what a run of it needs.
pub struct GraphSession {
    session: Session,
    options: RunOptions<HasSelectedOutputs>,
    inputs: Vec<ModelInput>,
    output: GraphOutput,
}

impl GraphSession {
    /// Takes a session of the graph with these inputs and this output.
    pub(super) fn new(
        session: Session,
        inputs: Vec<ModelInput>,
        output: GraphOutput,
    ) -> Result<Self, EncodeError> {
        let outputs = OutputSelector::no_default();
        let outputs = match &output {
            GraphOutput::Dense(name) => outputs.with(name.clone()),
            GraphOutput::Entries {
                places, weights, ..
            } => outputs.with(*places).with(*weights),
        };
        Ok(Self {
            session,
            options: RunOptions::new()?.with_outputs(outputs),
            inputs,
            output,
        })
    }

    /// Runs a batch and hands the output to `take`.
    pub fn run<T>(
        &mut self,
        batch: &Padded<'_>,
        take: impl FnOnce(Values<'_>) -> Result<T, EncodeError>,
    ) -> Result<T, EncodeError> {
        let failed = |e: ort::Error| EncodeError::Run {
            texts: batch.texts,
            length: batch.length,
            reason: e.to_string(),
        };
        let inputs = inputs(&self.inputs, batch)?;
        let outputs = self.session.run_with_options(inputs, &self.options);
        let outputs = outputs.map_err(failed)?;
        match &self.output {
            GraphOutput::Dense(name) => {
                let output = &outputs[name.as_str()];
                if let Ok((_, values)) = output.try_extract_tensor::<f16>() {
                    return take(Values::F16(values));
                }
                let (_, values) = output.try_extract_tensor::<f32>().map_err(failed)?;
                take(Values::F32(values))
            }
            GraphOutput::Entries {
                places,
                weights,
                columns,
            } => {
                let places = outputs[*places].try_extract_tensor::<i64>();
                let values = outputs[*weights].try_extract_tensor::<f32>();
                let (places, values) = (places.map_err(failed)?.1, values.map_err(failed)?.1);
                take(Values::Entries {
                    places,
                    values,
                    columns: *columns,
                })
            }
        }
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
