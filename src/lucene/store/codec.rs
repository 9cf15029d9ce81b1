//! Writes the header and footer that every file of an index has around its body.
//!
//! ```text
//! header   3F D7 6C 17 · string codec name · be32 version
//!          16 bytes id · u8 length of suffix · suffix          ("index header": the header and these)
//! body     what the format of the file says
//! footer   C0 28 93 E8 · be32 0 · be64 CRC-32 of everything before these last 8 bytes
//! ```

use sha2::{Digest, Sha256};

use crate::lucene::store::primitives::PutBytes;

/// The 16 bytes that all files of a segment share.
pub(crate) type Id = [u8; 16];

/// Number that begins every file.
pub(crate) const MAGIC: u32 = 0x3fd7_6c17;
/// Number that begins the footer.
pub(crate) const FOOTER_MAGIC: u32 = !MAGIC;
/// Length of the footer.
pub(crate) const FOOTER_BYTES: u64 = 16;

/// Suffix of postings and doc values, in headers and in file names.
pub(crate) const FIELD_SUFFIX: &str = "Lucene90_0";

/// Format of a file, as its header names it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Codec<'a> {
    /// Name of the codec.
    pub name: &'a str,
    /// Version of the format.
    pub version: u32,
    /// Suffix: empty, or that of the per-field formats.
    pub suffix: &'a str,
}

impl Codec<'static> {
    /// Returns the codec of a file that belongs to the whole segment.
    pub(crate) const fn plain(name: &'static str, version: u32) -> Self {
        Self {
            name,
            version,
            suffix: "",
        }
    }

    /// Returns the codec of a file of a per-field format.
    pub(crate) const fn per_field(name: &'static str) -> Self {
        Self {
            name,
            version: 0,
            suffix: FIELD_SUFFIX,
        }
    }
}

impl Codec<'_> {
    /// Appends the index header.
    pub(crate) fn put_header(&self, id: &Id, out: &mut Vec<u8>) {
        put_header(self.name, self.version, out);
        out.put(id);
        out.vlen(self.suffix.len());
        out.put(self.suffix.as_bytes());
    }
}

/// Appends the part of a header that names a codec.
pub(crate) fn put_header(name: &str, version: u32, out: &mut Vec<u8>) {
    out.be32(MAGIC);
    out.string(name);
    out.be32(version);
}

/// Appends the footer to a whole file in memory.
pub(crate) fn put_footer(out: &mut Vec<u8>) {
    out.be32(FOOTER_MAGIC);
    out.be32(0);
    let checksum = crc32fast::hash(out);
    out.be64(u64::from(checksum));
}

/// Returns an id that depends on a purpose and on other ids.
pub(crate) fn derived_id(purpose: &str, ids: &[Id]) -> Id {
    let mut hash = Sha256::new();
    hash.update(purpose.as_bytes());
    for id in ids {
        hash.update(id);
    }
    id_of(hash)
}

/// Returns the first half of a hash as an id.
pub(crate) fn id_of(hash: Sha256) -> Id {
    let mut id = Id::default();
    for (to, from) in id.iter_mut().zip(hash.finalize()) {
        *to = from;
    }
    id
}
