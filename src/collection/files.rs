//! The files of a collection.

use std::path::{Path, PathBuf};

use super::error::CollectionError;
use super::manifest::Manifest;
use super::names::DOCUMENTS;
use crate::corpus::Source;

/// The files of a collection, and its manifest, where it is one of ours.
#[derive(Debug)]
pub struct CollectionFiles {
    /// In the order of their paths, which is that of the documents.
    pub sources: Vec<Source>,
    /// What the collection says of itself.
    pub manifest: Option<Manifest>,
}

impl CollectionFiles {
    /// Finds them.
    ///
    /// `path` is a file, a folder of `.jsonl` or `.jsonl.gz` files (also in folders below it, as Anserini reads them), or
    /// an output folder of ours, with the files in `documents`. Hidden files are left out.
    ///
    /// # Errors
    /// All of [`CollectionError`] but those of lines.
    pub fn find(path: &Path) -> Result<Self, CollectionError> {
        let meta = std::fs::metadata(path).map_err(|e| CollectionError::file(path, &e))?;
        if !meta.is_dir() {
            return Ok(Self {
                sources: vec![Source::file(path.to_owned())],
                manifest: None,
            });
        }
        let manifest = Manifest::read(path)?;
        if manifest.is_none() && crate::lucene::is_index(path) {
            return Err(CollectionError::IsIndex {
                path: path.to_owned(),
            });
        }
        let documents = path.join(DOCUMENTS);
        let folder = if documents.is_dir() && manifest.is_some() {
            &documents
        } else {
            path
        };
        let mut files = Vec::new();
        collect(folder, &mut files)?;
        files.sort();
        if files.is_empty() {
            return Err(CollectionError::NoFiles {
                path: folder.to_owned(),
            });
        }
        if manifest.is_none() && files.iter().any(|file| is_part_of(&documents, file)) {
            return Err(CollectionError::Unfinished {
                path: path.to_owned(),
            });
        }
        Ok(Self {
            sources: files.into_iter().map(Source::file).collect(),
            manifest,
        })
    }
}

/// Whether a file looks like one of our parts in `documents`.
fn is_part_of(documents: &Path, file: &Path) -> bool {
    let name = file.file_name().and_then(|name| name.to_str());
    file.parent() == Some(documents) && name.is_some_and(|name| name.starts_with("part-"))
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) -> Result<(), CollectionError> {
    for entry in fs_err::read_dir(folder).map_err(CollectionError::Folder)? {
        let path = entry.map_err(CollectionError::Folder)?.path();
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

    fn names(path: &Path) -> Vec<String> {
        let found = CollectionFiles::find(path).unwrap();
        found.sources.iter().map(|s| s.name.to_string()).collect()
    }

    #[test]
    fn files_are_found_in_order() {
        let dir = tempfile::tempdir().unwrap();
        let at = |name: &str| dir.path().join(name);
        assert!(matches!(
            CollectionFiles::find(dir.path()),
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
        let text = |name: &str| at(name).to_string_lossy().into_owned();
        assert_eq!(
            names(dir.path()),
            [text("documents/a.jsonl.gz"), text("documents/b.jsonl")]
        );
        let one = "documents/b.jsonl";
        assert_eq!(names(&at(one)), [text(one)]);
        std::fs::write(at("documents/part-00000.jsonl"), "").unwrap();
        assert!(matches!(
            CollectionFiles::find(dir.path()),
            Err(CollectionError::Unfinished { .. })
        ));
        assert_eq!(names(&at("documents")).len(), 3);
        std::fs::write(at("documents/notes.txt"), "").unwrap();
        assert!(matches!(
            CollectionFiles::find(dir.path()),
            Err(CollectionError::StrangeFile { .. })
        ));
    }
}
