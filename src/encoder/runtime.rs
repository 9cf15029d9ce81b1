//! ONNX Runtime's shared library, and where it is looked for.

use std::env;
use std::path::{Path, PathBuf};

use thiserror::Error;

use crate::quote::{self, Name};

/// ONNX Runtime's shared library, found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Runtime {
    /// The library's path.
    pub library: PathBuf,
}

/// Why there is no ONNX Runtime.
#[derive(Debug, Error)]
#[allow(missing_docs, reason = "each message says what the variant means")]
pub enum RuntimeError {
    #[error("{path}: no such file, named by {by}; leave that out, and get ONNX Runtime where it is missing with: splade-export setup onnxruntime", path = quote::path(path))]
    NoSuchFile { path: PathBuf, by: &'static str },
    #[error(
        "ONNX Runtime's shared library was not found. Get it with:\n    splade-export setup onnxruntime\n\
         or name it with `onnxruntime` FILE or ORT_DYLIB_PATH. Looked for: {}",
        Name(looked)
    )]
    NotFound { looked: String },
    #[error("{path}: cannot be loaded as ONNX Runtime: {reason}; if nothing names it, get it anew with: splade-export setup --force onnxruntime", path = quote::path(path), reason = Name(reason))]
    Unusable { path: PathBuf, reason: String },
}

#[cfg(target_os = "macos")]
const NAME: &str = "libonnxruntime.dylib";
#[cfg(target_os = "windows")]
const NAME: &str = "onnxruntime.dll";
#[cfg(not(any(target_os = "macos", target_os = "windows")))]
const NAME: &str = "libonnxruntime.so";

/// The folder in the cache of ONNX Runtime for GPUs.
pub(super) const GPU_PIECE: &str = "onnxruntime-gpu";

impl Runtime {
    /// Looks for the library: at the path given, then `ORT_DYLIB_PATH`, then beside the running program,
    /// then the cache that `splade-export setup` fills, where the library for GPUs serves the CPU too. With
    /// `gpu`, that one comes before all but the path given.
    ///
    /// # Errors
    /// [`RuntimeError`] with the command that gets it.
    pub fn find(given: Option<&Path>, gpu: bool) -> Result<Self, RuntimeError> {
        if let Some(path) = given {
            return Self::named(path, "`onnxruntime`");
        }
        let cached = |piece| cache_folder().map(|cache| cache.join(piece).join(NAME));
        if gpu && let Some(library) = cached(GPU_PIECE).filter(|library| library.exists()) {
            return Ok(Self { library });
        }
        if let Some(path) = env::var_os("ORT_DYLIB_PATH").filter(|path| !path.is_empty()) {
            return Self::named(Path::new(&path), "ORT_DYLIB_PATH");
        }
        let beside = env::current_exe()
            .ok()
            .and_then(|program| Some(program.parent()?.join(NAME)));
        let places: Vec<PathBuf> = [beside, cached("onnxruntime"), cached(GPU_PIECE)]
            .into_iter()
            .flatten()
            .collect();
        if let Some(library) = places.iter().find(|path| path.exists()) {
            return Ok(Self {
                library: library.clone(),
            });
        }
        let looked: Vec<_> = places.iter().map(|place| quote::path(place)).collect();
        Err(RuntimeError::NotFound {
            looked: looked.join(", "),
        })
    }

    fn named(path: &Path, by: &'static str) -> Result<Self, RuntimeError> {
        if !path.is_file() {
            return Err(RuntimeError::NoSuchFile {
                path: path.to_owned(),
                by,
            });
        }
        Ok(Self {
            library: path.to_owned(),
        })
    }
}

/// Returns the folder that `splade-export setup` and `scripts/setup.sh` fill.
pub(crate) fn cache_folder() -> Option<PathBuf> {
    let set = |name| env::var_os(name).filter(|value| !value.is_empty());
    set("SPLADE_EXPORT_CACHE").map(PathBuf::from).or_else(|| {
        let base = set("XDG_CACHE_HOME").map(PathBuf::from);
        base.or_else(|| Some(PathBuf::from(set("HOME")?).join(".cache")))
            .map(|base| base.join("splade-export"))
    })
}
