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
mod manifest;
mod part;
mod reader;
mod writer;

pub use atomic::AtomicFile;
pub use manifest::{Collection, Counts, Encoding, Kind, MANIFEST, Manifest, ModelInfo, PartInfo};
pub use part::{Compression, Entry, PartWriter, TermKeys};
pub use reader::{RecordLine, parse_line};
pub use writer::{CollectionWriter, OutputExists};
