//! A document's hidden states as the stages of pooling read them.

use super::bound::DocumentBound;
use super::rows::QuantizedRows;

/// A document on its way through the head.
#[derive(Clone, Copy)]
pub(super) struct Document<'a> {
    /// The hidden states, one row per token: `T x H`.
    pub hidden: &'a [f32],
    /// The same rows as integers.
    pub rows: &'a QuantizedRows,
    /// The bounds of what these integers say.
    pub bound: DocumentBound,
}
