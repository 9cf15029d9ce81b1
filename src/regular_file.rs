//! Opens regular files only: a pipe would block, and a device may never end.

use std::fs::{File, FileType};
use std::io;
use std::path::Path;

/// Opens a path only if there is a regular file, links followed.
///
/// # Errors
/// Returns the errors of the file system, without the path, and [`io::ErrorKind::InvalidInput`] for anything else.
pub(crate) fn open(path: &Path) -> io::Result<File> {
    match FileKind::of(path)? {
        FileKind::Regular => File::open(path),
        other => {
            let message = format!("this is {}, not a file", other.name());
            Err(io::Error::new(io::ErrorKind::InvalidInput, message))
        }
    }
}

/// What there is at a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FileKind {
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
    /// Looks at a path, links followed.
    pub fn of(path: &Path) -> io::Result<Self> {
        std::fs::metadata(path).map(|meta| Self::of_type(meta.file_type()))
    }

    /// Tells the kind from what the file system says.
    pub fn of_type(kind: FileType) -> Self {
        if kind.is_file() {
            return Self::Regular;
        }
        if kind.is_symlink() {
            return Self::Other("a link");
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

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_file_is_not_opened() {
        let error = open(Path::new("/dev/zero")).unwrap_err();
        assert_eq!(error.to_string(), "this is a device, not a file");
        let dir = tempfile::tempdir().unwrap();
        let error = open(dir.path()).unwrap_err();
        assert_eq!(error.to_string(), "this is a folder, not a file");
        let pipe = dir.path().join("pipe");
        let made = std::process::Command::new("mkfifo").arg(&pipe).status();
        assert!(made.unwrap().success());
        let error = open(&pipe).unwrap_err();
        assert_eq!(error.to_string(), "this is a pipe, not a file");
    }
}
