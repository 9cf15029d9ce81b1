//! A part of what is converted.

use std::path::PathBuf;

use crate::corpus::Source;
use crate::run::{Counts, PartFile};

/// A part of the input, which is a file.
pub(super) struct SourcePart {
    pub(super) number: usize,
    pub(super) source: Source,
    /// The file as a manifest describes it, and its folder.
    pub(super) written: Option<(PathBuf, PartFile)>,
    pub(super) input_sha256: String,
    /// What the manifest says; nothing where there is none.
    pub(super) counts: Counts,
}
