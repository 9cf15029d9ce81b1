//! Writes the files of one segment, for a builder that has documents and for a merge that has other segments.

use crate::lucene::error::Result;
use crate::lucene::formats::doc_values::DocValuesWriter;
use crate::lucene::formats::postings::PostingsWriter;
use crate::lucene::formats::segment_name::SegmentName;
use crate::lucene::formats::stored_fields::StoredFieldsWriter;
use crate::lucene::formats::term_dictionary::{META_CODEC, TermsWriter};
use crate::lucene::formats::{field_infos, norms, segment_info};
use crate::lucene::store::output::{content_id, write_small};

/// Files of a segment that are written document by document. The caller streams documents into them.
#[derive(Debug)]
pub(crate) struct SegmentFiles {
    name: SegmentName,
    pub(crate) stored: StoredFieldsWriter,
    pub(crate) doc_values: DocValuesWriter,
    pub(crate) documents: u32,
    pub(crate) raw: bool,
}

/// Files of a segment that are written term by term, after all documents.
#[derive(Debug)]
pub(crate) struct InvertedFiles {
    pub(crate) postings: PostingsWriter,
    pub(crate) terms: TermsWriter,
}

impl InvertedFiles {
    /// Creates `.doc`, `.tim` and `.tip`.
    pub(crate) fn create(name: &SegmentName) -> Result<Self> {
        Ok(Self {
            postings: PostingsWriter::create(name.file("doc"))?,
            terms: TermsWriter::create(name.file("tim"), name.file("tip"))?,
        })
    }
}

impl SegmentFiles {
    /// Creates the files of the documents.
    pub(crate) fn create(name: SegmentName) -> Result<Self> {
        Ok(Self {
            stored: StoredFieldsWriter::create(name.clone())?,
            doc_values: DocValuesWriter::create(&name)?,
            name,
            documents: 0,
            raw: false,
        })
    }

    /// Returns the name of the segment.
    pub(crate) const fn name(&self) -> &SegmentName {
        &self.name
    }

    /// Ends all files and writes the small ones. The segment info comes last: where it exists, the segment is whole.
    pub(crate) fn finish(self, inverted: InvertedFiles) -> Result<()> {
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
