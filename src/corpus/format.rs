//! The format of a file, told from its name or its content.

use std::sync::Arc;

use super::error::CorpusError;

/// A format of one record per line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InputFormat {
    /// One JSON object per line.
    Jsonl,
    /// `docid<TAB>text`.
    Tsv,
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
        let head = head.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(head);
        let body = head.trim_ascii_start();
        match body.first() {
            // An empty file has no records in any format.
            None | Some(b'{') => Ok(Self::Jsonl),
            Some(b'[') if !first_line(body).contains(&b'\t') => Err(CorpusError::JsonArray {
                source_name: Arc::clone(source_name),
            }),
            Some(_) if first_line(body).contains(&b'\t') => Ok(Self::Tsv),
            Some(_) => Err(CorpusError::UnknownFormat {
                source_name: Arc::clone(source_name),
            }),
        }
    }
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
        assert!(matches!(of("[{}]"), Err(CorpusError::JsonArray { .. })));
        assert!(matches!(
            of("hello\nwor\tld"),
            Err(CorpusError::UnknownFormat { .. })
        ));
    }
}
