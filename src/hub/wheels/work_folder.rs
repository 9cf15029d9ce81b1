//! The temporary folder of a setup, known by a mark in it: nothing else is ever removed.

use std::io;
use std::path::Path;

use fs_err as fs;
use tempfile::TempDir;

use crate::durable::create_folder;

/// What the names of such folders begin with. `scripts/setup.sh` has the same.
const PREFIX: &str = ".splade-export-setup.";
/// The name of the empty file in it, as in `scripts/setup.sh`.
const MARK: &str = "temporary-folder-of-splade-export-setup";

/// Makes a folder with a name of its own. It goes when the value does.
pub(super) fn create(cache: &Path) -> io::Result<TempDir> {
    create_folder(cache)?;
    let folder = tempfile::Builder::new().prefix(PREFIX).tempdir_in(cache)?;
    fs::write(folder.path().join(MARK), "")?;
    Ok(folder)
}

/// Removes what interrupted setups left. The caller holds the lock of the cache.
pub(super) fn remove_leftovers(cache: &Path) -> io::Result<()> {
    for entry in fs::read_dir(cache)? {
        let entry = entry?;
        let is_named = entry.file_name().to_string_lossy().starts_with(PREFIX);
        let mark = entry.path().join(MARK);
        // A link leads to what is not the setup's.
        if is_named && entry.file_type()?.is_dir() && mark.is_file() {
            fs::remove_dir_all(entry.path())?;
        }
    }
    Ok(())
}
