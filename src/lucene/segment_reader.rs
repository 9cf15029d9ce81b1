//! One of our own segments, opened for merging.

use super::error::{LuceneError, Result};
use super::input::Input;
use super::names::SegmentName;
use super::output::Id;
use super::postings::{self, PostingsReader};
use super::segments::CommitEntry;
use super::terms_reader::{FieldMeta, TermsReader};
use super::{field_infos, segment_info, stored_fields, terms, terms_reader};

/// A segment of ours. No file stays open.
#[derive(Debug, Clone)]
pub(super) struct SegmentReader {
    pub(super) name: SegmentName,
    pub(super) id: Id,
    pub(super) documents: u32,
    /// Whether texts are stored.
    pub(super) raw: bool,
    fields: Vec<FieldMeta>,
}

impl SegmentReader {
    /// Opens a segment, reads its small files and checks that the headers and footers of the others belong to it.
    pub(super) fn open(entry: CommitEntry) -> Result<Self> {
        let CommitEntry { segment: name, id } = entry;
        let documents = segment_info::read(&name, &id)?;
        let raw = field_infos::read(&name.file("fnm"), &id)?;
        let tmd = name.file("tmd");
        let fields = terms_reader::read_meta(&tmd, &id, |field| field == field_infos::CONTENTS)?;
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

    /// What the term dictionary says of a field.
    pub(super) fn field(&self, number: u32) -> Result<&FieldMeta> {
        let missing = || LuceneError::corrupt(&self.name.file("tmd"), "a field is missing");
        self.fields
            .iter()
            .find(|field| field.number == number)
            .ok_or_else(missing)
    }

    fn open_file(
        &self,
        codec: super::output::Codec,
        extension: &str,
        window: usize,
    ) -> Result<Input> {
        Input::open_checked(
            self.name.file(extension),
            window,
            codec.name,
            codec.version,
            &self.id,
            codec.suffix,
        )
    }

    /// Reads the terms of a field.
    pub(super) fn terms(&self, field: u32, window: usize) -> Result<TermsReader> {
        TermsReader::new(
            self.open_file(terms::CODEC, "tim", window)?,
            self.field(field)?,
        )
    }

    /// Reads postings.
    pub(super) fn postings(&self, window: usize) -> Result<PostingsReader> {
        Ok(PostingsReader::new(self.open_file(
            postings::CODEC,
            "doc",
            window,
        )?))
    }

    /// Reads stored fields; the input stands at the first chunk.
    pub(super) fn stored(&self, window: usize) -> Result<Input> {
        self.open_file(stored_fields::DATA_CODEC, "fdt", window)
    }

    /// Compares the checksums of the files that a merge reads.
    pub(super) fn verify(&self) -> Result<()> {
        for (codec, extension) in [
            (terms::CODEC, "tim"),
            (postings::CODEC, "doc"),
            (stored_fields::DATA_CODEC, "fdt"),
        ] {
            self.open_file(codec, extension, 1 << 16)?.verify()?;
        }
        Ok(())
    }

    /// Compares the checksums of all files.
    pub(super) fn verify_all(&self) -> Result<()> {
        for extension in SegmentName::extensions() {
            Input::open(self.name.file(extension), 1 << 16)?.verify()?;
        }
        Ok(())
    }

    /// Size of its files.
    pub(super) fn bytes(&self) -> Result<u64> {
        let mut bytes = 0;
        for extension in SegmentName::extensions() {
            bytes += fs_err::metadata(self.name.file(extension))?.len();
        }
        Ok(bytes)
    }
}
