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

mod document_line;
mod error;
mod files;
mod journal;
mod lines;
mod manifest;
mod output_error;
mod part;
mod pretty;
mod verify;
mod writer;

pub use crate::durable::AtomicFile;
pub use document_line::{Contents, DocumentLine, Weight, parse};
pub use error::{CollectionError, LineProblem};
pub use files::CollectionFiles;
pub use journal::{Damaged, Run, Stage};
pub use lines::Lines;
pub use manifest::{
    Accounting, Collection, Counts, Encoding, HeadKind, InputEnd, InputFile, Kind, MANIFEST,
    Manifest, ModelInfo, PartInfo, RunSettings, Share,
};
pub use output_error::{OutputError, SettingDifference};
pub use part::{Compression, Entry, PartWriter, TermKeys, put_line};
pub use pretty::pretty;
pub use verify::{Finding, verify};
pub use writer::{CollectionWriter, Home, Opened};

/// Folder of the parts in an output folder.
pub const DOCUMENTS: &str = "documents";
/// The rejected records in an output folder.
pub const REJECTED: &str = "rejected.jsonl";
/// Folder of what a run needs until it is finished.
const UNFINISHED: &str = ".unfinished";
