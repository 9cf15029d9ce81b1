//! One stream of records.

use std::path::PathBuf;
use std::sync::Arc;

use super::zip_member::ZipMember;

/// One stream of records.
#[derive(Debug, Clone)]
pub struct Source {
    /// The name used in messages and in the manifest.
    pub name: Arc<str>,
    pub(super) content: Content,
}

#[derive(Debug, Clone)]
pub(super) enum Content {
    Stdin,
    File(PathBuf),
    Zip(ZipMember),
}

impl Source {
    /// Returns the number of bytes to read (compressed where the file is), if it can be known.
    #[must_use]
    pub fn size(&self) -> Option<u64> {
        match &self.content {
            Content::Stdin => None,
            Content::File(path) => std::fs::metadata(path)
                .ok()
                .filter(std::fs::Metadata::is_file)
                .map(|meta| meta.len()),
            Content::Zip(member) => Some(member.compressed_size),
        }
    }

    /// Takes the file at a path, whatever its name.
    #[must_use]
    pub fn file(path: PathBuf) -> Self {
        Self {
            name: path.to_string_lossy().into(),
            content: Content::File(path),
        }
    }
}
