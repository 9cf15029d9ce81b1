//! Writes files that appear whole or not at all.

use std::error::Error;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use tempfile::{NamedTempFile, PersistError};

use super::fault;
use super::folder::{parent_of, sync_folder};
use crate::quote;

/// Begins the name of every temporary file, so that what a killed run left can be told from a user's files.
pub(crate) const TEMPORARY_PREFIX: &str = ".unfinished-";

/// A file under a temporary name until [`AtomicFile::finish`] gives it its own.
pub struct AtomicFile {
    temp: BufWriter<Temporary>,
    path: PathBuf,
}

impl AtomicFile {
    /// Opens a temporary file in `folder`, which must be on the file system of `path`.
    ///
    /// # Errors
    /// Fails where the file system does.
    pub fn create(folder: &Path, path: &Path) -> io::Result<Self> {
        fault::point("a new file").map_err(|e| named(path, &e))?;
        let temp = builder()
            .tempfile_in(folder)
            .map_err(|e| named(folder, &e))?;
        Ok(Self {
            temp: BufWriter::with_capacity(1 << 18, Temporary(temp)),
            path: path.to_owned(),
        })
    }

    /// Opens a temporary file beside `path`.
    ///
    /// # Errors
    /// Fails where the file system does.
    pub fn beside(path: &Path) -> io::Result<Self> {
        Self::create(parent_of(path), path)
    }

    /// Writes the file to disk and renames it. Without this call it vanishes.
    ///
    /// # Errors
    /// Those of the file system.
    pub fn finish(self) -> io::Result<()> {
        self.persist(|temp, path| temp.persist(path))
    }

    /// Does the same, and fails if there is a file of that name by now.
    ///
    /// # Errors
    /// [`io::ErrorKind::AlreadyExists`], and those of the file system.
    pub fn finish_new(self) -> io::Result<()> {
        self.persist(|temp, path| temp.persist_noclobber(path))
    }

    fn persist(
        self,
        rename: impl FnOnce(NamedTempFile, &Path) -> Result<std::fs::File, PersistError>,
    ) -> io::Result<()> {
        let temp = self
            .temp
            .into_inner()
            .map_err(|e| named(&self.path, e.error()))?
            .0;
        let failed = |e: &io::Error| named(&self.path, e);
        fault::point("a sync").map_err(|e| failed(&e))?;
        temp.as_file().sync_all().map_err(|e| failed(&e))?;
        fault::point("a rename").map_err(|e| failed(&e))?;
        rename(temp, &self.path).map_err(|e| failed(&e.error))?;
        sync_folder(parent_of(&self.path)).map_err(|e| failed(&e))
    }
}

impl Write for AtomicFile {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        self.temp.write(buf).map_err(|e| named(&self.path, &e))
    }

    fn flush(&mut self) -> io::Result<()> {
        self.temp.flush().map_err(|e| named(&self.path, &e))
    }
}

struct Temporary(NamedTempFile);

impl Write for Temporary {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        fault::point("a write")?;
        self.0.write(buf)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

/// Adds the path to an error, in the place of a temporary name that no user knows.
fn named(path: &Path, error: &io::Error) -> io::Error {
    let cause = error.source().and_then(|cause| cause.downcast_ref());
    let plain: &io::Error = cause.unwrap_or(error);
    io::Error::new(error.kind(), quote::located(path, plain))
}

/// Writes a file that appears whole; its temporary file is made in `folder`, which must be on the file system of `path`.
///
/// # Errors
/// Fails where the file system does.
pub(crate) fn write_whole(folder: &Path, path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = AtomicFile::create(folder, path)?;
    file.write_all(bytes)?;
    file.finish()
}

/// Builds temporary files with the permissions of any new file, less those that the user's umask takes away. By default
/// they would be private to their owner.
fn builder() -> tempfile::Builder<'static, 'static> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(TEMPORARY_PREFIX);
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    builder
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn appears_only_when_finished() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a");
        let mut file = AtomicFile::beside(&path).unwrap();
        file.write_all(b"x").unwrap();
        assert!(!path.exists());
        drop(file);
        assert_eq!(fs_err::read_dir(dir.path()).unwrap().count(), 0);
        let mut file = AtomicFile::beside(&path).unwrap();
        file.write_all(b"y").unwrap();
        file.finish().unwrap();
        assert_eq!(fs_err::read(&path).unwrap(), b"y");
        let mut file = AtomicFile::beside(&path).unwrap();
        file.write_all(b"z").unwrap();
        assert!(file.finish_new().is_err());
        assert_eq!(fs_err::read(&path).unwrap(), b"y");
    }
}
