//! The weights of a checkpoint, and the constants of a graph that are made of them.

mod checkpoint;
pub mod pickle;
mod safetensors;
mod tensor;
mod weight;

pub use checkpoint::{Checkpoint, TOKEN_WEIGHTS};
pub use tensor::Tensor;
pub use weight::{Weight, WeightValues};
