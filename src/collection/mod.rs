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
mod finding;
mod lines;
mod manifest;
mod names;
mod parse;
mod plain_line;
mod pretty;
mod verify;

pub use document_line::{Contents, DocumentLine, Weight};
pub use error::{CollectionError, LineProblem};
pub use files::CollectionFiles;
pub use finding::{Finding, Remedy};
pub use lines::Lines;
pub use manifest::{Manifest, PartInfo};
pub(crate) use names::UNFINISHED;
pub use names::{DOCUMENTS, MANIFEST, REJECTED};
pub use parse::parse;
pub use pretty::pretty;
pub use verify::{VerificationStarted, verify};
