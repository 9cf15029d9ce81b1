//! The format of a file, told from its name or its content.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::error::CorpusError;
use super::lines::without_byte_order_mark;

/// A format of many records in one file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum InputFormat {
    /// One JSON object per line.
    Jsonl,
    /// `docid<TAB>text`.
    Tsv,
    /// TREC topics: `<top> <num> Number: 301 <title> ... </top>`.
    Trec,
}

impl InputFormat {
    /// Tells the format from a file's name, without any `.gz`.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        let name = name.to_ascii_lowercase();
        let name = name.strip_suffix(".gz").unwrap_or(&name);
        match name.rsplit_once('.')?.1 {
            "jsonl" | "ndjson" | "json" => Some(Self::Jsonl),
            "tsv" => Some(Self::Tsv),
            _ => None,
        }
    }

    /// Tells the format from the first bytes of the decompressed content.
    ///
    /// # Errors
    /// Returns [`CorpusError::JsonArray`] for a JSON array, [`CorpusError::UnknownFormat`] where nothing fits.
    pub fn from_content(head: &[u8], source_name: &Arc<str>) -> Result<Self, CorpusError> {
        let body = without_byte_order_mark(head).trim_ascii_start();
        let has_tab = first_line(body).contains(&b'\t');
        match body.first() {
            // An empty file has no records in any format.
            None | Some(b'{') => Ok(Self::Jsonl),
            Some(b'[') if !has_tab => Err(CorpusError::JsonArray {
                source_name: Arc::clone(source_name),
            }),
            Some(b'<') if begins_topic(body) => Ok(Self::Trec),
            Some(_) if has_tab => Ok(Self::Tsv),
            Some(_) => Err(CorpusError::UnknownFormat {
                source_name: Arc::clone(source_name),
            }),
        }
    }
}

/// Returns true for a line that begins a TREC topic.
pub(super) fn begins_topic(line: &[u8]) -> bool {
    let line = line.trim_ascii_start();
    line.len() >= 5 && line[..5].eq_ignore_ascii_case(b"<top>")
}

fn first_line(bytes: &[u8]) -> &[u8] {
    let end = bytes
        .iter()
        .position(|&b| b == b'\n')
        .unwrap_or(bytes.len());
    &bytes[..end]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_tell_the_format() {
        assert_eq!(InputFormat::from_name("a.jsonl"), Some(InputFormat::Jsonl));
        assert_eq!(
            InputFormat::from_name("A.JSONL.GZ"),
            Some(InputFormat::Jsonl)
        );
        assert_eq!(InputFormat::from_name("a.tsv.gz"), Some(InputFormat::Tsv));
        assert_eq!(InputFormat::from_name("README.md"), None);
        assert_eq!(InputFormat::from_name("corpus"), None);
    }

    #[test]
    fn content_tells_the_format() {
        let name: Arc<str> = "x".into();
        let of = |s: &str| InputFormat::from_content(s.as_bytes(), &name);
        assert_eq!(of("\u{feff} {\"id\"").unwrap(), InputFormat::Jsonl);
        assert_eq!(of("d1\ttext\n").unwrap(), InputFormat::Tsv);
        assert_eq!(of("[1]\ttext\n").unwrap(), InputFormat::Tsv);
        assert_eq!(of("\n<top>\n").unwrap(), InputFormat::Trec);
        assert_eq!(of("<top\ttext\n").unwrap(), InputFormat::Tsv);
        assert!(matches!(of("[{}]"), Err(CorpusError::JsonArray { .. })));
        assert!(matches!(
            of("hello\nwor\tld"),
            Err(CorpusError::UnknownFormat { .. })
        ));
    }
}
