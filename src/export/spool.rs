//! Float weights that wait for the largest one of the corpus.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Context;

use crate::collection::{Contents, Lines, parse};
use crate::corpus::Source;
use crate::error::Result;
use crate::impact::{SparseVector, TermWeight};
use crate::output::{JsonVectors, LineFormat, LinePart, PartWriter, PseudoTerms};
use crate::run::{Compression, Damaged, PartFile, PartRecord};

/// Keeps the weights of whole parts beside the journal: encoding twice would double the cost of a run.
pub(super) struct Spool {
    folder: PathBuf,
    format: JsonVectors,
    ids: HashMap<String, u32>,
}

/// A document of the spool.
pub(super) struct SpooledDocument {
    pub(super) docid: String,
    pub(super) contents: String,
    pub(super) vector: SparseVector,
}

impl Spool {
    pub(super) fn new(folder: &Path, vocabulary: &[String]) -> Result<Self> {
        let mut format = JsonVectors::default();
        format.set_vocabulary(vocabulary)?;
        let written = PseudoTerms::new(vocabulary)?;
        let ids = written.terms().iter().cloned().zip(0..).collect();
        Ok(Self {
            folder: folder.to_owned(),
            format,
            ids,
        })
    }

    /// Returns the name under which a record has the files of the spool.
    pub(super) fn format(&self) -> &'static str {
        "spool"
    }

    fn file<'r>(&self, record: &'r PartRecord) -> Option<&'r PartFile> {
        record.files_of(self.format()).first()
    }

    /// Tells whether a part is there as it was written.
    pub(super) fn holds(&self, record: &PartRecord) -> Result<bool, Damaged> {
        match self.file(record) {
            Some(file) => file.check(&self.folder).map(|()| true),
            None => Ok(false),
        }
    }

    pub(super) fn part(&self, number: usize) -> Result<Box<dyn PartWriter + '_>> {
        let path = self.folder.join(format!("weights-{number:05}.jsonl"));
        let part = LinePart::create(&self.format, &self.folder, &path, Compression::None)?;
        Ok(Box::new(part))
    }

    /// Reads a part back, document by document.
    pub(super) fn read(
        &self,
        record: &PartRecord,
        mut each: impl FnMut(&SpooledDocument) -> anyhow::Result<()>,
    ) -> anyhow::Result<()> {
        let file = self.file(record).context("a part of weights has no file")?;
        let path = self.folder.join(&file.name);
        let mut lines = Lines::open(&Source::file(path.clone()), &Arc::default())?;
        while let Some(line) = lines.next_line()? {
            let mut entries = Vec::new();
            let document = parse(line, Contents::Read, |term, weight| {
                let term = self.ids.get(term).copied();
                let term =
                    term.with_context(|| format!("{}: unknown term", crate::quote::path(&path)))?;
                let weight = weight.into();
                entries.push(TermWeight { term, weight });
                Ok::<_, anyhow::Error>(())
            })?;
            each(&SpooledDocument {
                docid: document.docid.into_owned(),
                contents: document.contents.into_owned(),
                vector: SparseVector(entries),
            })?;
        }
        Ok(())
    }
}
