//! Pyserini's `JsonVectorCollection`: `{"id": "d1", "contents": "", "vector": {"cell": 12, ...}}`.

use super::line_format::LineFormat;
use super::pseudo_terms::PseudoTerms;
use super::record::{EncodedRecord, Terms, VectorRef};
use crate::error::Result;

/// Writes the lines of a `JsonVectorCollection`, terms as [`PseudoTerms`] has them, in the order of their ids.
#[derive(Debug, Clone, Default)]
pub struct JsonVectors {
    /// Terms as JSON keys with their colon, so that they are escaped once and not for every posting.
    keys: Vec<String>,
}

impl JsonVectors {
    fn put_key(&self, line: &mut Vec<u8>, terms: Terms<'_>, id: u32) -> Result<()> {
        if let (Terms::Vocabulary(_), Some(key)) = (terms, self.keys.get(id as usize)) {
            line.extend_from_slice(key.as_bytes());
        } else {
            put_string(line, terms.term(id))?;
            line.extend_from_slice(b": ");
        }
        Ok(())
    }
}

/// Appends a text as JSON. Most have nothing to be escaped, and are copied.
fn put_string(line: &mut Vec<u8>, text: &str) -> Result<()> {
    let is_plain = |byte: u8| byte >= b' ' && byte != b'"' && byte != b'\\';
    if text.bytes().all(is_plain) {
        line.push(b'"');
        line.extend_from_slice(text.as_bytes());
        line.push(b'"');
    } else {
        serde_json::to_writer(&mut *line, text)?;
    }
    Ok(())
}

impl LineFormat for JsonVectors {
    fn name(&self) -> &'static str {
        "json-vectors"
    }

    fn extension(&self) -> &'static str {
        "jsonl"
    }

    fn set_vocabulary(&mut self, terms: &[String]) -> Result<()> {
        let key = |term: &String| format!("{}: ", serde_json::Value::from(term.as_str()));
        self.keys = PseudoTerms::new(terms)?.terms().iter().map(key).collect();
        Ok(())
    }

    fn write(&self, record: &EncodedRecord<'_>, line: &mut Vec<u8>) -> Result<()> {
        line.extend_from_slice(b"{\"id\": ");
        serde_json::to_writer(&mut *line, record.docid)?;
        line.extend_from_slice(b", \"contents\": ");
        serde_json::to_writer(&mut *line, record.contents)?;
        line.extend_from_slice(b", \"vector\": {");
        let start = line.len();
        let separate = |line: &mut Vec<u8>| {
            if line.len() > start {
                line.extend_from_slice(b", ");
            }
        };
        match record.vector {
            VectorRef::Impacts(impacts) => {
                for entry in impacts {
                    separate(line);
                    self.put_key(line, record.terms, entry.term)?;
                    serde_json::to_writer(&mut *line, &entry.impact)?;
                }
            }
            VectorRef::Weights(vector) => {
                for entry in &vector.0 {
                    separate(line);
                    self.put_key(line, record.terms, entry.term)?;
                    serde_json::to_writer(&mut *line, &entry.weight)?;
                }
            }
        }
        line.extend_from_slice(b"}}\n");
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn texts_are_escaped_where_json_wants_it(text in "[a\"\\\\\u{0}-\u{20}\u{7f}é\u{2028}猫]{0,9}") {
            let mut line = Vec::new();
            put_string(&mut line, &text).unwrap();
            prop_assert_eq!(line, serde_json::to_vec(&text).unwrap());
        }
    }
}
