//! The blocks that encoders are built of, in plain operators for CPUs and in fused ones for GPUs.
//!
//! A block is a struct of tensors, which an architecture fills, and a method of [`EncoderBuilder`], which
//! writes it into a graph:
//!
//! ```text
//! Embeddings    norm(word[ids] + position[0..L] + type[0])
//! Attention     w · softmax(q kᵀ / √d) v, of all tokens or of those within a window
//! Rotary        positions as rotations of queries and keys
//! FeedForward   w2 · act(w1 · x), perhaps with a gate
//! Layer         the two, each with a residual and a norm after or before it
//! MlmTransform  norm(act(w · x)), before the decoder
//! ```

mod activation;
mod attention;
mod attention_fused;
mod attention_long;
mod attention_plain;
mod attention_window;
mod builder;
mod dense;
mod embeddings;
mod feed_forward;
mod head;
mod layer;
mod norm;
mod own;
mod rotary;
mod window;

pub use activation::Activation;
pub use attention::Attention;
pub use builder::{EncoderBuilder, dim};
pub use dense::Dense;
pub use embeddings::{Embeddings, Positions};
pub use feed_forward::FeedForward;
pub use head::{Decoder, Encoded, Head, MlmTransform};
pub use layer::Layer;
pub use norm::{Norm, NormOrder, Stream};
pub use rotary::Rotary;
