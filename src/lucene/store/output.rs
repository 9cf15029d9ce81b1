//! Writes the files of an index.
//!
//! The id of a segment is made from the content of its files, so it is known only when they are written. An [`Output`]
//! therefore begins with an id of zeros and keeps the CRC-32 of header and body apart; [`Written::seal`] puts the id
//! in, joins the two checksums and adds the footer. Nothing is read again.

use std::io::{BufWriter, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use crc32fast::Hasher;
use fs_err::File;
use sha2::{Digest, Sha256};

use crate::durable::fault;
use crate::lucene::error::Result;
use crate::lucene::store::codec::{Codec, FOOTER_BYTES, FOOTER_MAGIC, Id, id_of, put_footer};
use crate::lucene::store::primitives::PutBytes;

/// Writes a whole small file, with header and footer, and syncs it.
pub(crate) fn write_small(path: &Path, codec: Codec<'_>, id: &Id, body: &[u8]) -> Result<()> {
    let mut bytes = Vec::new();
    codec.put_header(id, &mut bytes);
    bytes.put(body);
    put_footer(&mut bytes);
    write_synced(path, &bytes)
}

/// Writes a file that must not exist yet, and syncs it.
pub(crate) fn write_synced(path: &Path, bytes: &[u8]) -> Result<()> {
    fault::point("a new file")?;
    let mut file = File::create_new(path)?;
    file.write_all(bytes)?;
    fault::point("a sync")?;
    file.sync_all()?;
    Ok(())
}

/// A file that is written as a stream, whose header has an id of zeros until [`Written::seal`].
#[derive(Debug)]
pub(crate) struct Output {
    file: BufWriter<File>,
    codec: Codec<'static>,
    body: Hasher,
    position: u64,
}

impl Output {
    /// Creates the file, which must not exist, and writes the header.
    pub(crate) fn create(path: PathBuf, codec: Codec<'static>) -> Result<Self> {
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

    /// Returns the position in the file, the header included.
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

/// A file whose body is written, but whose id and footer are not.
#[derive(Debug)]
pub(crate) struct Written {
    file: File,
    codec: Codec<'static>,
    body: Hasher,
    end: u64,
}

impl Written {
    /// Returns the length of the whole file, once it is sealed.
    pub(crate) const fn file_bytes(&self) -> u64 {
        self.end + FOOTER_BYTES
    }

    /// Writes the id into the header, adds the footer and syncs the file.
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
        fault::point("a sync")?;
        self.file.sync_all()?;
        Ok(())
    }
}

/// Returns the id of a segment, made from the lengths and checksums of the bodies of its files: the same content gives
/// the same id.
pub(crate) fn content_id(files: &[&Written]) -> Id {
    let mut hash = Sha256::new();
    hash.update(b"splade-export segment 1");
    for file in files {
        hash.update(file.codec.name.as_bytes());
        hash.update(file.end.to_le_bytes());
        hash.update(file.body.clone().finalize().to_le_bytes());
    }
    id_of(hash)
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
