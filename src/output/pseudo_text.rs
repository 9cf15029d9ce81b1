//! One document per line with each term repeated, for any engine with a white-space analyzer.
//!
//! `docid<TAB>term term term`: a term frequency in the engine's index is the impact then.

use super::line_format::LineFormat;
use super::record::EncodedRecord;
use super::topics::AnseriniTopics;
use crate::error::{Error, Result};
use crate::quote::Quoted;
use crate::run::VectorKind;

/// Writes pseudo-documents as lines of a table.
#[derive(Debug, Clone, Default)]
pub struct PseudoText {
    /// Pseudo-documents and encoded topics have the same lines.
    lines: AnseriniTopics,
}

impl LineFormat for PseudoText {
    fn name(&self) -> &'static str {
        "pseudo-text"
    }

    fn extension(&self) -> &'static str {
        "tsv"
    }

    fn accepts(&self, kind: VectorKind) -> bool {
        self.lines.accepts(kind)
    }

    fn set_vocabulary(&mut self, terms: &[String]) -> Result<()> {
        self.lines.set_vocabulary(terms)
    }

    fn write(&self, record: &EncodedRecord<'_>, line: &mut Vec<u8>) -> Result<()> {
        if record.docid.contains(['\t', '\n', '\r']) {
            return Err(Error::output(format!(
                "the docid {} has a tab or a line break, and the format pseudo-text separates columns and lines by them; give \
                 the document another docid",
                Quoted(record.docid)
            )));
        }
        self.lines.write(record, line)
    }
}
