//! Creates folders, and makes their entries durable.

use std::io;
use std::path::Path;

use super::fault;

/// Writes the names in a folder to disk, where the system can do that: a file that was created or renamed is only as
/// durable as its name.
///
/// # Errors
/// Fails where the file system does.
pub(crate) fn sync_folder(folder: &Path) -> io::Result<()> {
    fault::point("the sync of a folder")?;
    if cfg!(unix) {
        fs_err::File::open(folder)?.sync_all()?;
    }
    Ok(())
}

/// Creates a folder and its parents where they are missing.
///
/// # Errors
/// Fails where the file system does.
pub(crate) fn create_folder(folder: &Path) -> io::Result<()> {
    fault::point("a new folder")?;
    fs_err::create_dir_all(folder)
}

/// Returns the folder that holds `path`: the current one for a bare name.
pub(crate) fn parent_of(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    }
}
