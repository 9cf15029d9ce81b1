//! Points for Qdrant, one JSON object per line.
//!
//! `{"id": "…", "vector": {"splade": {"indices": [102], "values": [1.25]}}, "payload": {"docid": "d1"}}`
//!
//! The id of a point is a UUID, and the docid travels in the payload. The UUID is made of the SHA-256 of the docid, so that
//! loading a document again replaces it.

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::line_format::LineFormat;
use super::record::{EncodedRecord, VectorRef};
use super::seismic::shortest;
use super::token_ids::TokenIds;
use crate::digest::hex;
use crate::error::Result;

/// Name of the sparse vector in the points.
pub(super) const VECTOR: &str = "splade";

/// Writes points with sparse vectors over token ids.
#[derive(Debug, Clone, Default)]
pub struct QdrantPoints {
    ids: TokenIds,
}

/// Returns the vector of a document or query as Qdrant takes it, by ascending token id.
pub(super) fn sparse_vector(ids: &TokenIds, record: &EncodedRecord<'_>) -> Result<Value> {
    let id = |number| ids.find(record.terms, number, "qdrant");
    let mut entries: Vec<(u32, Value)> = Vec::with_capacity(record.vector.len());
    match record.vector {
        VectorRef::Impacts(impacts) => {
            for entry in impacts {
                entries.push((id(entry.term)?, f64::from(entry.impact).into()));
            }
        }
        VectorRef::Weights(vector) => {
            for entry in &vector.0 {
                entries.push((id(entry.term)?, shortest(entry.weight)));
            }
        }
    }
    entries.sort_unstable_by_key(|entry| entry.0);
    let (indices, values): (Vec<u32>, Vec<Value>) = entries.into_iter().unzip();
    Ok(json!({"indices": indices, "values": values}))
}

impl LineFormat for QdrantPoints {
    fn name(&self) -> &'static str {
        "qdrant"
    }

    fn extension(&self) -> &'static str {
        "jsonl"
    }

    fn needs_vocabulary(&self) -> bool {
        true
    }

    fn set_vocabulary(&mut self, terms: &[String]) -> Result<()> {
        self.ids = TokenIds::new(terms)?;
        Ok(())
    }

    fn write(&self, record: &EncodedRecord<'_>, line: &mut Vec<u8>) -> Result<()> {
        let mut payload = json!({"docid": record.docid});
        if !record.contents.is_empty() {
            payload["contents"] = record.contents.into();
        }
        let point = json!({
            "id": uuid(record.docid),
            "vector": {VECTOR: sparse_vector(&self.ids, record)?},
            "payload": payload,
        });
        serde_json::to_writer(&mut *line, &point)?;
        line.push(b'\n');
        Ok(())
    }
}

/// Returns a UUID of the version for other schemes (8) that is always the same for a docid.
fn uuid(docid: &str) -> String {
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&Sha256::digest(docid.as_bytes())[..16]);
    bytes[6] = bytes[6] & 0x0f | 0x80;
    bytes[8] = bytes[8] & 0x3f | 0x80;
    let digits = hex(&bytes);
    let groups = [0..8, 8..12, 12..16, 16..20, 20..32].map(|range| &digits[range]);
    groups.join("-")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::impact::Impact;
    use crate::output::record::Terms;

    #[test]
    fn a_point_has_a_uuid_of_its_docid() {
        let id = uuid("d1");
        assert_eq!(id.len(), 36);
        assert_eq!((&id[14..15], &id[8..9]), ("8", "-"));
        assert_ne!(id, uuid("d2"));
    }

    #[test]
    fn indices_are_sorted_token_ids() {
        let terms: Vec<String> = ["a", "b", "c"].map(str::to_owned).to_vec();
        let mut format = QdrantPoints::default();
        format.set_vocabulary(&terms).unwrap();
        let impacts = [(2, 7), (0, 3)].map(|(term, impact)| Impact { term, impact });
        let record = EncodedRecord {
            docid: "x",
            contents: "",
            vector: VectorRef::Impacts(&impacts),
            terms: Terms::Vocabulary(&terms),
            line: None,
        };
        let mut line = Vec::new();
        format.write(&record, &mut line).unwrap();
        let point: Value = serde_json::from_slice(&line).unwrap();
        assert_eq!(
            point["vector"]["splade"],
            json!({"indices": [0, 2], "values": [3.0, 7.0]})
        );
        assert_eq!(point["payload"], json!({"docid": "x"}));
    }
}
