//! What a fetch tells while it works.

use std::path::PathBuf;

/// Something to show.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum HubEvent {
    /// A file's download begins, or goes on behind `from` bytes.
    File {
        /// Its name.
        name: String,
        /// Bytes that an earlier run has left.
        from: u64,
        /// Its size, where it is known.
        size: Option<u64>,
    },
    /// So many more bytes have come.
    Bytes(u64),
    /// The bytes of the running file start at so many again.
    Restarted(u64),
    /// A file is whole and checked.
    Done {
        /// Its name.
        name: String,
    },
    /// A download broke off and is tried again.
    Retry {
        /// Its name.
        name: String,
        /// Why it broke off.
        reason: String,
    },
    /// Another process is downloading this file.
    Waiting {
        /// Its name.
        name: String,
    },
    /// The network failed; what the cache has is used.
    Cached {
        /// The folder.
        folder: PathBuf,
        /// Why.
        reason: String,
    },
}

/// Shows events; a fetch may call it some thousand times.
pub type Progress<'a> = &'a mut dyn FnMut(HubEvent);
