//! A digest of all documents from the first of the corpus to the last of a part.

use std::ops::Range;

use sha2::{Digest, Sha256};

use super::document::Document;

/// Hashes each part's documents together with the digest of the part before.
///
/// The digest of a part is SHA-256 over the previous part's digest (32 zero bytes before the first part) and, for each
/// document, the length of its docid as a little-endian `u64`, its docid, the length of its text and its text.
#[derive(Debug, Default)]
pub(super) struct DigestChain {
    last: [u8; 32],
    open: Option<Sha256>,
}

impl DigestChain {
    /// Goes on behind a part with this digest, in hexadecimal; `None` if that is not the form of a digest.
    pub fn after(hex: &str) -> Option<Self> {
        let digits = hex.as_bytes();
        let mut last = [0; 32];
        if digits.len() != 64 {
            return None;
        }
        for (byte, pair) in last.iter_mut().zip(digits.chunks_exact(2)) {
            let pair = str::from_utf8(pair).ok()?;
            *byte = u8::from_str_radix(pair, 16).ok()?;
        }
        Some(Self { last, open: None })
    }

    /// Adds a document to the part that is being read.
    pub fn add(&mut self, document: &Document) {
        let hasher = self
            .open
            .get_or_insert_with(|| Sha256::new().chain_update(self.last));
        each_piece(document, |piece| hasher.update(piece));
    }

    /// Adds a document by what [`DigestChain::write`] made of it.
    pub fn add_written(&mut self, document: &[u8]) {
        let hasher = self
            .open
            .get_or_insert_with(|| Sha256::new().chain_update(self.last));
        hasher.update(document);
    }

    /// Appends what is hashed of a document; returns where its docid is.
    pub fn write(document: &Document, bytes: &mut Vec<u8>) -> Range<usize> {
        let begin = bytes.len() + size_of::<u64>();
        each_piece(document, |piece| bytes.extend_from_slice(piece));
        begin..begin + document.docid.len()
    }

    /// Ends a part.
    pub fn end_part(&mut self) {
        if let Some(hasher) = self.open.take() {
            self.last = hasher.finalize().into();
        }
    }

    /// Returns the digest of the last part that was ended, in hexadecimal.
    pub fn hex(&self) -> String {
        crate::digest::hex(&self.last)
    }
}

/// Takes what is hashed of a document, piece by piece.
fn each_piece(document: &Document, mut take: impl FnMut(&[u8])) {
    for text in [&document.docid, &document.text] {
        take(&(text.len() as u64).to_le_bytes());
        take(text.as_bytes());
    }
}
