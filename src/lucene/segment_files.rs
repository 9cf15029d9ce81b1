//! The files of one segment while they are written: by a builder from documents, or by a merge from other segments.

use super::doc_values::DocValuesWriter;
use super::error::Result;
use super::names::SegmentName;
use super::output::{content_id, write_small};
use super::postings::PostingsWriter;
use super::stored_fields::StoredFieldsWriter;
use super::terms::{META_CODEC, TermsWriter};
use super::{field_infos, norms, segment_info};

/// Open files of a segment; what is streamed into them is up to the caller.
#[derive(Debug)]
pub(super) struct SegmentFiles {
    name: SegmentName,
    pub(super) stored: StoredFieldsWriter,
    pub(super) doc_values: DocValuesWriter,
    pub(super) documents: u32,
    pub(super) raw: bool,
}

/// The postings and terms, which come after all documents.
#[derive(Debug)]
pub(super) struct InvertedFiles {
    pub(super) postings: PostingsWriter,
    pub(super) terms: TermsWriter,
}

impl InvertedFiles {
    /// Creates `.doc`, `.tim` and `.tip`.
    pub(super) fn create(name: &SegmentName) -> Result<Self> {
        Ok(Self {
            postings: PostingsWriter::create(name.file("doc"))?,
            terms: TermsWriter::create(name.file("tim"), name.file("tip"))?,
        })
    }
}

impl SegmentFiles {
    /// Creates the files of the documents.
    pub(super) fn create(name: SegmentName) -> Result<Self> {
        Ok(Self {
            stored: StoredFieldsWriter::create(name.clone())?,
            doc_values: DocValuesWriter::create(&name)?,
            name,
            documents: 0,
            raw: false,
        })
    }

    /// The name of the segment.
    pub(super) const fn name(&self) -> &SegmentName {
        &self.name
    }

    /// Ends all files and writes the small ones. The segment info is the last: where it is, the segment is whole.
    pub(super) fn finish(self, inverted: InvertedFiles) -> Result<()> {
        let name = self.name;
        let stored = self.stored.finish()?;
        let doc_values = self.doc_values.finish()?;
        let postings = inverted.postings.finish()?;
        let terms = inverted.terms.finish()?;
        let id = content_id(&[
            &stored.data,
            &doc_values.data,
            &postings,
            &terms.tim,
            &terms.tip,
        ]);
        write_small(&name.file("tmd"), META_CODEC, &id, &terms.meta_body(&id))?;
        stored.seal(&name, &id)?;
        doc_values.seal(&name.file("dvm"), &id)?;
        postings.seal(&id)?;
        terms.tim.seal(&id)?;
        terms.tip.seal(&id)?;
        norms::write(&name, &id, self.documents)?;
        field_infos::write(&name.file("fnm"), &id, self.raw)?;
        segment_info::write(&name, &id, self.documents)
    }
}
