//! Texts -> sparse vectors of float weights.
//!
//! [`Tokens`] are cut to the longest allowed text by [`TextTokenizer`], grouped into batches of equal
//! cost by [`Batch::plan`], and run through ONNX Runtime by one [`Worker`] a thread.

mod batch;
mod calibration;
mod device;
#[allow(clippy::module_inception, reason = "the noun of this folder")]
mod encoder;
mod error;
mod memory;
mod runtime;
mod session;
mod tokens;

pub use batch::{Batch, BatchBudget};
pub use device::{Device, DeviceChoice};
pub use encoder::{Effort, EncodedBatch, Encoder, EncoderOptions, HeadChoice, Worker};
pub use error::{EncodeError, NoCuda};
pub use memory::MemoryPlan;
pub use runtime::{Runtime, RuntimeError};
pub use tokens::{TextTokenizer, Tokens};
