//! What there is at a path.

use std::fs::FileType;
use std::path::Path;

/// What there is at a path, links followed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum FileKind {
    /// A regular file.
    Regular,
    /// A folder.
    Folder,
    /// A named or unnamed pipe.
    Pipe,
    /// Anything else, as it is called in messages.
    Other(&'static str),
}

impl FileKind {
    /// Looks at a path.
    pub fn of(path: &Path) -> std::io::Result<Self> {
        std::fs::metadata(path).map(|meta| Self::of_type(meta.file_type()))
    }

    fn of_type(kind: FileType) -> Self {
        if kind.is_file() {
            return Self::Regular;
        }
        if kind.is_dir() {
            return Self::Folder;
        }
        #[cfg(unix)]
        {
            use std::os::unix::fs::FileTypeExt;
            if kind.is_fifo() {
                return Self::Pipe;
            }
            if kind.is_socket() {
                return Self::Other("a socket");
            }
        }
        Self::Other("a device")
    }

    /// Returns what it is, for messages.
    pub fn name(self) -> &'static str {
        match self {
            Self::Regular => "a file",
            Self::Folder => "a folder",
            Self::Pipe => "a pipe",
            Self::Other(name) => name,
        }
    }
}
