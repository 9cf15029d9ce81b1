//! Texts -> sparse vectors of float weights.
//!
//! [`Tokens`] are cut to the longest allowed text by [`TextTokenizer`], grouped into batches of equal
//! cost by [`Batch::plan`], and run through ONNX Runtime by one [`Worker`] a thread.

mod batch;
mod runtime;
mod session;
mod tokens;

pub use batch::{Batch, BatchBudget};
pub use runtime::{Runtime, RuntimeError};
pub use session::{EncodeError, Encoder, Worker};
pub use tokens::{TextTokenizer, Tokens};
