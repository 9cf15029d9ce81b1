//! Doc values, `.dvd` and `.dvm`: the docid of each document, with which Anserini breaks ties of scores.
//!
//! ```text
//! .dvd   all docids, one after another; if their lengths differ: where each begins, and the end (module monotonic)
//! .dvm   i32 field · u8 1 (binary) · i64 start and i64 length of the docids · i64 -1 · i64 0 · i16 -1 · u8 FF
//!        i32 documents · i32 smallest and i32 largest length
//!        if they differ: i64 start of the begins · vint 16 · description of the blocks · i64 length of the begins
//!        i32 -1 end
//! ```
//!
//! Docids go to the file as they come. Their lengths are kept until the end, two bytes each, in memory up to a mebibyte
//! and then in an unnamed temporary file.

use std::io::{BufReader, Read, Seek, Write};
use std::path::Path;

use tempfile::SpooledTempFile;

use crate::lucene::error::Result;
use crate::lucene::formats::field_infos::ID;
use crate::lucene::formats::monotonic::MonotonicWriter;
use crate::lucene::formats::segment_name::SegmentName;
use crate::lucene::store::codec::{Codec, Id};
use crate::lucene::store::output::{Output, Written, write_small};
use crate::lucene::store::primitives::PutBytes;

const DATA_CODEC: Codec<'static> = Codec::per_field("Lucene90DocValuesData");
const META_CODEC: Codec<'static> = Codec::per_field("Lucene90DocValuesMetadata");

/// Base-2 logarithm of the begins in a block.
const SHIFT: u32 = 16;

/// Writes `.dvd`, a docid at a time.
#[derive(Debug)]
pub(crate) struct DocValuesWriter {
    out: Output,
    start: u64,
    lengths: SpooledTempFile,
    documents: u32,
    /// Shortest and longest length.
    range: Option<(u16, u16)>,
}

/// Finished data and its description, whose ids are not written yet.
#[derive(Debug)]
pub(crate) struct WrittenDocValues {
    pub(crate) data: Written,
    meta: Vec<u8>,
}

impl DocValuesWriter {
    /// Creates `.dvd`.
    pub(crate) fn create(segment: &SegmentName) -> Result<Self> {
        let out = Output::create(segment.file("dvd"), DATA_CODEC)?;
        let lengths = SpooledTempFile::new_in(1 << 20, segment.dir());
        Ok(Self {
            start: out.position(),
            out,
            lengths,
            documents: 0,
            range: None,
        })
    }

    /// Adds the docid of the next document; docids have at most 32,766 bytes.
    pub(crate) fn add(&mut self, docid: &str) -> Result<()> {
        self.out.write(docid.as_bytes())?;
        let length = u16::try_from(docid.len()).unwrap_or(u16::MAX);
        self.lengths.write_all(&length.to_le_bytes())?;
        self.documents += 1;
        self.range = Some(self.range.map_or((length, length), |(shortest, longest)| {
            (shortest.min(length), longest.max(length))
        }));
        Ok(())
    }

    /// Ends the data.
    pub(crate) fn finish(mut self) -> Result<WrittenDocValues> {
        let (shortest, longest) = self.range.unwrap_or_default();
        let end = self.out.position();
        let mut meta = Vec::new();
        meta.i32(ID.cast_signed());
        meta.u8(1);
        meta.u64_as_i64(self.start);
        meta.u64_as_i64(end - self.start);
        meta.i64(-1);
        meta.i64(0);
        meta.i16(-1);
        meta.u8(0xff);
        meta.i32(self.documents.cast_signed());
        meta.i32(shortest.into());
        meta.i32(longest.into());
        if longest > shortest {
            meta.u64_as_i64(end);
            meta.vint(SHIFT);
            meta.put(&self.write_begins()?);
            meta.u64_as_i64(self.out.position() - end);
        }
        meta.i32(-1);
        Ok(WrittenDocValues {
            data: self.out.finish()?,
            meta,
        })
    }

    fn write_begins(&mut self) -> Result<Vec<u8>> {
        self.lengths.rewind()?;
        let mut lengths = BufReader::new(&mut self.lengths);
        let mut begins = MonotonicWriter::new(SHIFT, &self.out);
        let mut begin = 0;
        begins.add(begin, &mut self.out)?;
        for _ in 0..self.documents {
            let mut length = [0; 2];
            lengths.read_exact(&mut length)?;
            begin += u64::from(u16::from_le_bytes(length));
            begins.add(begin, &mut self.out)?;
        }
        begins.finish(&mut self.out)
    }
}

impl WrittenDocValues {
    /// Writes `.dvm` and seals both.
    pub(crate) fn seal(self, meta_path: &Path, id: &Id) -> Result<()> {
        write_small(meta_path, META_CODEC, id, &self.meta)?;
        self.data.seal(id)
    }
}
