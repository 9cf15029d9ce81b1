//! The part that is being filled.

use super::document::Document;
use super::record_error::RecordError;
use super::rejected::Mark;

/// Ends a part early when it holds so many bytes of text, so that long documents do not fill memory.
pub(super) const MAX_PART_BYTES: usize = 256 << 20;

/// The part that is being filled.
pub(super) struct OpenPart {
    pub index: usize,
    pub wanted: bool,
    /// Returns the documents, rather than only hashing them.
    pub keeps_documents: bool,
    pub digest_before: String,
    pub rejected_before: Option<Mark>,
    pub documents: Vec<Document>,
    pub count: usize,
    pub bytes: usize,
    pub rejected: u64,
    pub last_error: Option<RecordError>,
}

impl OpenPart {
    /// Returns true if the next document belongs to the next part.
    pub fn is_full(&self, part_size: usize) -> bool {
        self.count >= part_size || self.bytes >= MAX_PART_BYTES
    }

    /// Adds a document.
    pub fn add(&mut self, document: Document) {
        self.count += 1;
        self.bytes += document.text.len();
        if self.keeps_documents {
            self.documents.push(document);
        }
    }
}
