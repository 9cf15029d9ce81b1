//! Syncing a folder: names of files are on the disk only when their folder is synced.

use std::path::Path;

use super::error::Result;

/// Syncs a folder, where the system can do that.
pub(super) fn sync_dir(dir: &Path) -> Result<()> {
    crate::fault::point("the sync of a folder")?;
    if cfg!(unix) {
        fs_err::File::open(dir)?.sync_all()?;
    }
    Ok(())
}
