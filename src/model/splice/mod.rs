//! Exported graphs: what must be known of an ONNX file, and the head behind its logits.

mod ends;
mod external;
mod file;
mod header;
#[cfg(test)]
mod tests;

pub use ends::Output;
pub use file::OnnxFile;
