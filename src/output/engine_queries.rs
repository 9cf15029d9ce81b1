//! Queries for engines that read a format of documents, one query per line.

use serde_json::json;

use super::line_format::LineFormat;
use super::pseudo_terms::PseudoTerms;
use super::qdrant::{VECTOR, sparse_vector};
use super::record::EncodedRecord;
use super::token_ids::TokenIds;
use super::topics::write_repeated;
use crate::error::{Error, Result};
use crate::quote::Quoted;
use crate::run::VectorKind;

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
                "the qid {} has a colon or a line break, and queries for ciff are separated by them; give the topic another \
                 qid",
                Quoted(record.docid)
            )));
        }
        write_repeated(record, &self.terms, b':', line);
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
        let request = json!({
            "qid": record.docid,
            "query": sparse_vector(&self.ids, record)?,
            "using": VECTOR,
        });
        serde_json::to_writer(&mut *line, &request)?;
        line.push(b'\n');
        Ok(())
    }
}
