//! Opens a [`Source`] as a stream of decompressed bytes.

use std::io::{self, BufRead, BufReader, Read};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use flate2::bufread::MultiGzDecoder;
use fs_err::File;

use super::error::CorpusError;
use super::source::{Content, Source};

const BUFFER: usize = 1 << 18;

/// Opens the source; `bytes_read` counts what is taken from it before decompression.
pub(crate) fn open(
    source: &Source,
    bytes_read: &Arc<AtomicU64>,
) -> Result<Box<dyn BufRead + Send>, CorpusError> {
    let counted = |raw: Box<dyn Read + Send>| Counted {
        inner: raw,
        count: Arc::clone(bytes_read),
    };
    let (stream, path): (Box<dyn BufRead + Send>, &Path) = match &source.content {
        Content::Stdin => (
            Box::new(buffered(counted(Box::new(io::stdin())))),
            Path::new("-"),
        ),
        Content::File(path) => {
            let file = File::open(path).map_err(|e| CorpusError::open(path, e))?;
            (Box::new(buffered(counted(Box::new(file)))), path)
        }
        Content::Zip(member) => {
            let raw = member
                .raw()
                .map_err(|e| CorpusError::open(&member.archive, e))?;
            let raw = buffered(counted(Box::new(raw)));
            (Box::new(buffered(member.checked(raw))), &member.archive)
        }
    };
    gunzip_if_compressed(stream, path)
}

fn buffered<R: Read>(inner: R) -> BufReader<R> {
    BufReader::with_capacity(BUFFER, inner)
}

fn gunzip_if_compressed(
    mut stream: Box<dyn BufRead + Send>,
    path: &Path,
) -> Result<Box<dyn BufRead + Send>, CorpusError> {
    let head = stream.fill_buf().map_err(|e| CorpusError::open(path, e))?;
    if head.starts_with(b"PK\x03\x04") && path == Path::new("-") {
        return Err(CorpusError::ZipOnStdin);
    }
    if head.starts_with(&[0x1f, 0x8b]) {
        return Ok(Box::new(buffered(MultiGzDecoder::new(stream))));
    }
    Ok(stream)
}

/// Counts the bytes that are read through it.
struct Counted {
    inner: Box<dyn Read + Send>,
    count: Arc<AtomicU64>,
}

impl Read for Counted {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let n = self.inner.read(buf)?;
        self.count.fetch_add(n as u64, Ordering::Relaxed);
        Ok(n)
    }
}
