//! What becomes of texts that are longer than the model takes.

use serde::{Deserialize, Serialize};

/// What becomes of a text of more than `max_length` tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LongTexts {
    /// Its beginning is encoded and the rest is left out.
    #[default]
    Truncate,
    /// It is encoded in windows of `max_length` tokens, and each term has its largest weight in any of them.
    Windows,
}

impl LongTexts {
    /// Returns true for [`LongTexts::Truncate`].
    #[must_use]
    #[allow(clippy::trivially_copy_pass_by_ref, reason = "serde passes references")]
    pub fn is_truncate(&self) -> bool {
        *self == Self::Truncate
    }
}
