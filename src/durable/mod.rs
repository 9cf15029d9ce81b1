//! Writes so that a crash or a full disk does no harm: atomic files, synced folders, locks, and fault points that test
//! them.
//!
//! Everything in this program that must outlive a power cut or a full disk goes through this module.

mod atomic_file;
pub(crate) mod fault;
mod folder;
mod lock;
mod new_file;
mod regular_file;

pub use atomic_file::AtomicFile;
pub(crate) use atomic_file::{TEMPORARY_PREFIX, write_whole};
pub(crate) use folder::{create_folder, parent_of, sync_folder};
pub(crate) use lock::{FileLock, LockFailure};
pub use new_file::{NewFile, NewFileError};
pub(crate) use regular_file::{open_regular, regular_metadata};
