//! Single files that a user asks for by name.

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use thiserror::Error;

use super::atomic_file::AtomicFile;
use super::folder::{create_folder, parent_of};
use crate::quote;

/// A file that appears when it is whole, under a name that nothing had before.
pub struct NewFile {
    file: AtomicFile,
    path: PathBuf,
}

/// Why a new file cannot be written.
#[derive(Debug, Error)]
#[non_exhaustive]
#[allow(missing_docs, reason = "each message says what the variant means")]
pub enum NewFileError {
    #[error("{path}: it exists already and is never overwritten; choose another name or remove it", path = quote::path(path))]
    Exists { path: PathBuf },
    #[error(transparent)]
    Io(#[from] io::Error),
}

impl NewFile {
    /// Opens a temporary file beside `path`, where there must be nothing; folders are created.
    ///
    /// # Errors
    /// [`NewFileError`].
    pub fn create(path: &Path) -> Result<Self, NewFileError> {
        // A link that leads nowhere is something too.
        if path.symlink_metadata().is_ok() {
            let path = path.to_owned();
            return Err(NewFileError::Exists { path });
        }
        create_folder(parent_of(path))?;
        Ok(Self {
            file: AtomicFile::beside(path)?,
            path: path.to_owned(),
        })
    }

    /// Writes the file to disk and gives it its name, unless something has that name by now.
    ///
    /// # Errors
    /// [`NewFileError`].
    pub fn finish(self) -> Result<(), NewFileError> {
        let path = self.path;
        self.file.finish_new().map_err(|error| match error.kind() {
            io::ErrorKind::AlreadyExists => NewFileError::Exists { path },
            _ => NewFileError::Io(error),
        })
    }
}

impl Write for NewFile {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        self.file.write(buf)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_exists_is_never_overwritten() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("below/file");
        let mut first = NewFile::create(&path).unwrap();
        let second = NewFile::create(&path).unwrap();
        first.write_all(b"first").unwrap();
        first.finish().unwrap();
        let lost = second.finish();
        assert!(matches!(lost, Err(NewFileError::Exists { .. })));
        let again = NewFile::create(&path);
        assert!(matches!(again, Err(NewFileError::Exists { .. })));
        assert_eq!(fs_err::read(&path).unwrap(), b"first");
        assert_eq!(
            fs_err::read_dir(dir.path().join("below")).unwrap().count(),
            1
        );
    }
}
