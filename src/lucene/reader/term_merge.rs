//! Reads the terms of several segments as one sorted list.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use crate::lucene::error::{DocumentLocation, LuceneError, Result};
use crate::lucene::formats::field_infos::{CONTENTS, ID};
use crate::lucene::formats::term_meta::TermMeta;
use crate::lucene::reader::segment_reader::SegmentReader;
use crate::lucene::reader::terms_reader::TermsReader;
use crate::stop::Stop;

/// Memory for windows over the files of all segments that are read at the same time.
const WINDOWS: usize = 32 << 20;

/// Returns the bytes of a window over a file of each of `segments` segments.
pub(crate) fn window(segments: usize) -> usize {
    (WINDOWS / segments.max(1)).clamp(1 << 12, 1 << 16)
}

/// A term and its metadata in each segment that has it, in the order of the segments.
type Found<'a> = (&'a [u8], &'a [(usize, TermMeta)]);

/// Reads the terms of a field of several segments, in order.
#[derive(Debug)]
pub(crate) struct TermMerge {
    readers: Vec<TermsReader>,
    metas: Vec<TermMeta>,
    heap: BinaryHeap<Reverse<(Vec<u8>, usize)>>,
    term: Vec<u8>,
    found: Vec<(usize, TermMeta)>,
}

impl TermMerge {
    /// Opens the terms of a field in all segments.
    pub(crate) fn open(segments: &[SegmentReader], field: u32) -> Result<Self> {
        let mut merge = Self {
            readers: Vec::new(),
            metas: vec![TermMeta::default(); segments.len()],
            heap: BinaryHeap::new(),
            term: Vec::new(),
            found: Vec::new(),
        };
        for (i, segment) in segments.iter().enumerate() {
            merge
                .readers
                .push(segment.terms(field, window(segments.len()))?);
            merge.advance(i, Vec::new())?;
        }
        Ok(merge)
    }

    fn advance(&mut self, segment: usize, mut term: Vec<u8>) -> Result<()> {
        let reader = &mut self.readers[segment];
        if let Some(meta) = reader.next()? {
            self.metas[segment] = meta;
            term.clear();
            term.extend_from_slice(reader.term());
            self.heap.push(Reverse((term, segment)));
        }
        Ok(())
    }

    /// Goes to the next term, and returns its bytes and the segments that have it, in their order.
    pub(crate) fn next(&mut self) -> Result<Option<Found<'_>>> {
        let Some(Reverse((term, segment))) = self.heap.pop() else {
            return Ok(None);
        };
        self.term.clone_from(&term);
        self.found.clear();
        self.found.push((segment, self.metas[segment]));
        self.advance(segment, term)?;
        while self
            .heap
            .peek()
            .is_some_and(|Reverse((term, _))| *term == self.term)
        {
            let Some(Reverse((term, segment))) = self.heap.pop() else {
                break;
            };
            self.found.push((segment, self.metas[segment]));
            self.advance(segment, term)?;
        }
        Ok(Some((&self.term, &self.found)))
    }
}

/// Refuses segments in which a docid occurs twice. Docids are sorted in each segment, so all lists are read at the same
/// time: memory holds two windows per segment, whatever the number of documents.
pub(crate) fn check_docids(segments: &[SegmentReader], stop: &Stop) -> Result<()> {
    let mut merge = TermMerge::open(segments, ID)?;
    while let Some((docid, found)) = merge.next()? {
        stop.check()?;
        let location = |(segment, meta): &(usize, TermMeta)| DocumentLocation {
            segment: segments[*segment].name.path(),
            document: meta.singleton_doc_id.unwrap_or_default(),
        };
        if let [first, second, ..] = found {
            return Err(LuceneError::DuplicateDocid {
                docid: String::from_utf8_lossy(docid).into_owned(),
                first: location(first),
                second: location(second),
            });
        }
        if let Some((segment, _)) = found
            .iter()
            .find(|(_, meta)| meta.singleton_doc_id.is_none())
        {
            let what = format!(
                "the docid {} is used twice",
                crate::quote::Quoted(&String::from_utf8_lossy(docid))
            );
            return Err(LuceneError::corrupt(
                &segments[*segment].name.file("tim"),
                what,
            ));
        }
    }
    Ok(())
}

/// Counts the distinct terms of all segments.
pub(crate) fn count_terms(segments: &[SegmentReader], stop: &Stop) -> Result<u64> {
    if let [segment] = segments {
        return Ok(segment.field(CONTENTS)?.num_terms);
    }
    let mut merge = TermMerge::open(segments, CONTENTS)?;
    let mut terms = 0;
    while merge.next()?.is_some() {
        stop.check()?;
        terms += 1;
    }
    Ok(terms)
}
