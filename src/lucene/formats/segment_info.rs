//! Segment info, `.si`: what a segment consists of.
//!
//! ```text
//! i32 x3 version 9.0.0 · u8 1, i32 x3 least version 9.0.0 · i32 documents · u8 FF (no compound file)
//! map diagnostics · set names of all files of the segment · map attributes · vint 0 (no sort)
//! ```
//!
//! Anserini up to 1.7.1 looks for the text `lucene.version=9` in the diagnostics: without it, it takes the index for
//! one of Lucene 8 and breaks ties of scores by the number of the document and not by the docid.
//!
//! It is the only file of a segment that names the segment, so it alone is written again when the segment is taken
//! into another index.

use crate::lucene::error::{LuceneError, Result};
use crate::lucene::formats::segment_name::SegmentName;
use crate::lucene::store::codec::{Codec, Id};
use crate::lucene::store::input::open_small;
use crate::lucene::store::output::write_small;
use crate::lucene::store::primitives::PutBytes;

const CODEC: Codec<'static> = Codec::plain("Lucene90SegmentInfo", 0);
const DIAGNOSTICS: [(&str, &str); 3] = [
    ("lucene.version", "9.0.0"),
    ("source", "flush"),
    ("writer", "splade-export"),
];
const ATTRIBUTES: [(&str, &str); 1] = [("Lucene90StoredFieldsFormat.mode", "BEST_SPEED")];

/// Writes the file.
pub(crate) fn write(segment: &SegmentName, id: &Id, documents: u32) -> Result<()> {
    let mut body = Vec::new();
    put_version(&mut body);
    body.u8(1);
    put_version(&mut body);
    body.i32(documents.cast_signed());
    body.u8(0xff);
    body.map(&DIAGNOSTICS);
    body.vlen(SegmentName::extensions().count());
    for extension in SegmentName::extensions() {
        body.string(&segment.file_name(extension));
    }
    body.map(&ATTRIBUTES);
    body.vint(0);
    write_small(&segment.file("si"), CODEC, id, &body)
}

fn put_version(out: &mut Vec<u8>) {
    for part in [9, 0, 0] {
        out.i32(part);
    }
}

/// Reads the id of a segment.
pub(crate) fn read_id(segment: &SegmentName) -> Result<Id> {
    Ok(open_small(&segment.file("si"), CODEC, None)?.1)
}

/// Reads the number of documents of one of our segments.
pub(crate) fn read(segment: &SegmentName, id: &Id) -> Result<u32> {
    let path = segment.file("si");
    let (mut input, _) = open_small(&path, CODEC, Some(id))?;
    for _version in 0..3 {
        input.i32()?;
    }
    if input.u8()? == 1 {
        for _least_version in 0..3 {
            input.i32()?;
        }
    }
    let documents = u32::try_from(input.i32()?)
        .ok()
        .filter(|documents| *documents > 0);
    let documents =
        documents.ok_or_else(|| input.corrupt("its number of documents is out of range"))?;
    let compound = input.u8()?;
    let diagnostics = input.map()?;
    if compound != 0xff
        || !DIAGNOSTICS
            .iter()
            .all(|(key, value)| diagnostics.iter().any(|(k, v)| k == key && v == value))
    {
        return Err(LuceneError::not_ours(
            &path,
            "another program wrote the segment",
        ));
    }
    Ok(documents)
}
