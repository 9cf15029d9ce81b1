//! Protobuf as far as CIFF needs it, written by hand so that a list of any length can be streamed.

use std::io::{self, Read};

/// Largest numbers of documents and lists: the format has signed 32-bit numbers for them.
pub(super) const MAX_DOCUMENTS: u64 = 0x7fff_ffff;

/// Field numbers of a `PostingsList`.
const TERM: u32 = 1;
const DOCUMENT_FREQUENCY: u32 = 2;
const COLLECTION_FREQUENCY: u32 = 3;
const POSTING: u32 = 4;

/// Types on the wire.
const VARINT: u32 = 0;
const FIXED64: u32 = 1;
const BYTES: u32 = 2;

/// Appends a number, seven bits a byte.
pub(super) fn put_varint(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push(value.to_le_bytes()[0] | 0x80);
        value >>= 7;
    }
    out.push(value.to_le_bytes()[0]);
}

/// Reads a number, seven bits a byte.
pub(super) fn read_varint(file: &mut impl Read) -> io::Result<u64> {
    let (mut value, mut shift) = (0, 0);
    loop {
        let mut byte = [0];
        file.read_exact(&mut byte)?;
        value |= u64::from(byte[0] & 0x7f) << shift;
        if byte[0] < 0x80 {
            return Ok(value);
        }
        shift += 7;
        if shift > 63 {
            return Err(io::Error::new(
                io::ErrorKind::InvalidData,
                "a number has over 64 bits",
            ));
        }
    }
}

fn put_key(out: &mut Vec<u8>, field: u32, wire: u32) {
    put_varint(out, u64::from(field << 3 | wire));
}

/// Appends a field that is a number; zero is left out, as protobuf does.
fn put_number(out: &mut Vec<u8>, field: u32, value: u64) {
    if value > 0 {
        put_key(out, field, VARINT);
        put_varint(out, value);
    }
}

fn put_bytes(out: &mut Vec<u8>, field: u32, bytes: &[u8]) {
    if !bytes.is_empty() {
        put_key(out, field, BYTES);
        put_varint(out, bytes.len() as u64);
        out.extend_from_slice(bytes);
    }
}

/// Appends a posting as an element of a `PostingsList`. The docid is the distance from that of the posting before.
pub(super) fn put_posting(out: &mut Vec<u8>, gap: u64, impact: u32) {
    put_key(out, POSTING, BYTES);
    // Both numbers with their keys take less than 128 bytes, so the length is one byte.
    let length = out.len();
    out.push(0);
    put_number(out, 1, gap);
    put_number(out, 2, u64::from(impact));
    out[length] = (out.len() - length - 1).to_le_bytes()[0];
}

/// Appends all of a `PostingsList` but its postings.
pub(super) fn put_list_head(out: &mut Vec<u8>, term: &[u8], df: u64, cf: u64) {
    put_bytes(out, TERM, term);
    put_number(out, DOCUMENT_FREQUENCY, df);
    put_number(out, COLLECTION_FREQUENCY, cf);
}

/// What the header of an index says.
#[derive(Debug, Clone, Default)]
pub(super) struct Header {
    pub lists: u64,
    pub documents: u64,
    pub impact_sum: u64,
    pub description: String,
}

impl Header {
    /// Appends the message with its length before it.
    #[allow(
        clippy::cast_precision_loss,
        reason = "a mean, which the format has as a double"
    )]
    pub fn put(&self, out: &mut Vec<u8>) {
        let mut message = Vec::new();
        put_number(&mut message, 1, 1);
        put_number(&mut message, 2, self.lists);
        put_number(&mut message, 3, self.documents);
        put_number(&mut message, 4, self.lists);
        put_number(&mut message, 5, self.documents);
        put_number(&mut message, 6, self.impact_sum);
        let mean = self.impact_sum as f64 / self.documents.max(1) as f64;
        put_key(&mut message, 7, FIXED64);
        message.extend_from_slice(&mean.to_le_bytes());
        put_bytes(&mut message, 8, self.description.as_bytes());
        put_message(out, &message);
    }
}

/// Appends a `DocRecord` with its length before it.
pub(super) fn put_document(out: &mut Vec<u8>, number: u64, docid: &[u8], length: u64) {
    let mut message = Vec::with_capacity(docid.len() + 24);
    put_number(&mut message, 1, number);
    put_bytes(&mut message, 2, docid);
    put_number(&mut message, 3, length);
    put_message(out, &message);
}

fn put_message(out: &mut Vec<u8>, message: &[u8]) {
    put_varint(out, message.len() as u64);
    out.extend_from_slice(message);
}
