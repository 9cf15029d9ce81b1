//! Reads the description of a term dictionary, `.tmd`: see the module `formats::term_dictionary`.

use std::path::Path;

use crate::lucene::error::{LuceneError, Result};
use crate::lucene::formats::pfor::BLOCK;
use crate::lucene::formats::term_dictionary::{META_CODEC, POSTINGS_META_CODEC};
use crate::lucene::store::codec::Id;
use crate::lucene::store::input::{Input, open_small};

/// What `.tmd` says of a field.
#[derive(Debug, Clone)]
pub(crate) struct FieldMeta {
    /// Number of the field.
    pub(crate) number: u32,
    /// True if its postings have frequencies.
    pub(crate) has_freqs: bool,
    /// Number of distinct terms.
    pub(crate) num_terms: u64,
    /// Position of the root block in `.tim`.
    pub(crate) root_fp: u64,
    /// Sum of all frequencies.
    pub(crate) sum_total_term_freq: u64,
    /// Number of postings.
    pub(crate) sum_doc_freq: u64,
    /// Number of documents that have the field.
    pub(crate) doc_count: u32,
}

/// Reads `.tmd`; `has_freqs` tells which fields have frequencies.
pub(crate) fn read(
    path: &Path,
    id: &Id,
    has_freqs: impl Fn(u32) -> bool,
) -> Result<Vec<FieldMeta>> {
    let (mut input, _) = open_small(path, META_CODEC, Some(id))?;
    input.header(POSTINGS_META_CODEC)?;
    if input.vlen()? != BLOCK {
        return Err(LuceneError::not_ours(
            path,
            "its postings have another block size",
        ));
    }
    let mut fields = Vec::new();
    for _ in 0..input.vint()? {
        fields.push(read_field(&mut input, &has_freqs)?);
    }
    Ok(fields)
}

fn read_field(input: &mut Input, has_freqs: impl Fn(u32) -> bool) -> Result<FieldMeta> {
    let number = input.vint()?;
    let has_freqs = has_freqs(number);
    let num_terms = input.vlong()?;
    let root_code_bytes = input.vlen()?;
    let after_root_code = input.position().saturating_add(root_code_bytes as u64);
    let root_fp = input.vlong()? >> 2;
    input.seek(after_root_code);
    let sum_total_term_freq = if has_freqs {
        Some(input.vlong()?)
    } else {
        None
    };
    let sum_doc_freq = input.vlong()?;
    let doc_count = input.vint()?;
    for _smallest_and_largest_term in 0..2 {
        skip_counted(input)?;
    }
    let _position_in_tip = input.vlong()?;
    skip_fst_description(input)?;
    Ok(FieldMeta {
        number,
        has_freqs,
        num_terms,
        root_fp,
        sum_total_term_freq: sum_total_term_freq.unwrap_or(sum_doc_freq),
        sum_doc_freq,
        doc_count,
    })
}

/// Skips the description of the field's transducer in `.tip`, which is not needed to read terms in order.
fn skip_fst_description(input: &mut Input) -> Result<()> {
    let plain_header = 4 + 1 + "FST".len() + 4;
    input.take(plain_header)?;
    let has_root_output = input.u8()? == 1;
    if has_root_output {
        skip_counted(input)?;
    }
    let _label_size = input.u8()?;
    let _start_node = input.vlong()?;
    let _bytes = input.vlong()?;
    Ok(())
}

fn skip_counted(input: &mut Input) -> Result<()> {
    let bytes = input.vlen()?;
    input.take(bytes)?;
    Ok(())
}
