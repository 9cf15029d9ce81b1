//! Files that appear whole or not at all.

use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use fs_err as fs;
use tempfile::NamedTempFile;

/// Of temporary names.
pub(super) const PREFIX: &str = ".unfinished-";

/// A file under a temporary name; [`AtomicFile::finish`] gives it its own.
pub struct AtomicFile {
    temp: BufWriter<Temporary>,
    path: PathBuf,
}

impl AtomicFile {
    /// Opens a temporary file in `folder`, which must be on the file system of `path`.
    ///
    /// # Errors
    /// Those of the file system.
    pub fn create(folder: &Path, path: &Path) -> io::Result<Self> {
        crate::fault::point("a new file").map_err(|e| named(path, &e))?;
        let temp = tempfile::Builder::new()
            .prefix(PREFIX)
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
    /// Those of the file system.
    pub fn beside(path: &Path) -> io::Result<Self> {
        let parent = path.parent().filter(|p| !p.as_os_str().is_empty());
        Self::create(parent.unwrap_or(Path::new(".")), path)
    }

    /// Writes to disk and renames. Without this call the file vanishes.
    ///
    /// # Errors
    /// Those of the file system.
    pub fn finish(self) -> io::Result<()> {
        let temp = self
            .temp
            .into_inner()
            .map_err(|e| named(&self.path, e.error()))?
            .0;
        let failed = |e: &io::Error| named(&self.path, e);
        make_readable(temp.as_file()).map_err(|e| failed(&e))?;
        crate::fault::point("a sync").map_err(|e| failed(&e))?;
        temp.as_file().sync_all().map_err(|e| failed(&e))?;
        crate::fault::point("a rename").map_err(|e| failed(&e))?;
        temp.persist(&self.path).map_err(|e| failed(&e.error))?;
        crate::fault::point("the sync of a folder").map_err(|e| failed(&e))?;
        sync_folder(self.path.parent())
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
        crate::fault::point("a write")?;
        self.0.write(buf)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

fn named(path: &Path, error: &io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("{}: {error}", path.display()))
}

/// Temporary files are private to their owner; results are not.
#[cfg(unix)]
fn make_readable(file: &std::fs::File) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    file.set_permissions(std::fs::Permissions::from_mode(0o644))
}

#[cfg(not(unix))]
fn make_readable(_: &std::fs::File) -> io::Result<()> {
    Ok(())
}

/// A rename is on disk when its folder is.
pub(super) fn sync_folder(folder: Option<&Path>) -> io::Result<()> {
    match folder {
        Some(folder) if cfg!(unix) && !folder.as_os_str().is_empty() => {
            fs::File::open(folder)?.sync_all()
        }
        _ => Ok(()),
    }
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
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0);
        let mut file = AtomicFile::beside(&path).unwrap();
        file.write_all(b"y").unwrap();
        file.finish().unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"y");
    }
}
