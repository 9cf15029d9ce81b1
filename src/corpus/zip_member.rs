//! One file of a zip archive.

use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use flate2::bufread::DeflateDecoder;
use std::fs::File;
use zip::{CompressionMethod, ZipArchive};

use super::error::CorpusError;

/// One file of a zip archive, which can be read as a stream without borrowing the archive.
#[derive(Debug, Clone)]
pub(super) struct ZipMember {
    pub archive: PathBuf,
    pub name: String,
    pub compressed_size: u64,
    data_start: u64,
    size: u64,
    crc32: u32,
    deflated: bool,
}

impl ZipMember {
    /// Lists the files of an archive.
    pub fn list(path: &Path) -> Result<Vec<Self>, CorpusError> {
        let broken = |reason: String| CorpusError::Zip {
            path: path.to_owned(),
            reason,
        };
        let file = File::open(path).map_err(|e| CorpusError::open(path, e))?;
        let mut archive =
            ZipArchive::new(BufReader::new(file)).map_err(|e| broken(e.to_string()))?;
        let mut members = Vec::new();
        for index in 0..archive.len() {
            let entry = archive
                .by_index_raw(index)
                .map_err(|e| broken(e.to_string()))?;
            let name = String::from_utf8_lossy(entry.name_raw()).into_owned();
            if name.ends_with('/') {
                continue;
            }
            let deflated = match entry.compression() {
                CompressionMethod::Stored => false,
                CompressionMethod::Deflated => true,
                other => return Err(broken(format!("{name} is compressed with {other}"))),
            };
            if entry.encrypted() {
                return Err(broken(format!("{name} is encrypted")));
            }
            let data_start = entry
                .data_start()
                .ok_or_else(|| broken(format!("{name} has no data")))?;
            members.push(Self {
                archive: path.to_owned(),
                name,
                compressed_size: entry.compressed_size(),
                data_start,
                size: entry.size(),
                crc32: entry.crc32(),
                deflated,
            });
        }
        Ok(members)
    }

    /// Decompresses what [`ZipMember::raw`] gave, and checks it.
    pub fn checked(&self, raw: impl BufRead + Send + 'static) -> Box<dyn Read + Send> {
        if self.deflated {
            Box::new(Checked::new(DeflateDecoder::new(raw), self))
        } else {
            Box::new(Checked::new(raw, self))
        }
    }

    /// Opens the archive at the member's own bytes.
    pub fn raw(&self) -> io::Result<impl Read + Send + use<>> {
        let mut file = File::open(&self.archive)?;
        file.seek(SeekFrom::Start(self.data_start))?;
        Ok(file.take(self.compressed_size))
    }
}

/// Compares size and CRC-32 of what was read with what the archive promised.
struct Checked<R> {
    inner: R,
    crc: crc32fast::Hasher,
    size: u64,
    expected_crc: u32,
    expected_size: u64,
}

impl<R> Checked<R> {
    fn new(inner: R, member: &ZipMember) -> Self {
        Self {
            inner,
            crc: crc32fast::Hasher::new(),
            size: 0,
            expected_crc: member.crc32,
            expected_size: member.size,
        }
    }
}

impl<R: Read> Read for Checked<R> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let n = self.inner.read(buf)?;
        self.crc.update(&buf[..n]);
        self.size += n as u64;
        let ended = n == 0 && !buf.is_empty();
        let wrong_size =
            self.size > self.expected_size || (ended && self.size < self.expected_size);
        let wrong_crc = ended && self.crc.clone().finalize() != self.expected_crc;
        if wrong_size || wrong_crc {
            let what = if wrong_size { "size" } else { "CRC-32" };
            return Err(io::Error::new(
                io::ErrorKind::InvalidData,
                format!("the archive is damaged: the {what} is not the promised one"),
            ));
        }
        Ok(n)
    }
}
