//! Opens regular files, and nothing else.
//!
//! A folder may come from anywhere. A pipe in it would block whoever opens it, a device has no end, and a link leads out
//! of the folder. So files whose names are ours are opened here.

use std::fs::Metadata;
use std::io;
use std::path::Path;

use crate::quote;
use crate::regular_file::FileKind;

/// Opens a regular file for reading.
///
/// # Errors
/// Fails for a link, a folder, a pipe, a device and a socket, and where the file system does.
pub(crate) fn open_regular(path: &Path) -> io::Result<fs_err::File> {
    regular_metadata(path)?;
    fs_err::File::open(path)
}

/// Returns the metadata of a regular file.
///
/// # Errors
/// Fails as [`open_regular`] does.
pub(crate) fn regular_metadata(path: &Path) -> io::Result<Metadata> {
    let metadata = fs_err::symlink_metadata(path)?;
    if metadata.is_file() {
        return Ok(metadata);
    }
    Err(io::Error::new(
        io::ErrorKind::InvalidInput,
        format!(
            "{} is {}, not a regular file: put the file itself in its place",
            quote::path(path),
            FileKind::of_type(metadata.file_type()).name()
        ),
    ))
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn only_regular_files_are_opened() {
        let dir = tempfile::tempdir().unwrap();
        let at = |name: &str| dir.path().join(name);
        fs_err::write(at("file"), "x").unwrap();
        assert!(open_regular(&at("file")).is_ok());
        fs_err::os::unix::fs::symlink(at("file"), at("link")).unwrap();
        fs_err::os::unix::fs::symlink("/dev/zero", at("zero")).unwrap();
        fs_err::create_dir(at("folder")).unwrap();
        let fifo = std::process::Command::new("mkfifo")
            .arg(at("fifo"))
            .status();
        assert!(fifo.unwrap().success());
        for (name, kind) in [
            ("link", "a link"),
            ("zero", "a link"),
            ("folder", "a folder"),
            ("fifo", "a pipe"),
        ] {
            let error = open_regular(&at(name)).unwrap_err().to_string();
            assert!(error.contains(&format!("{name} is {kind}")), "{error}");
        }
        let error = open_regular(Path::new("/dev/null")).unwrap_err();
        assert!(error.to_string().contains("a device"), "{error}");
        let error = open_regular(&at("none")).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::NotFound);
    }
}
