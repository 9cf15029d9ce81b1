//! Encoded topics as Anserini and Pyserini read them.

use serde_json::{Map, Value};

use super::line_format::LineFormat;
use super::pseudo_terms::PseudoTerms;
use super::record::{EncodedRecord, VectorRef};
use super::seismic::shortest;
use crate::error::Result;
use crate::run::VectorKind;

/// Anserini's `qid<TAB>term term term`, each term repeated as often as its impact says.
#[derive(Debug, Clone, Default)]
pub struct AnseriniTopics {
    terms: Vec<String>,
}

/// Pyserini's `{"qid": ..., "title": ..., "contents": ..., "vector": {...}}`.
#[derive(Debug, Clone, Default)]
pub struct PyseriniTopics {
    terms: Vec<String>,
}

/// Writes a line of an id, `after_id`, and each term as often as its impact says, with spaces between.
pub(super) fn write_repeated(
    record: &EncodedRecord<'_>,
    terms: &[String],
    after_id: u8,
    line: &mut Vec<u8>,
) {
    line.extend_from_slice(record.docid.as_bytes());
    let mut separator = after_id;
    if let VectorRef::Impacts(impacts) = record.vector {
        for entry in impacts {
            for _ in 0..entry.impact {
                line.push(separator);
                line.extend_from_slice(record.terms.written(terms, entry.term).as_bytes());
                separator = b' ';
            }
        }
    }
    if separator == after_id {
        line.push(separator);
    }
    line.push(b'\n');
}

impl LineFormat for AnseriniTopics {
    fn name(&self) -> &'static str {
        "anserini-topics"
    }

    fn extension(&self) -> &'static str {
        "tsv"
    }

    fn accepts(&self, kind: VectorKind) -> bool {
        kind == VectorKind::Impacts
    }

    fn set_vocabulary(&mut self, terms: &[String]) -> Result<()> {
        self.terms = PseudoTerms::new(terms)?.terms().to_vec();
        Ok(())
    }

    fn write(&self, record: &EncodedRecord<'_>, line: &mut Vec<u8>) -> Result<()> {
        write_repeated(record, &self.terms, b'\t', line);
        Ok(())
    }
}

impl LineFormat for PyseriniTopics {
    fn name(&self) -> &'static str {
        "pyserini-topics"
    }

    fn extension(&self) -> &'static str {
        "jsonl"
    }

    fn set_vocabulary(&mut self, terms: &[String]) -> Result<()> {
        self.terms = PseudoTerms::new(terms)?.terms().to_vec();
        Ok(())
    }

    fn write(&self, record: &EncodedRecord<'_>, line: &mut Vec<u8>) -> Result<()> {
        let term = |id| record.terms.written(&self.terms, id).to_owned();
        let vector: Map<String, Value> = match record.vector {
            VectorRef::Impacts(impacts) => impacts
                .iter()
                .map(|e| (term(e.term), e.impact.into()))
                .collect(),
            VectorRef::Weights(vector) => vector
                .0
                .iter()
                .map(|e| (term(e.term), shortest(e.weight)))
                .collect(),
        };
        let mut object = Map::new();
        object.insert("qid".into(), record.docid.into());
        // Pyserini's command line takes the query from "title" and finds its vector by "contents".
        object.insert("title".into(), record.contents.into());
        object.insert("contents".into(), record.contents.into());
        object.insert("vector".into(), vector.into());
        serde_json::to_writer(&mut *line, &object)?;
        line.push(b'\n');
        Ok(())
    }
}
