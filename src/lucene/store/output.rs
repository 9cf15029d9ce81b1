//! A file of an index: header, body, footer.
//!
//! ```text
//! header   3F D7 6C 17 · string codec name · be32 version
//!          16 bytes segment id · u8 length of suffix · suffix       ("index header": the header and these)
//! body     what the format of the file says
//! footer   C0 28 93 E8 · be32 0 · be64 CRC-32 of everything before these last 8 bytes
//! ```
//!
//! The id of a segment is made from the content of its files, so it is known only when they are written. An [`Output`]
//! therefore begins with an id of zeros and keeps the CRC-32 of header and body apart; [`Written::seal`] puts the id
//! in, joins the two checksums and adds the footer. Nothing is read again.

use std::io::{BufWriter, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use crc32fast::Hasher;
use fs_err::File;
use sha2::{Digest, Sha256};

use crate::lucene::error::Result;
use crate::lucene::store::primitives::PutBytes;

/// The 16 bytes that all files of a segment share.
pub(crate) type Id = [u8; 16];

pub(crate) const MAGIC: u32 = 0x3fd7_6c17;
pub(crate) const FOOTER_MAGIC: u32 = !MAGIC;
pub(crate) const FOOTER_BYTES: u64 = 16;

/// Name, version and suffix in the header of a file.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Codec {
    /// Codec name in the header.
    pub name: &'static str,
    /// Version in the header.
    pub version: u32,
    /// Suffix in the header: empty, or that of the per-field formats.
    pub suffix: &'static str,
}

/// Suffix of postings and doc values, in headers and in file names.
pub(crate) const FIELD_SUFFIX: &str = "Lucene90_0";

impl Codec {
    pub(crate) const fn plain(name: &'static str, version: u32) -> Self {
        Self {
            name,
            version,
            suffix: "",
        }
    }

    pub(crate) const fn per_field(name: &'static str) -> Self {
        Self {
            name,
            version: 0,
            suffix: FIELD_SUFFIX,
        }
    }

    /// Appends the index header.
    pub(crate) fn put_header(&self, id: &Id, out: &mut Vec<u8>) {
        put_index_header(self.name, self.version, id, self.suffix, out);
    }
}

/// Appends the part of a header that names a codec.
pub(crate) fn put_header(name: &str, version: u32, out: &mut Vec<u8>) {
    out.be32(MAGIC);
    out.string(name);
    out.be32(version);
}

/// Appends a header with id and suffix; suffixes are a few ASCII characters.
pub(crate) fn put_index_header(name: &str, version: u32, id: &Id, suffix: &str, out: &mut Vec<u8>) {
    put_header(name, version, out);
    out.put(id);
    out.vlen(suffix.len());
    out.put(suffix.as_bytes());
}

/// Appends the footer to a whole file in memory.
pub(crate) fn put_footer(out: &mut Vec<u8>) {
    out.be32(FOOTER_MAGIC);
    out.be32(0);
    let checksum = crc32fast::hash(out);
    out.be64(u64::from(checksum));
}

/// Writes a small file whole: header, body, footer, synced.
pub(crate) fn write_small(path: &Path, codec: Codec, id: &Id, body: &[u8]) -> Result<()> {
    let mut bytes = Vec::new();
    codec.put_header(id, &mut bytes);
    bytes.put(body);
    put_footer(&mut bytes);
    write_synced(path, &bytes)
}

/// Writes a file that must not exist yet, and syncs it.
pub(crate) fn write_synced(path: &Path, bytes: &[u8]) -> Result<()> {
    crate::durable::fault::point("a new file")?;
    let mut file = File::create_new(path)?;
    file.write_all(bytes)?;
    crate::durable::fault::point("a sync")?;
    file.sync_all()?;
    Ok(())
}

/// A file that is written as a stream, with an id of zeros until it is sealed.
#[derive(Debug)]
pub(crate) struct Output {
    file: BufWriter<File>,
    codec: Codec,
    body: Hasher,
    position: u64,
}

impl Output {
    /// Creates the file, which must not exist, and writes the header.
    pub(crate) fn create(path: PathBuf, codec: Codec) -> Result<Self> {
        let mut header = Vec::new();
        codec.put_header(&Id::default(), &mut header);
        let mut file = BufWriter::with_capacity(1 << 16, File::create_new(path)?);
        file.write_all(&header)?;
        Ok(Self {
            file,
            codec,
            body: Hasher::new(),
            position: header.len() as u64,
        })
    }

    /// Position in the file, the header included.
    pub(crate) const fn position(&self) -> u64 {
        self.position
    }

    /// Writes bytes of the body.
    pub(crate) fn write(&mut self, bytes: &[u8]) -> Result<()> {
        self.body.update(bytes);
        self.position += bytes.len() as u64;
        self.file.write_all(bytes)?;
        Ok(())
    }

    /// Ends the body.
    pub(crate) fn finish(self) -> Result<Written> {
        let Self {
            file,
            codec,
            body,
            position,
        } = self;
        let file = file
            .into_inner()
            .map_err(std::io::IntoInnerError::into_error)?;
        Ok(Written {
            file,
            codec,
            body,
            end: position,
        })
    }
}

/// A file whose body is written, that lacks its id and footer.
#[derive(Debug)]
pub(crate) struct Written {
    file: File,
    codec: Codec,
    body: Hasher,
    end: u64,
}

impl Written {
    /// Length of the whole file, once it is sealed.
    pub(crate) const fn file_bytes(&self) -> u64 {
        self.end + FOOTER_BYTES
    }

    /// Puts the id in, adds the footer and syncs the file.
    pub(crate) fn seal(mut self, id: &Id) -> Result<()> {
        let mut header = Vec::new();
        self.codec.put_header(id, &mut header);
        self.file.seek(SeekFrom::Start(0))?;
        self.file.write_all(&header)?;
        let mut footer = Vec::new();
        footer.be32(FOOTER_MAGIC);
        footer.be32(0);
        let mut all = Hasher::new();
        all.update(&header);
        all.combine(&self.body);
        all.update(&footer);
        footer.be64(u64::from(all.finalize()));
        self.file.seek(SeekFrom::Start(self.end))?;
        self.file.write_all(&footer)?;
        crate::durable::fault::point("a sync")?;
        self.file.sync_all()?;
        Ok(())
    }
}

/// The id of a segment, from the lengths and checksums of the bodies of its files: the same content gives the same id.
pub(crate) fn content_id(files: &[&Written]) -> Id {
    let mut hash = Sha256::new();
    hash.update(b"splade-export segment 1");
    for file in files {
        hash.update(file.codec.name.as_bytes());
        hash.update(file.end.to_le_bytes());
        hash.update(file.body.clone().finalize().to_le_bytes());
    }
    first_half(&hash.finalize())
}

/// An id for the parts of a commit, from the ids of its segments.
pub(crate) fn derived_id(purpose: &str, ids: &[Id]) -> Id {
    let mut hash = Sha256::new();
    hash.update(purpose.as_bytes());
    for id in ids {
        hash.update(id);
    }
    first_half(&hash.finalize())
}

fn first_half(hash: &[u8]) -> Id {
    let mut id = Id::default();
    for (to, from) in id.iter_mut().zip(hash) {
        *to = *from;
    }
    id
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sealed_stream_equals_a_file_written_whole() {
        let dir = tempfile::tempdir().unwrap();
        let codec = Codec::per_field("Test");
        let id = [7; 16];
        let mut output = Output::create(dir.path().join("a"), codec).unwrap();
        assert_eq!(output.position(), (9 + 4 + 16 + 1 + 10) as u64);
        output.write(b"some ").unwrap();
        output.write(b"body").unwrap();
        let written = output.finish().unwrap();
        let bytes = written.file_bytes();
        written.seal(&id).unwrap();
        write_small(&dir.path().join("b"), codec, &id, b"some body").unwrap();
        let a = std::fs::read(dir.path().join("a")).unwrap();
        assert_eq!(a, std::fs::read(dir.path().join("b")).unwrap());
        assert_eq!(a.len() as u64, bytes);
        assert_eq!(&a[..9], b"\x3f\xd7\x6c\x17\x04Test");
    }
}
