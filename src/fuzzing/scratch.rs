//! Where targets put their input.

use std::io::Write;
use std::path::{Path, PathBuf};

/// A folder of this process, in memory where the system has such a place.
fn folder() -> &'static Path {
    static FOLDER: std::sync::OnceLock<PathBuf> = std::sync::OnceLock::new();
    FOLDER.get_or_init(|| {
        let shm = Path::new("/dev/shm");
        let base = if shm.is_dir() {
            shm.to_owned()
        } else {
            std::env::temp_dir()
        };
        let folder = base.join(format!("splade-export-fuzz-{}", std::process::id()));
        let _ = std::fs::create_dir_all(&folder);
        folder
    })
}

/// Writes the input of a target into a file.
pub(super) fn write(name: &str, data: &[u8]) -> Option<PathBuf> {
    // Tests run side by side.
    let path = folder().join(format!("{:?}-{name}", std::thread::current().id()));
    std::fs::File::create(&path).ok()?.write_all(data).ok()?;
    Some(path)
}

pub(super) fn folder_of(name: &str) -> PathBuf {
    let folder = folder().join(format!("{:?}-{name}", std::thread::current().id()));
    let _ = std::fs::create_dir_all(&folder);
    folder
}
