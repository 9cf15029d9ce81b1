//! Locks files by the operating system's own locks, which a dead process cannot hold.

use std::fs::TryLockError;
use std::io;
use std::path::Path;

use super::regular_file::{open_regular, regular_metadata};

/// Lock on a file, held until the value is dropped.
#[derive(Debug)]
pub(crate) struct FileLock {
    _file: fs_err::File,
}

/// Reason why a lock was not acquired.
#[derive(Debug)]
pub(crate) enum LockFailure {
    /// A live process holds it.
    Held,
    /// The file cannot be created or locked.
    Io(io::Error),
}

impl FileLock {
    /// Creates the file if it is missing and locks it, without waiting.
    ///
    /// # Errors
    /// Returns the [`LockFailure`].
    pub(crate) fn acquire(path: &Path) -> Result<Self, LockFailure> {
        match regular_metadata(path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                return Err(LockFailure::Io(error));
            }
            _ => {}
        }
        let file = fs_err::OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .open(path)
            .map_err(LockFailure::Io)?;
        match file.file().try_lock() {
            Ok(()) => Ok(Self { _file: file }),
            // Some network file systems have no locks.
            Err(TryLockError::Error(error)) if error.kind() == io::ErrorKind::Unsupported => {
                Ok(Self { _file: file })
            }
            Err(TryLockError::WouldBlock) => Err(LockFailure::Held),
            Err(TryLockError::Error(error)) => Err(LockFailure::Io(error)),
        }
    }

    /// Returns true if a live process holds the lock of this file.
    pub(crate) fn is_held(path: &Path) -> bool {
        open_regular(path).is_ok_and(|file| {
            matches!(file.file().try_lock_shared(), Err(TryLockError::WouldBlock))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[cfg(unix)]
    fn a_pipe_is_no_lock() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("lock");
        let made = std::process::Command::new("mkfifo").arg(&path).status();
        assert!(made.unwrap().success());
        assert!(!FileLock::is_held(&path));
        assert!(matches!(FileLock::acquire(&path), Err(LockFailure::Io(_))));
    }

    #[test]
    fn a_lock_is_held_until_it_is_dropped() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("lock");
        assert!(!FileLock::is_held(&path));
        let lock = FileLock::acquire(&path).unwrap();
        assert!(FileLock::is_held(&path));
        assert!(matches!(FileLock::acquire(&path), Err(LockFailure::Held)));
        drop(lock);
        assert!(!FileLock::is_held(&path));
        assert!(FileLock::acquire(&path).is_ok());
    }
}
