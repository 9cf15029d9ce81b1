//! Norms, `.nvd` and `.nvm`: the length of each document, in Lucene's scoring.
//!
//! Every document has impacts, so the norm of `contents` is 1 for all of them: `.nvd` is a header and a footer, and
//! `.nvm` says that the value is constant.
//!
//! ```text
//! .nvm   i32 field · i64 -1 · i64 0 · i16 -1 · u8 FF (all documents have it) · i32 documents
//!        u8 0 bytes per value · i64 1 the value · i32 -1 end
//! ```

use crate::lucene::error::Result;
use crate::lucene::formats::field_infos::CONTENTS;
use crate::lucene::formats::segment_name::SegmentName;
use crate::lucene::store::codec::{Codec, Id};
use crate::lucene::store::output::write_small;
use crate::lucene::store::primitives::PutBytes;

const DATA_CODEC: Codec<'static> = Codec::plain("Lucene90NormsData", 0);
const META_CODEC: Codec<'static> = Codec::plain("Lucene90NormsMetadata", 0);

/// Writes both files.
pub(crate) fn write(segment: &SegmentName, id: &Id, documents: u32) -> Result<()> {
    let mut meta = Vec::new();
    meta.i32(CONTENTS.cast_signed());
    meta.i64(-1);
    meta.i64(0);
    meta.i16(-1);
    meta.u8(0xff);
    meta.i32(documents.cast_signed());
    meta.u8(0);
    meta.i64(1);
    meta.i32(-1);
    write_small(&segment.file("nvd"), DATA_CODEC, id, &[])?;
    write_small(&segment.file("nvm"), META_CODEC, id, &meta)
}
