//! Field infos, `.fnm`: which fields there are, and what is indexed and stored of each.
//!
//! ```text
//! vint number of fields; per field
//!   string name · vint number · u8 bits (2: norms omitted) · u8 index options · u8 doc values · i64 -1
//!   map attributes · vint 0 (points) · vint 0 (vectors) · u8 0
//! ```
//!
//! | field | number | index options | norms | doc values | stored |
//! |---|---|---|---|---|---|
//! | `id` | 0 | documents (1) | omitted | binary (2) | yes |
//! | `contents` | 1 | documents and frequencies (2) | constant 1 | none | no |
//! | `raw`, only if the collection's text is kept | 2 | none (0) | – | none | yes |

use std::path::Path;

use crate::lucene::error::{LuceneError, Result};
use crate::lucene::store::codec::{Codec, Id};
use crate::lucene::store::input::open_small;
use crate::lucene::store::output::write_small;
use crate::lucene::store::primitives::PutBytes;

/// Header of `.fnm`.
const CODEC: Codec<'static> = Codec::plain("Lucene90FieldInfos", 0);

/// Number of the field with the docids.
pub(crate) const ID: u32 = 0;
/// Number of the field with the impacts.
pub(crate) const CONTENTS: u32 = 1;
/// Number of the field with the text of the collection.
pub(crate) const RAW: u32 = 2;

/// Names and values of a field's attributes.
type Attributes = [(&'static str, &'static str)];

const POSTINGS: [(&str, &str); 2] = [
    ("PerFieldPostingsFormat.format", "Lucene90"),
    ("PerFieldPostingsFormat.suffix", "0"),
];
const DOC_VALUES: [(&str, &str); 2] = [
    ("PerFieldDocValuesFormat.format", "Lucene90"),
    ("PerFieldDocValuesFormat.suffix", "0"),
];

/// Returns the body of the file, with or without `raw`.
fn encode(raw: bool) -> Vec<u8> {
    let mut out = Vec::new();
    let id_attributes = [DOC_VALUES, POSTINGS].concat();
    let fields: [(&str, u32, [u8; 3], &Attributes); 3] = [
        ("id", ID, [2, 1, 2], &id_attributes),
        ("contents", CONTENTS, [0, 2, 0], &POSTINGS),
        ("raw", RAW, [0, 0, 0], &[]),
    ];
    let fields = if raw { &fields[..] } else { &fields[..2] };
    out.vlen(fields.len());
    for (name, number, kinds, attributes) in fields {
        out.string(name);
        out.vint(*number);
        out.put(kinds);
        out.i64(-1);
        out.map(attributes);
        out.put(&[0, 0, 0]);
    }
    out
}

/// Writes the file.
pub(crate) fn write(path: &Path, id: &Id, raw: bool) -> Result<()> {
    write_small(path, CODEC, id, &encode(raw))
}

/// Reads the file, and returns true if it has the field `raw`. Any other fields than ours are refused.
pub(crate) fn read(path: &Path, id: &Id) -> Result<bool> {
    let (mut input, _) = open_small(path, CODEC, Some(id))?;
    let length = input.end().saturating_sub(input.position());
    let found = input.take(usize::try_from(length).unwrap_or(0))?;
    for raw in [false, true] {
        if found == encode(raw) {
            return Ok(raw);
        }
    }
    Err(LuceneError::not_ours(path, "its fields differ"))
}
