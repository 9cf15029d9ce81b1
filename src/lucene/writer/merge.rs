//! Merges segments into one, as streams.
//!
//! Documents keep their order. Stored documents are copied, docids are read out of them. Terms are read side by side;
//! the postings of a term are decoded segment by segment and encoded again. Memory holds windows over the files, one
//! block of terms per level and segment, and one chunk of documents: it does not grow with the size of the segments.
//!
//! The input is finished segments, rather than temporary files of sorted postings: so nothing is written twice for an
//! index that is not merged, and finished parts of an interrupted run and segments of other indexes are merged alike.

use crate::lucene::error::{LuceneError, Result};
use crate::lucene::formats::field_infos::{CONTENTS, ID};
use crate::lucene::formats::segment_name::SegmentName;
use crate::lucene::reader::segment_reader::SegmentReader;
use crate::lucene::reader::stored_fields_reader::{self, docid};
use crate::lucene::reader::term_merge::{TermMerge, window};
use crate::lucene::writer::segment_files::{InvertedFiles, SegmentFiles};
use crate::stop::Stop;

/// Merges segments into a new one, which has their documents in their order, unless a stop is asked for.
pub(crate) fn merge(segments: &[SegmentReader], name: SegmentName, stop: &Stop) -> Result<()> {
    let mut files = SegmentFiles::create(name)?;
    let mut bases = Vec::new();
    for segment in segments {
        // Damaged bytes must not get a new checksum.
        segment.verify(stop)?;
        bases.push(files.documents);
        copy_documents(segment, &mut files, stop)?;
    }
    let mut inverted = InvertedFiles::create(files.name())?;
    merge_contents(segments, &bases, files.documents, &mut inverted, stop)?;
    merge_ids(segments, &bases, files.documents, &mut inverted, stop)?;
    files.finish(inverted)
}

fn copy_documents(segment: &SegmentReader, files: &mut SegmentFiles, stop: &Stop) -> Result<()> {
    let mut input = segment.stored(1 << 17)?;
    let path = input.path().to_owned();
    let mut count = 0;
    stored_fields_reader::for_each(&mut input, |document, fields| {
        stop.check()?;
        files.doc_values.add(docid(document, &path)?)?;
        count += 1;
        files.stored.add_bytes(document, fields)
    })?;
    if count != segment.documents {
        return Err(LuceneError::corrupt(
            &path,
            "it has another number of documents than its segment",
        ));
    }
    files.raw |= segment.raw;
    let documents = files
        .documents
        .checked_add(count)
        .filter(|documents| *documents <= crate::lucene::limits::MAX_DOCUMENTS);
    files.documents = documents.ok_or(LuceneError::TooMany {
        what: "more than 2,147,483,519 documents in one index",
    })?;
    Ok(())
}

fn merge_contents(
    segments: &[SegmentReader],
    bases: &[u32],
    documents: u32,
    inverted: &mut InvertedFiles,
    stop: &Stop,
) -> Result<()> {
    let mut readers = Vec::new();
    for segment in segments {
        readers.push(segment.postings(window(segments.len()))?);
    }
    let postings = &mut inverted.postings;
    postings.start_field(true);
    let mut field = inverted.terms.field(CONTENTS, true)?;
    let mut terms = TermMerge::open(segments, CONTENTS)?;
    while let Some((term, found)) = terms.next()? {
        for (i, meta) in found {
            stop.check()?;
            let base = bases[*i];
            readers[*i].for_each(meta, segments[*i].documents, |doc, freq| {
                postings.add(base + doc, freq)
            })?;
        }
        field.add(term, postings.finish_term()?)?;
    }
    field.finish(documents)
}

fn merge_ids(
    segments: &[SegmentReader],
    bases: &[u32],
    documents: u32,
    inverted: &mut InvertedFiles,
    stop: &Stop,
) -> Result<()> {
    let postings = &mut inverted.postings;
    postings.start_field(false);
    let mut field = inverted.terms.field(ID, false)?;
    let mut terms = TermMerge::open(segments, ID)?;
    while let Some((term, found)) = terms.next()? {
        stop.check()?;
        let [(i, meta)] = found else {
            return Err(LuceneError::corrupt(
                &segments[found[0].0].name.file("tim"),
                "a docid is in two segments",
            ));
        };
        let doc = meta
            .singleton_doc_id
            .filter(|doc| *doc < segments[*i].documents);
        let doc = doc.ok_or_else(|| {
            LuceneError::corrupt(&segments[*i].name.file("tim"), "a docid has no document")
        })?;
        postings.add(bases[*i] + doc, 1)?;
        field.add(term, postings.finish_term()?)?;
    }
    field.finish(documents)
}
