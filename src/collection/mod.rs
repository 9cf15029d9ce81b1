//! Pyserini `JsonVectorCollection` files and their manifest.
//!
//! ```text
//! OUTPUT/documents/part-00000.jsonl.gz   {"id": "d1", "contents": "", "vector": {"cell": 12, ...}}
//! OUTPUT/documents/part-00001.jsonl.gz   ...
//! OUTPUT/manifest.json                   what it was made of, counts, a SHA-256 of each part
//! ```
//!
//! Anserini reads every file in the folder it is given, whatever its name. So nothing but whole parts
//! ever lies in `documents`: a part is written to `OUTPUT/.unfinished` and renamed when it is complete.

mod atomic;
#[cfg(feature = "native-index")]
mod document_line;
#[cfg(feature = "native-index")]
mod error;
#[cfg(feature = "native-index")]
mod files;
mod journal;
#[cfg(feature = "native-index")]
mod lines;
mod manifest;
mod output_error;
mod part;
#[cfg(feature = "native-index")]
mod pretty;
mod reader;
mod writer;

pub use atomic::AtomicFile;
#[cfg(feature = "native-index")]
pub use {
    document_line::parse,
    error::{CollectionError, LinePlace, LineProblem},
    files::find_files,
    lines::Lines,
    pretty::pretty,
};

/// Longest line of a collection, in bytes.
#[cfg(feature = "native-index")]
pub const MAX_LINE: usize = 64 << 20;

pub use journal::{Damaged, Stage};
pub use manifest::{
    Accounting, Collection, Counts, Encoding, InputEnd, InputFile, Kind, MANIFEST, Manifest,
    ManifestError, ModelInfo, PartInfo, RunSettings, Share,
};
pub use output_error::{OutputError, SettingDifference};
pub use part::{Compression, Entry, PartWriter, TermKeys};
pub use reader::{RecordLine, parse_line};
pub use writer::{CollectionWriter, Opened};

/// Folder of the parts in an output folder.
pub const DOCUMENTS: &str = "documents";
/// Folder of what a run needs until it is finished.
const UNFINISHED: &str = ".unfinished";
/// The rejected records in an output folder.
pub const REJECTED: &str = "rejected.jsonl";
