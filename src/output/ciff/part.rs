//! A part that is being written: postings in memory until there are many, then a sorted run.

use std::path::{Path, PathBuf};

use super::run::put_entry;
use crate::durable::AtomicFile;
use crate::error::{Error, Result};
use crate::output::part_file::PartFileWriter;
use crate::output::record::{EncodedRecord, Terms, VectorRef};
use crate::output::traits::PartWriter;
use crate::quote::Quoted;
use crate::run::{Compression, PartFile};

use super::protobuf::put_varint;

/// Postings that are kept in memory: 24 MiB.
const MOST_POSTINGS: usize = 2 << 20;

/// Returns the name of the file with the part's docids and lengths.
pub(super) fn documents_name(number: usize) -> String {
    format!("part-{number:05}.documents")
}

/// A posting of the part: token id or number in the dictionary, document, impact.
type Posting = (u32, u32, u32);

/// Writes a part.
pub(super) struct CiffPart<'o> {
    /// The model's terms as they are written, by token id.
    terms: &'o [String],
    max_impact: u32,
    folder: PathBuf,
    number: usize,
    documents: PartFileWriter,
    count: u32,
    postings: Vec<Posting>,
    runs: Vec<PartFile>,
    most_postings: usize,
    line: Vec<u8>,
}

impl<'o> CiffPart<'o> {
    /// Begins a part.
    pub fn create(
        terms: &'o [String],
        max_impact: u32,
        number: usize,
        folder: &Path,
    ) -> Result<Self> {
        let path = folder.join(documents_name(number));
        let file = AtomicFile::create(folder, &path)?;
        Ok(Self {
            terms,
            max_impact,
            folder: folder.to_owned(),
            number,
            documents: PartFileWriter::new(file, Compression::None),
            count: 0,
            postings: Vec::new(),
            runs: Vec::new(),
            most_postings: MOST_POSTINGS,
            line: Vec::new(),
        })
    }

    /// Writes a run after so many postings: for tests.
    #[cfg(test)]
    pub fn with_most_postings(mut self, most_postings: usize) -> Self {
        self.most_postings = most_postings;
        self
    }

    fn too_large(&self, docid: &str, term: &str, impact: u32) -> Error {
        Error::output(format!(
            "the document {} has the impact {impact} for the term {}, and an index in the format ciff is to have \
             at most {most}, as readers keep impacts in 8 bits; rescale with `max_impact` {most}, or take a larger `step`",
            Quoted(docid),
            Quoted(term),
            most = self.max_impact
        ))
    }

    /// Writes the postings in memory as a sorted run.
    fn spill(&mut self, terms: Terms<'_>) -> Result<()> {
        if self.postings.is_empty() {
            return Ok(());
        }
        let name = format!("part-{:05}-{:04}.run", self.number, self.runs.len());
        let file = AtomicFile::create(&self.folder, &self.folder.join(&name))?;
        let mut file = PartFileWriter::new(file, Compression::None);
        self.postings.sort_unstable();
        let mut lists: Vec<(&str, &[Posting])> = self
            .postings
            .chunk_by(|a, b| a.0 == b.0)
            .map(|list| (terms.written(self.terms, list[0].0), list))
            .collect();
        lists.sort_unstable_by_key(|(term, _)| *term);
        let (mut entry, mut scratch) = (Vec::new(), Vec::new());
        for (term, list) in lists {
            entry.clear();
            let postings = list.iter().map(|&(_, document, impact)| (document, impact));
            put_entry(&mut entry, &mut scratch, term, postings).ok_or_else(|| {
                Error::output(format!(
                    "a document of part {} has the term {} twice; give each term of a document one impact",
                    self.number,
                    Quoted(term)
                ))
            })?;
            file.write_all(&entry)?;
        }
        self.postings.clear();
        self.runs.push(file.finish(name)?);
        Ok(())
    }
}

impl PartWriter for CiffPart<'_> {
    fn add(&mut self, record: &EncodedRecord<'_>) -> Result<()> {
        let VectorRef::Impacts(impacts) = record.vector else {
            return Err(Error::output(
                "the format ciff takes impacts, and these are weights; give a `step`",
            ));
        };
        let mut length = 0;
        for entry in impacts {
            if entry.impact > self.max_impact {
                let term = record.terms.written(self.terms, entry.term);
                return Err(self.too_large(record.docid, term, entry.impact));
            }
            length += u64::from(entry.impact);
            self.postings.push((entry.term, self.count, entry.impact));
        }
        self.line.clear();
        put_varint(&mut self.line, record.docid.len() as u64);
        self.line.extend_from_slice(record.docid.as_bytes());
        put_varint(&mut self.line, length);
        self.documents.write_all(&self.line)?;
        self.count += 1;
        if self.postings.len() >= self.most_postings {
            self.spill(record.terms)?;
        }
        Ok(())
    }

    fn holds_terms(&self) -> bool {
        !self.postings.is_empty()
    }

    fn finish(mut self: Box<Self>, terms: Terms<'_>) -> Result<Vec<PartFile>> {
        self.spill(terms)?;
        let Self {
            documents,
            runs,
            number,
            ..
        } = *self;
        let mut files = vec![documents.finish(documents_name(number))?];
        files.extend(runs);
        Ok(files)
    }
}
