//! The files of a collection.

use std::path::{Path, PathBuf};

use super::error::CollectionError;

/// Finds the files of a collection, in the order of their paths.
///
/// `path` is a file, a folder of `.jsonl` or `.jsonl.gz` files (also in folders below it, as Anserini reads them), or an
/// output folder of ours, with the files in `documents`. Hidden files are left out.
///
/// # Errors
///
/// [`CollectionError::NoFiles`], [`CollectionError::StrangeFile`] or [`CollectionError::Io`].
pub fn find_files(path: &Path) -> Result<Vec<PathBuf>, CollectionError> {
    if fs_err::metadata(path)?.is_file() {
        return Ok(vec![path.to_owned()]);
    }
    let documents = path.join("documents");
    let folder = if documents.is_dir() && path.join("manifest.json").is_file() {
        &documents
    } else {
        path
    };
    let mut files = Vec::new();
    collect(folder, &mut files)?;
    if files.is_empty() {
        return Err(CollectionError::NoFiles {
            path: folder.to_owned(),
        });
    }
    files.sort();
    Ok(files)
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) -> Result<(), CollectionError> {
    for entry in fs_err::read_dir(folder)? {
        let path = entry?.path();
        let name = path
            .file_name()
            .map(|name| name.to_string_lossy().to_lowercase())
            .unwrap_or_default();
        if name.starts_with('.') {
            continue;
        }
        if path.is_dir() {
            collect(&path, files)?;
            continue;
        }
        let plain = name.strip_suffix(".gz").unwrap_or(&name);
        if !Path::new(plain)
            .extension()
            .is_some_and(|extension| extension == "jsonl" || extension == "json")
        {
            return Err(CollectionError::StrangeFile { path });
        }
        files.push(path);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_found_in_order() {
        let dir = tempfile::tempdir().unwrap();
        let at = |name: &str| dir.path().join(name);
        assert!(matches!(
            find_files(dir.path()),
            Err(CollectionError::NoFiles { .. })
        ));
        std::fs::create_dir(at("documents")).unwrap();
        for name in [
            "documents/b.jsonl",
            "documents/a.jsonl.gz",
            "documents/.c.jsonl.tmp",
        ] {
            std::fs::write(at(name), "").unwrap();
        }
        let expected = [at("documents/a.jsonl.gz"), at("documents/b.jsonl")];
        assert_eq!(find_files(dir.path()).unwrap(), expected);
        std::fs::write(at("manifest.json"), "").unwrap();
        assert_eq!(find_files(dir.path()).unwrap(), expected);
        assert_eq!(
            find_files(&at("documents/b.jsonl")).unwrap(),
            [at("documents/b.jsonl")]
        );
        std::fs::write(at("documents/notes.txt"), "").unwrap();
        assert!(matches!(
            find_files(dir.path()),
            Err(CollectionError::StrangeFile { .. })
        ));
    }
}
