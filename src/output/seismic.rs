//! JSON Lines as Seismic indexes them: `{"id": "d1", "content": "", "vector": {"cell": 1.25}}`.

use serde_json::{Map, Value};

use super::line_format::LineFormat;
use super::pseudo_terms::PseudoTerms;
use super::record::{EncodedRecord, VectorRef};
use crate::error::Result;

/// Writes documents with weights or impacts. Seismic reads one file, so parts are to be joined end to end.
#[derive(Debug, Clone, Default)]
pub struct SeismicLines {
    terms: Vec<String>,
}

impl LineFormat for SeismicLines {
    fn name(&self) -> &'static str {
        "seismic"
    }

    fn extension(&self) -> &'static str {
        "jsonl"
    }

    fn set_vocabulary(&mut self, terms: &[String]) -> Result<()> {
        self.terms = PseudoTerms::new(terms)?.terms().to_vec();
        Ok(())
    }

    fn write(&self, record: &EncodedRecord<'_>, line: &mut Vec<u8>) -> Result<()> {
        let term = |id: u32| record.terms.written(&self.terms, id).to_owned();
        let vector: Map<String, Value> = match record.vector {
            VectorRef::Impacts(impacts) => impacts
                .iter()
                .map(|entry| (term(entry.term), Value::from(f64::from(entry.impact))))
                .collect(),
            VectorRef::Weights(vector) => vector
                .0
                .iter()
                .map(|entry| (term(entry.term), shortest(entry.weight)))
                .collect(),
        };
        let mut object = Map::new();
        object.insert("id".into(), record.docid.into());
        object.insert("content".into(), record.contents.into());
        object.insert("vector".into(), vector.into());
        serde_json::to_writer(&mut *line, &object)?;
        line.push(b'\n');
        Ok(())
    }
}

/// Returns the shortest decimal that is this float32, not the float64 next to it.
pub(super) fn shortest(weight: f32) -> Value {
    weight
        .to_string()
        .parse::<f64>()
        .map_or(Value::Null, Value::from)
}
