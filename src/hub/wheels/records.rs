//! What is written beside the files of a piece, as `scripts/setup.sh` writes it.
//!
//! ```text
//! .stamp     what was verified: the pins of the packages
//! .sha256    the hash of each file, for scripts/setup.sh --check
//! .size      the size of the file that others use, to find a truncated one without hashing
//! ```

use std::io;
use std::path::{Path, PathBuf};

use fs_err as fs;

use crate::digest::sha256_of;

/// Writes the hashes of all files of a piece, and the size of the file that others use.
pub(super) fn write(piece: &Path, file: &str) -> io::Result<()> {
    let mut files = Vec::new();
    collect(piece, Path::new("."), &mut files)?;
    files.sort();
    let mut hashes = String::new();
    for file in files {
        let hash = sha256_of(&piece.join(&file))?;
        hashes += &format!("{hash}  {file}\n");
    }
    fs::write(piece.join(".sha256"), hashes)?;
    let size = fs::metadata(piece.join(file))?.len();
    fs::write(piece.join(".size"), format!("{size}\n"))
}

/// Adds the regular files below a folder, by their names from the piece on.
fn collect(piece: &Path, below: &Path, files: &mut Vec<String>) -> io::Result<()> {
    for entry in fs::read_dir(piece.join(below))? {
        let entry = entry?;
        let path: PathBuf = below.join(entry.file_name());
        let kind = entry.file_type()?;
        if kind.is_dir() {
            collect(piece, &path, files)?;
        } else if kind.is_file() {
            files.push(path.to_string_lossy().into_owned());
        }
    }
    Ok(())
}

/// Returns whether a file has the size that it had when it was installed, as far as that was recorded.
pub(super) fn has_its_size(piece: &Path, file: &Path) -> bool {
    let Ok(recorded) = fs::read_to_string(piece.join(".size")) else {
        return true;
    };
    fs::metadata(file).is_ok_and(|found| recorded.trim() == found.len().to_string())
}

/// Returns whether a setup made a folder: a stamp of any version holds a SHA-256.
pub(super) fn is_ours(piece: &Path) -> bool {
    let stamp = fs::read_to_string(piece.join(".stamp")).unwrap_or_default();
    let mut words = stamp.split(|c: char| !c.is_ascii_hexdigit() || c.is_ascii_uppercase());
    words.any(|word| word.len() == 64)
}
