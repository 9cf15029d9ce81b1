//! What a model folder has beside configuration and weights, and where it has what.

mod files;
mod pooling;

pub use files::ModelFiles;
pub use pooling::{Activation, Pooling};
