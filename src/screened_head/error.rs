//! What can be wrong with a head's weights or a document's hidden states.

use super::bound::MAX_HIDDEN;
use super::kernel::KernelKind;
use crate::quote::Name;

/// The reason why a head cannot be built or a document cannot be pooled.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum HeadError {
    /// The hidden width is zero or above `MAX_HIDDEN`.
    #[error("hidden width {hidden} is not in 1..={MAX_HIDDEN}")]
    Width {
        /// The width asked for.
        hidden: usize,
    },
    /// A slice does not have the length that the other arguments ask for.
    #[error("{what} has {got} values, expected {expected}", expected = Name(expected))]
    Length {
        /// The argument's name.
        what: &'static str,
        /// The slice's length.
        got: usize,
        /// The right length, in words.
        expected: String,
    },
    /// A weight, bias or center value is NaN or infinite.
    #[error("{what} holds a value that is not finite, at index {index}")]
    WeightNotFinite {
        /// The argument's name.
        what: &'static str,
        /// The index of the first such value.
        index: usize,
    },
    /// A hidden state of the document is NaN or infinite.
    #[error("hidden state of token {token} is not finite")]
    HiddenNotFinite {
        /// The first row with such a value.
        token: usize,
    },
    /// The kernel asked for needs instructions that this machine lacks.
    #[error("this machine cannot run the head's kernel {0:?}")]
    KernelUnavailable(KernelKind),
}
