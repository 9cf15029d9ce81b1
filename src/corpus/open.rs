//! Opens a [`Source`] as a stream of decompressed bytes.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Cursor, Read, Seek, SeekFrom};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use flate2::bufread::MultiGzDecoder;

use super::error::CorpusError;
use super::source::{Content, Source};
use crate::regular_file;

const BUFFER: usize = 1 << 18;

/// A stream of decompressed bytes.
pub(crate) type Stream = Box<dyn BufRead + Send>;

/// A stream that was opened, and whether it comes from gzip.
pub(super) struct Opened {
    pub stream: Stream,
    pub is_gzip: bool,
}

/// Opens the source; `bytes_read` counts what is taken from it before decompression.
pub(crate) fn open(source: &Source, bytes_read: &Arc<AtomicU64>) -> Result<Stream, CorpusError> {
    open_told(source, bytes_read).map(|opened| opened.stream)
}

/// Opens the source, and tells whether it is compressed with gzip.
pub(super) fn open_told(
    source: &Source,
    bytes_read: &Arc<AtomicU64>,
) -> Result<Opened, CorpusError> {
    let counted = |raw: Box<dyn Read + Send>| {
        buffered(Counted {
            inner: raw,
            count: Arc::clone(bytes_read),
        })
    };
    let (stream, path): (Stream, &Path) = match &source.content {
        Content::Stdin => (Box::new(counted(Box::new(io::stdin()))), Path::new("-")),
        Content::File(path) => (Box::new(counted(Box::new(open_regular(path)?))), path),
        Content::Pipe(path) => {
            let pipe = File::open(path).map_err(|e| CorpusError::open(path, e))?;
            (Box::new(counted(Box::new(pipe))), path)
        }
        Content::Zip(member) => {
            let raw = member
                .raw()
                .map_err(|e| CorpusError::open(&member.archive, e))?;
            let raw = counted(Box::new(raw));
            (Box::new(buffered(member.checked(raw))), &member.archive)
        }
    };
    gunzip_if_compressed(stream, path, source.is_pipe())
}

/// Opens a plain file from one byte to another; `None` if it is compressed, or no file of its own.
pub(super) fn open_range(
    source: &Source,
    begin: u64,
    end: Option<u64>,
    bytes_read: &Arc<AtomicU64>,
) -> Result<Option<Stream>, CorpusError> {
    let Content::File(path) = &source.content else {
        return Ok(None);
    };
    let failed = |e| CorpusError::open(path, e);
    let mut file = open_regular(path)?;
    let mut head = Vec::new();
    (&mut file).take(2).read_to_end(&mut head).map_err(failed)?;
    if head == GZIP {
        return Ok(None);
    }
    file.seek(SeekFrom::Start(begin)).map_err(failed)?;
    let length = end.map_or(u64::MAX, |end| end.saturating_sub(begin));
    let counted = Counted {
        inner: Box::new(file.take(length)),
        count: Arc::clone(bytes_read),
    };
    Ok(Some(Box::new(buffered(counted))))
}

const GZIP: [u8; 2] = [0x1f, 0x8b];

/// Opens a path only if there is a regular file.
pub(super) fn open_regular(path: &Path) -> Result<File, CorpusError> {
    regular_file::open(path).map_err(|e| CorpusError::open(path, e))
}

fn buffered<R: Read>(inner: R) -> BufReader<R> {
    BufReader::with_capacity(BUFFER, inner)
}

fn gunzip_if_compressed(
    mut stream: Stream,
    path: &Path,
    is_pipe: bool,
) -> Result<Opened, CorpusError> {
    // A pipe may hand over the first bytes one by one.
    let mut head = Vec::new();
    (&mut stream)
        .take(4)
        .read_to_end(&mut head)
        .map_err(|e| CorpusError::open(path, e))?;
    if head == b"PK\x03\x04" && is_pipe {
        return Err(CorpusError::PipedZip);
    }
    let is_gzip = head.starts_with(&GZIP);
    let stream: Stream = Box::new(Cursor::new(head).chain(stream));
    let stream = if is_gzip {
        Box::new(buffered(MultiGzDecoder::new(stream)))
    } else {
        stream
    };
    Ok(Opened { stream, is_gzip })
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
