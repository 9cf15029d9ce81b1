//! One stream of records.

use std::path::PathBuf;
use std::sync::Arc;

use super::zip_member::ZipMember;
use crate::quote::Name;

/// One stream of records.
#[derive(Debug, Clone)]
pub struct Source {
    /// The name used in messages and in the manifest.
    pub name: Arc<str>,
    pub(super) content: Content,
}

#[derive(Debug, Clone)]
pub(super) enum Content {
    /// Standard input.
    Stdin,
    /// A regular file: anything else at its place is refused when it is opened.
    File(PathBuf),
    /// A pipe that the user named.
    Pipe(PathBuf),
    /// A file of a zip archive.
    Zip(ZipMember),
}

impl Source {
    /// Returns the number of bytes to read (compressed where the file is), if it can be known.
    #[must_use]
    pub fn size(&self) -> Option<u64> {
        match &self.content {
            Content::Stdin | Content::Pipe(_) => None,
            Content::File(path) => std::fs::metadata(path)
                .ok()
                .filter(std::fs::Metadata::is_file)
                .map(|meta| meta.len()),
            Content::Zip(member) => Some(member.compressed_size),
        }
    }

    /// Takes the regular file at a path, whatever its name.
    #[must_use]
    pub fn file(path: PathBuf) -> Self {
        Self {
            name: path.to_string_lossy().into(),
            content: Content::File(path),
        }
    }

    /// Returns the name as it can be printed: control characters escaped, a long name cut.
    #[must_use]
    pub fn display_name(&self) -> String {
        Name(&self.name).to_string()
    }

    /// Returns true if the source can be read only once, from its beginning.
    pub(super) fn is_pipe(&self) -> bool {
        matches!(self.content, Content::Stdin | Content::Pipe(_))
    }

    /// Takes the pipe at a path.
    pub(super) fn pipe(path: PathBuf) -> Self {
        Self {
            name: path.to_string_lossy().into(),
            content: Content::Pipe(path),
        }
    }
}
