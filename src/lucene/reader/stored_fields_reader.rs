//! Reads the stored fields of our own segments, in order of the documents, a chunk at a time.

use crate::lucene::error::{LuceneError, Result};
use crate::lucene::formats::field_infos::ID;
use crate::lucene::formats::stored_fields::{CHUNK_BYTES, CHUNK_DOCUMENTS};
use crate::lucene::formats::stored_ints;
use crate::lucene::store::input::Input;
use crate::lucene::store::primitives::PutBytes;

/// Calls `each(document, number of its fields)` with the bytes of each stored document.
#[expect(
    clippy::cast_possible_truncation,
    reason = "a chunk has at most 1024 documents"
)]
pub(crate) fn for_each(
    input: &mut Input,
    mut each: impl FnMut(&[u8], u32) -> Result<()>,
) -> Result<()> {
    let mut bytes = Vec::new();
    let mut next = 0;
    while input.position() < input.end() {
        if input.vint()? != next {
            return Err(input.corrupt("its chunks are not in order"));
        }
        let code = input.vlen()?;
        let count = code >> 2;
        if count == 0 || count > CHUNK_DOCUMENTS {
            return Err(input.corrupt("a chunk has an impossible number of documents"));
        }
        let fields = stored_ints::read(input, count)?;
        let lengths = stored_ints::read(input, count)?;
        let total: u64 = lengths.iter().map(|length| u64::from(*length)).sum();
        // Takes memory for one piece at a time, so that a damaged length reaches the end of the file before it takes all
        // memory.
        let total = usize::try_from(total).map_err(|_| input.corrupt("a chunk is too long"))?;
        let piece = if code & 1 == 1 {
            CHUNK_BYTES
        } else {
            2 * CHUNK_BYTES
        };
        bytes.clear();
        while bytes.len() < total {
            let piece = piece.min(total - bytes.len());
            decompress(input, piece, &mut bytes)?;
        }
        let mut rest = bytes.as_slice();
        for (length, fields) in lengths.iter().zip(&fields) {
            let (document, after) = rest.split_at(*length as usize);
            each(document, *fields)?;
            rest = after;
        }
        next += lengths.len() as u32;
    }
    Ok(())
}

/// Appends a piece, which has `piece` bytes when decompressed, to `bytes`.
fn decompress(input: &mut Input, piece: usize, bytes: &mut Vec<u8>) -> Result<()> {
    let dictionary_bytes = input.vlen()?;
    let block_bytes = input.vlen()?;
    let rest = piece
        .checked_sub(dictionary_bytes)
        .ok_or_else(|| input.corrupt("a dictionary is too long"))?;
    if rest > 0 && block_bytes == 0 {
        return Err(input.corrupt("a chunk has empty blocks"));
    }
    let blocks = if rest == 0 {
        0
    } else {
        rest.div_ceil(block_bytes)
    };
    if blocks as u64 > input.length() {
        return Err(input.corrupt("a chunk has too many blocks"));
    }
    let mut lengths = Vec::new();
    for _ in 0..=blocks {
        lengths.push(input.vlen()?);
    }
    let start = bytes.len();
    bytes.resize(start + piece, 0);
    let (dictionary, mut rest) = bytes[start..].split_at_mut(dictionary_bytes);
    let damaged = |input: &Input| input.corrupt("a chunk cannot be decompressed");
    let compressed = input.take(lengths[0])?;
    if !dictionary.is_empty() {
        let read = lz4_flex::block::decompress_into(compressed, dictionary);
        if read.ok() != Some(dictionary_bytes) {
            return Err(damaged(input));
        }
    }
    for length in &lengths[1..] {
        let (block, after) = rest.split_at_mut(block_bytes.min(rest.len()));
        rest = after;
        let compressed = input.take(*length)?;
        let read = lz4_flex::block::decompress_into_with_dict(compressed, block, dictionary);
        if read.ok() != Some(block.len()) {
            return Err(damaged(input));
        }
    }
    Ok(())
}

/// Returns the docid of a stored document, which is the string of its first field.
pub(crate) fn docid<'a>(document: &'a [u8], input_path: &std::path::Path) -> Result<&'a str> {
    let mut head = Vec::new();
    head.vint(ID << 3);
    let find = || {
        let rest = document.strip_prefix(head.as_slice())?;
        let mut length = 0_usize;
        for (i, byte) in rest.iter().take(3).enumerate() {
            length |= usize::from(byte & 0x7f) << (7 * i);
            if byte & 0x80 == 0 {
                return std::str::from_utf8(rest.get(i + 1..i + 1 + length)?).ok();
            }
        }
        None
    };
    find().ok_or_else(|| LuceneError::corrupt(input_path, "a document has no docid"))
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use proptest::prelude::*;

    use super::*;
    use crate::lucene::formats::segment_name::SegmentName;
    use crate::lucene::formats::stored_fields::{DATA_CODEC, StoredFieldsWriter};
    use crate::stop::Stop;

    /// Writes documents and reads them back: docid and number of fields, and the bytes of each.
    fn round_trip(documents: &[(String, Option<String>)]) -> Vec<(String, u32, usize)> {
        let dir = tempfile::tempdir().unwrap();
        let name = SegmentName::new(dir.path(), 0);
        let mut writer = StoredFieldsWriter::create(name.clone()).unwrap();
        for (docid, raw) in documents {
            writer.add(docid, raw.as_deref()).unwrap();
        }
        let id = [3; 16];
        writer.finish().unwrap().seal(&name, &id).unwrap();
        let mut input = Input::open_checked(name.file("fdt"), 1000, DATA_CODEC, &id).unwrap();
        input.verify(&Stop::default()).unwrap();
        let mut found = Vec::new();
        for_each(&mut input, |document, fields| {
            let docid = docid(document, Path::new("fdt"))?.to_owned();
            found.push((docid, fields, document.len()));
            Ok(())
        })
        .unwrap();
        found
    }

    fn check(documents: &[(String, Option<String>)]) {
        let found = round_trip(documents);
        assert_eq!(found.len(), documents.len());
        for ((docid, raw), (found, fields, bytes)) in documents.iter().zip(found) {
            assert_eq!(*docid, found);
            assert_eq!(fields, if raw.is_some() { 2 } else { 1 });
            let raw = raw.as_ref().map_or(0, String::len);
            assert!(bytes > docid.len() + raw && bytes <= docid.len() + raw + 10);
        }
    }

    #[test]
    fn full_sliced_and_many_chunks_are_read_back() {
        let text = |bytes: usize| Some("ab cd1 ".repeat(bytes / 7));
        check(&[("a".to_owned(), text(81_920)), ("b".to_owned(), text(10))]);
        check(&[("a".to_owned(), text(163_840)), ("b".to_owned(), None)]);
        check(&[("a".to_owned(), text(1_000_000))]);
        let many: Vec<_> = (0..5000).map(|n| (n.to_string(), None)).collect();
        check(&many);
    }

    proptest! {
        #[test]
        fn any_documents_are_read_back(
            documents in prop::collection::vec((".{0,20}", prop::option::of(("\\PC{0,9}", 0_usize..9000))), 1..40),
        ) {
            let documents: Vec<_> = documents
                .into_iter()
                .map(|(docid, raw)| (docid, raw.map(|(text, times)| text.repeat(times))))
                .collect();
            check(&documents);
        }
    }
}
