//! What a model folder has beside configuration and weights, and where it has what.

mod files;
mod max_length;
mod modules;
mod pooling;
#[cfg(test)]
mod tests;

pub use files::ModelFiles;
pub use max_length::read_max_length;
pub use modules::Modules;
pub use pooling::{Activation, Pooling};
