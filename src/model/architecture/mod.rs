//! The architectures of checkpoints: one file for each, which reads its own keys of `config.json`, finds
//! its own tensors, builds its own graph from [`super::blocks`] and tells its own size.
//!
//! To add one, write the file and list it in `registry.rs`. Nothing else names a model type.

mod bert;
mod distilbert;
mod gte;
mod interface;
mod modernbert;
mod post_norm;
mod registry;
mod roberta;
mod source;

pub use interface::Architecture;
pub use registry::{family, positions, unknown};
pub use source::Source;
