//! Opens a segment.

use crate::lucene::error::{LuceneError, Result};
use crate::lucene::formats::commit_point::CommitEntry;
use crate::lucene::formats::segment_name::SegmentName;
use crate::lucene::formats::{field_infos, postings, segment_info, stored_fields, term_dictionary};
use crate::lucene::reader::field_meta::{self, FieldMeta};
use crate::lucene::reader::postings_reader::PostingsReader;
use crate::lucene::reader::terms_reader::TermsReader;
use crate::lucene::store::codec::{Codec, Id};
use crate::lucene::store::input::Input;
use crate::stop::Stop;

/// A segment that this crate wrote. No file of it stays open.
#[derive(Debug, Clone)]
pub(crate) struct SegmentReader {
    pub(crate) name: SegmentName,
    pub(crate) id: Id,
    pub(crate) documents: u32,
    /// True if texts are stored.
    pub(crate) raw: bool,
    fields: Vec<FieldMeta>,
}

impl SegmentReader {
    /// Opens a segment, reads its small files and checks that the headers and footers of the others belong to it.
    pub(crate) fn open(entry: CommitEntry) -> Result<Self> {
        let CommitEntry { segment: name, id } = entry;
        let documents = segment_info::read(&name, &id)?;
        let raw = field_infos::read(&name.file("fnm"), &id)?;
        let tmd = name.file("tmd");
        let fields = field_meta::read(&tmd, &id, |field| field == field_infos::CONTENTS)?;
        for field in [field_infos::CONTENTS, field_infos::ID] {
            let complete = |meta: &&FieldMeta| meta.number == field && meta.doc_count == documents;
            if fields.iter().find(complete).is_none() {
                return Err(LuceneError::not_ours(
                    &tmd,
                    "there are documents without docid or without terms",
                ));
            }
        }
        let segment = Self {
            name,
            id,
            documents,
            raw,
            fields,
        };
        segment.terms(field_infos::ID, 1)?;
        segment.postings(1)?;
        segment.stored(1)?;
        Ok(segment)
    }

    /// Returns what the term dictionary says of a field.
    pub(crate) fn field(&self, number: u32) -> Result<&FieldMeta> {
        let missing = || LuceneError::corrupt(&self.name.file("tmd"), "a field is missing");
        self.fields
            .iter()
            .find(|field| field.number == number)
            .ok_or_else(missing)
    }

    fn open_file(&self, codec: Codec, extension: &str, window: usize) -> Result<Input> {
        Input::open_checked(self.name.file(extension), window, codec, &self.id)
    }

    /// Returns a reader of the terms of a field.
    pub(crate) fn terms(&self, field: u32, window: usize) -> Result<TermsReader> {
        TermsReader::new(
            self.open_file(term_dictionary::CODEC, "tim", window)?,
            self.field(field)?,
        )
    }

    /// Returns a reader of postings.
    pub(crate) fn postings(&self, window: usize) -> Result<PostingsReader> {
        Ok(PostingsReader::new(self.open_file(
            postings::CODEC,
            "doc",
            window,
        )?))
    }

    /// Returns the input of the stored fields, which stands at the first chunk.
    pub(crate) fn stored(&self, window: usize) -> Result<Input> {
        self.open_file(stored_fields::DATA_CODEC, "fdt", window)
    }

    /// Compares the checksums of the files that a merge reads, unless a stop is asked for.
    pub(crate) fn verify(&self, stop: &Stop) -> Result<()> {
        for (codec, extension) in [
            (term_dictionary::CODEC, "tim"),
            (postings::CODEC, "doc"),
            (stored_fields::DATA_CODEC, "fdt"),
        ] {
            self.open_file(codec, extension, 1 << 16)?.verify(stop)?;
        }
        Ok(())
    }

    /// Compares the checksums of all files, unless a stop is asked for.
    pub(crate) fn verify_all(&self, stop: &Stop) -> Result<()> {
        for extension in SegmentName::extensions() {
            Input::open(self.name.file(extension), 1 << 16)?.verify(stop)?;
        }
        Ok(())
    }

    /// Returns the size of all files.
    pub(crate) fn bytes(&self) -> Result<u64> {
        let mut bytes = 0;
        for extension in SegmentName::extensions() {
            bytes += fs_err::metadata(self.name.file(extension))?.len();
        }
        Ok(bytes)
    }
}
