//! Running the graph. The only folder that names `ort`.

pub mod cuda;
mod environment;
mod graph_session;
mod ort_error;
mod own_operators;
mod shared_graph;
mod version;

pub use environment::probe;
pub use graph_session::{GraphSession, Padded, Values};
pub use ort_error::is_out_of_memory;
pub use shared_graph::{SharedGraph, SharedValues};
pub use version::version;
