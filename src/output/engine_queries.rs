//! Queries for engines that read a format of documents, one query per line.

use serde_json::{Value, json};

use super::line_format::LineFormat;
use super::pseudo_terms::PseudoTerms;
use super::record::{EncodedRecord, VectorRef};
use super::seismic::shortest;
use super::token_ids::TokenIds;
use crate::error::{Error, Result};
use crate::run::VectorKind;

/// Name of the sparse vector in points.
const VECTOR: &str = "splade";

/// Writes PISA's `qid:term term term`, each term repeated as often as its impact says, for an index in the Common Index File
/// Format.
#[derive(Debug, Clone, Default)]
pub struct PisaQueries {
    terms: Vec<String>,
}

/// Writes requests to Qdrant: `{"qid": "q1", "query": {"indices": [102], "values": [1.25]}, "using": "splade"}`.
#[derive(Debug, Clone, Default)]
pub struct QdrantQueries {
    ids: TokenIds,
}

impl LineFormat for PisaQueries {
    fn name(&self) -> &'static str {
        "pisa-queries"
    }

    fn extension(&self) -> &'static str {
        "txt"
    }

    fn accepts(&self, kind: VectorKind) -> bool {
        kind == VectorKind::Impacts
    }

    fn set_vocabulary(&mut self, terms: &[String]) -> Result<()> {
        self.terms = PseudoTerms::new(terms)?.terms().to_vec();
        Ok(())
    }

    fn write(&self, record: &EncodedRecord<'_>, line: &mut Vec<u8>) -> Result<()> {
        if record.docid.contains([':', '\n', '\r']) {
            return Err(Error::output(format!(
                "the qid {:?} has a colon or a line break, and queries for ciff are separated by them; give the topic another \
                 qid",
                record.docid
            )));
        }
        line.extend_from_slice(record.docid.as_bytes());
        let mut separator = b':';
        if let VectorRef::Impacts(impacts) = record.vector {
            for entry in impacts {
                for _ in 0..entry.impact {
                    line.push(separator);
                    let term = record.terms.written(&self.terms, entry.term);
                    line.extend_from_slice(term.as_bytes());
                    separator = b' ';
                }
            }
        }
        if separator == b':' {
            line.push(separator);
        }
        line.push(b'\n');
        Ok(())
    }
}

impl LineFormat for QdrantQueries {
    fn name(&self) -> &'static str {
        "qdrant-queries"
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
        let id = |number| self.ids.find(record.terms, number, "qdrant");
        let mut entries: Vec<(u32, Value)> = match record.vector {
            VectorRef::Impacts(impacts) => impacts
                .iter()
                .map(|entry| Ok((id(entry.term)?, f64::from(entry.impact).into())))
                .collect::<Result<_>>()?,
            VectorRef::Weights(vector) => vector
                .0
                .iter()
                .map(|entry| Ok((id(entry.term)?, shortest(entry.weight))))
                .collect::<Result<_>>()?,
        };
        entries.sort_unstable_by_key(|entry| entry.0);
        let (indices, values): (Vec<u32>, Vec<Value>) = entries.into_iter().unzip();
        let request = json!({
            "qid": record.docid,
            "query": {"indices": indices, "values": values},
            "using": VECTOR,
        });
        serde_json::to_writer(&mut *line, &request)?;
        line.push(b'\n');
        Ok(())
    }
}
