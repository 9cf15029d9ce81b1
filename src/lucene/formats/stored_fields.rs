//! Stored fields, `.fdt`, `.fdx` and `.fdm`: the docid of each document, and its text if that is kept.
//!
//! A document is, per stored field, vlong field << 3 | 0 (a string) and the string. Documents gather in a chunk until
//! it has 81,920 bytes or 1,024 documents; the last chunk, if it is not full, is called dirty.
//!
//! ```text
//! .fdt   chunks; a chunk:
//!        vint first document · vint documents << 2 | dirty ? 2 : 0 | sliced ? 1 : 0
//!        ints number of fields of each document · ints bytes of each document         (module stored_ints)
//!        the documents, compressed; from 163,840 bytes on they are "sliced": compressed in pieces of 81,920 bytes
//!        piece: vint bytes of dictionary · vint bytes of a block · vint compressed bytes of each ·
//!               dictionary, blocks: LZ4, each block with the dictionary as history
//! .fdx   first document of each chunk, then position of each chunk (module monotonic, blocks of 2^10)
//! .fdm   vint 81920 · i32 documents · i32 10 · i32 chunks + 1
//!        i64 position of the first sequence in .fdx · its blocks · i64 of the second · its blocks · i64 end
//!        i64 end of chunks in .fdt · vlong chunks · vlong dirty chunks · vlong documents in them
//! ```
//!
//! The dictionary of a piece is its first twentieth, and the rest is cut into ten blocks, as in Lucene.

use crate::lucene::error::Result;
use crate::lucene::formats::field_infos::{ID, RAW};
use crate::lucene::formats::monotonic::MonotonicWriter;
use crate::lucene::formats::segment_name::SegmentName;
use crate::lucene::formats::stored_ints;
use crate::lucene::store::codec::{Codec, Id};
use crate::lucene::store::output::{Output, Written, write_small};
use crate::lucene::store::primitives::PutBytes;

/// Header of `.fdt`.
pub(crate) const DATA_CODEC: Codec<'static> = Codec::plain("Lucene90StoredFieldsFastData", 1);
const INDEX_CODEC: Codec<'static> = Codec::plain("Lucene90FieldsIndexIdx", 0);
const META_CODEC: Codec<'static> = Codec::plain("Lucene90FieldsIndexMeta", 1);

/// Bytes of documents that end a chunk, and bytes of a piece of a sliced chunk.
pub(crate) const CHUNK_BYTES: usize = 81_920;
/// Documents that end a chunk.
pub(crate) const CHUNK_DOCUMENTS: usize = 1024;
/// Base-2 logarithm of the entries of a block of `.fdx`.
const SHIFT: u32 = 10;
/// How many times longer than its dictionary a piece is.
const DICTIONARY_RATIO: usize = 20;
/// Number of blocks after the dictionary of a piece.
const BLOCKS: usize = 10;

/// Writes `.fdt`, a document at a time.
#[derive(Debug)]
pub(crate) struct StoredFieldsWriter {
    segment: SegmentName,
    data: Output,
    /// First document and position of each chunk.
    chunks: Vec<(u32, u64)>,
    documents: u32,
    bytes: Vec<u8>,
    ends: Vec<usize>,
    fields: Vec<u32>,
}

/// Finished files, whose ids are not written yet.
#[derive(Debug)]
pub(crate) struct WrittenStoredFields {
    pub(crate) data: Written,
    index: Written,
    meta: Vec<u8>,
}

impl StoredFieldsWriter {
    /// Creates `.fdt`.
    pub(crate) fn create(segment: SegmentName) -> Result<Self> {
        let data = Output::create(segment.file("fdt"), DATA_CODEC)?;
        Ok(Self {
            segment,
            data,
            chunks: Vec::new(),
            documents: 0,
            bytes: Vec::new(),
            ends: Vec::new(),
            fields: Vec::new(),
        })
    }

    /// Adds the next document.
    pub(crate) fn add(&mut self, docid: &str, raw: Option<&str>) -> Result<()> {
        self.bytes.vint(ID << 3);
        self.bytes.string(docid);
        if let Some(raw) = raw {
            self.bytes.vint(RAW << 3);
            self.bytes.string(raw);
        }
        self.end_document(if raw.is_some() { 2 } else { 1 })
    }

    /// Adds the next document as its bytes stand in another segment.
    pub(crate) fn add_bytes(&mut self, document: &[u8], fields: u32) -> Result<()> {
        self.bytes.put(document);
        self.end_document(fields)
    }

    fn end_document(&mut self, fields: u32) -> Result<()> {
        self.ends.push(self.bytes.len());
        self.fields.push(fields);
        self.documents += 1;
        if self.bytes.len() >= CHUNK_BYTES || self.ends.len() >= CHUNK_DOCUMENTS {
            self.flush(false)?;
        }
        Ok(())
    }

    #[expect(
        clippy::cast_possible_truncation,
        reason = "a chunk has at most 1024 documents, and a document at most 2 GiB"
    )]
    fn flush(&mut self, dirty: bool) -> Result<()> {
        let count = self.ends.len();
        let first = self.documents - count as u32;
        self.chunks.push((first, self.data.position()));
        let sliced = self.bytes.len() >= 2 * CHUNK_BYTES;
        let mut out = Vec::new();
        out.vint(first);
        out.vlong((count as u64) << 2 | u64::from(dirty) << 1 | u64::from(sliced));
        stored_ints::put(&self.fields, &mut out);
        let mut begin = 0;
        let mut lengths = Vec::with_capacity(count);
        for end in &self.ends {
            lengths.push((end - begin) as u32);
            begin = *end;
        }
        stored_ints::put(&lengths, &mut out);
        if sliced {
            for piece in self.bytes.chunks(CHUNK_BYTES) {
                compress(piece, &mut out);
                self.data.write(&out)?;
                out.clear();
            }
        } else {
            compress(&self.bytes, &mut out);
        }
        self.data.write(&out)?;
        self.bytes.clear();
        self.ends.clear();
        self.fields.clear();
        Ok(())
    }

    /// Returns the bytes of memory in use.
    pub(crate) fn memory_bytes(&self) -> usize {
        self.bytes.capacity()
            + self.ends.capacity() * 8
            + self.fields.capacity() * 4
            + self.chunks.capacity() * 16
    }

    /// Ends the data, and writes the index of the chunks.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_possible_wrap,
        reason = "there are at most as many chunks as documents, which are below 2^31"
    )]
    pub(crate) fn finish(mut self) -> Result<WrittenStoredFields> {
        let dirty = self.ends.len() as u64;
        if dirty > 0 {
            self.flush(true)?;
        }
        let data_end = self.data.position();
        let mut index = Output::create(self.segment.file("fdx"), INDEX_CODEC)?;
        let mut meta = Vec::new();
        meta.vlen(CHUNK_BYTES);
        meta.i32(self.documents.cast_signed());
        meta.i32(SHIFT.cast_signed());
        meta.i32(self.chunks.len() as i32 + 1);
        let firsts = self
            .chunks
            .iter()
            .map(|chunk| u64::from(chunk.0))
            .chain([u64::from(self.documents)]);
        put_sequence(firsts, &mut index, &mut meta)?;
        let positions = self.chunks.iter().map(|chunk| chunk.1).chain([data_end]);
        put_sequence(positions, &mut index, &mut meta)?;
        meta.u64_as_i64(index.position());
        meta.u64_as_i64(data_end);
        meta.vlen(self.chunks.len());
        meta.vlong(u64::from(dirty > 0));
        meta.vlong(dirty);
        Ok(WrittenStoredFields {
            data: self.data.finish()?,
            index: index.finish()?,
            meta,
        })
    }
}

fn put_sequence(
    values: impl Iterator<Item = u64>,
    index: &mut Output,
    meta: &mut Vec<u8>,
) -> Result<()> {
    meta.u64_as_i64(index.position());
    let mut sequence = MonotonicWriter::new(SHIFT, index);
    for value in values {
        sequence.add(value, index)?;
    }
    meta.put(&sequence.finish(index)?);
    Ok(())
}

/// Appends a piece of documents, compressed.
fn compress(piece: &[u8], out: &mut Vec<u8>) {
    let (dictionary, rest) = piece.split_at(piece.len() / DICTIONARY_RATIO);
    let block_bytes = rest.len().div_ceil(BLOCKS);
    let mut compressed = lz4_flex::block::compress(dictionary);
    let mut lengths = Vec::new();
    lengths.vlen(compressed.len());
    if block_bytes > 0 {
        for block in rest.chunks(block_bytes) {
            let bytes = lz4_flex::block::compress_with_dict(block, dictionary);
            lengths.vlen(bytes.len());
            compressed.put(&bytes);
        }
    }
    out.vlen(dictionary.len());
    out.vlen(block_bytes);
    out.put(&lengths);
    out.put(&compressed);
}

impl WrittenStoredFields {
    /// Writes `.fdm` and seals all three.
    pub(crate) fn seal(self, segment: &SegmentName, id: &Id) -> Result<()> {
        write_small(&segment.file("fdm"), META_CODEC, id, &self.meta)?;
        self.index.seal(id)?;
        self.data.seal(id)
    }
}
