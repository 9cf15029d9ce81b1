//! What the term dictionary keeps of a term: its statistics and where its postings are.
//!
//! In `.tim` the places of a block's terms are written one after another, each relative to the term before it (before
//! the first: position 0 and no singleton). Lucene calls these bytes the metadata of a term:
//!
//! ```text
//! both terms have a singleton, and the same docStartFP
//!          vlong zigzag(singletonDocID - the one before) << 1 | 1
//! else     vlong (docStartFP - the one before) << 1, then vint singletonDocID, if there is one
//! df > 128 vlong skipOffset
//! ```

use crate::lucene::store::primitives::{PutBytes, zig_zag};

/// Statistics of a term and the place of its postings, in Lucene's own words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct TermMeta {
    /// Number of documents with the term.
    pub doc_freq: u32,
    /// Sum of its frequencies, which are the impacts.
    pub total_term_freq: u64,
    /// `docStartFP`: position in `.doc` where its postings start.
    pub doc_start_fp: u64,
    /// `singletonDocID`: its only document, if it has only one, which is then not in `.doc`.
    pub singleton_doc_id: Option<u32>,
    /// `skipOffset`: where its skip data starts, counted from `docStartFP`, if there is any.
    pub skip_offset: Option<u64>,
}

impl TermMeta {
    /// Appends the place of the postings relative to the term before.
    pub(crate) fn put_place(&self, before: &Self, out: &mut Vec<u8>) {
        match (self.singleton_doc_id, before.singleton_doc_id) {
            (Some(doc), Some(doc_before)) if self.doc_start_fp == before.doc_start_fp => {
                out.vlong(zig_zag(i64::from(doc) - i64::from(doc_before)) << 1 | 1);
            }
            (singleton, _) => {
                out.vlong((self.doc_start_fp - before.doc_start_fp) << 1);
                if let Some(doc) = singleton {
                    out.vint(doc);
                }
            }
        }
        if let Some(skip_offset) = self.skip_offset {
            out.vlong(skip_offset);
        }
    }
}
