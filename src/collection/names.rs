//! Names in the folder of a collection.

/// Folder of the parts.
pub const DOCUMENTS: &str = "documents";
/// What the collection was made of and what is in it.
pub const MANIFEST: &str = "manifest.json";
/// The records that could not be used.
pub const REJECTED: &str = "rejected.jsonl";
/// Folder of what a run needs until it is finished.
pub(crate) const UNFINISHED: &str = ".unfinished";
