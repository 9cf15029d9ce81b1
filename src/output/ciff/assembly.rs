//! All parts -> `index.ciff`.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};

use fs_err::File;
use serde_json::{Value, json};

use super::merge::{count_terms, write_lists, write_run};
use super::part::{CiffPart, documents_name};
use super::protobuf::{Header, MAX_DOCUMENTS, put_document, read_varint};
use super::run::RunReader;
use crate::durable::AtomicFile;
use crate::error::{Error, Result};
use crate::output::assembled::{AssembledOutput, Assembly, Places};
use crate::output::part_file::PartFileWriter;
use crate::output::pseudo_terms::PseudoTerms;
use crate::output::traits::PartWriter;
use crate::run::{Compression, FinishedRun, PartFile, VectorKind};

/// Name of the index in the output folder.
const INDEX: &str = "index.ciff";
/// Runs that are merged at the same time: each has an open file and a buffer.
const MOST_RUNS: usize = 128;

/// What an index in the Common Index File Format is like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CiffSettings {
    /// The largest impact that may be written: many readers keep impacts in 8 bits.
    pub max_impact: u32,
}

impl Default for CiffSettings {
    fn default() -> Self {
        Self { max_impact: 255 }
    }
}

/// Writes an index in the Common Index File Format into the folder `path`.
#[must_use]
pub fn ciff_output(path: PathBuf, settings: CiffSettings) -> AssembledOutput {
    AssembledOutput::of(
        path,
        Ciff {
            settings,
            terms: Vec::new(),
        },
    )
}

struct Ciff {
    settings: CiffSettings,
    /// The model's terms as they are written, by token id.
    terms: Vec<String>,
}

impl Assembly for Ciff {
    fn name(&self) -> &'static str {
        "ciff"
    }

    fn settings(&self) -> Value {
        json!({"max_impact": self.settings.max_impact})
    }

    fn accepts(&self, kind: VectorKind) -> bool {
        kind == VectorKind::Impacts
    }

    fn set_vocabulary(&mut self, terms: &[String]) -> Result<()> {
        self.terms = PseudoTerms::new(terms)?.terms().to_vec();
        Ok(())
    }

    fn part(&self, number: usize, folder: &Path) -> Result<Box<dyn PartWriter + '_>> {
        let max_impact = self.settings.max_impact;
        Ok(Box::new(CiffPart::create(
            &self.terms,
            max_impact,
            number,
            folder,
        )?))
    }

    fn assemble(&self, run: &FinishedRun, places: &Places<'_>) -> Result<Vec<PartFile>> {
        let mut documents = Documents::default();
        let mut runs = Vec::new();
        for (&number, part) in &run.parts {
            documents
                .parts
                .push(places.parts.join(documents_name(number)));
            let files = part.files_of(self.name()).iter();
            runs.extend(
                files
                    .filter(|file| file.name.ends_with(".run"))
                    .map(|file| (places.parts.join(&file.name), documents.count)),
            );
            documents.count += part.counts.documents;
            documents.impact_sum += part.counts.impact_sum;
        }
        if documents.count > MAX_DOCUMENTS {
            return Err(Error::output(format!(
                "{} documents are more than the {MAX_DOCUMENTS} that the format ciff can number; split the collection",
                documents.count
            )));
        }
        let runs = reduce(runs, places.parts, MOST_RUNS)?;
        Ok(vec![write_index(&runs, &documents, places)?])
    }
}

/// The documents of the index: files of their docids and lengths.
#[derive(Debug, Default)]
pub(super) struct Documents {
    pub parts: Vec<PathBuf>,
    pub count: u64,
    pub impact_sum: u64,
}

/// A run's file, and the number of its part's first document.
pub(super) type Run = (PathBuf, u64);

/// Merges runs until there are few enough to be merged at once.
pub(super) fn reduce(mut runs: Vec<Run>, folder: &Path, most: usize) -> Result<Vec<Run>> {
    let mut generation = 0;
    while runs.len() > most {
        let mut merged = Vec::new();
        for (i, group) in runs.chunks(most).enumerate() {
            let path = folder.join(format!("merged-{generation}-{i:04}.run"));
            let mut file = AtomicFile::create(folder, &path)?;
            write_run(&mut open(group)?, &mut file)?;
            file.finish()?;
            merged.push((path, 0));
        }
        if generation > 0 {
            for (path, _) in &runs {
                fs_err::remove_file(path)?;
            }
        }
        runs = merged;
        generation += 1;
    }
    Ok(runs)
}

fn open(runs: &[Run]) -> io::Result<Vec<RunReader>> {
    runs.iter()
        .map(|(path, base)| RunReader::open(path, *base))
        .collect()
}

pub(super) fn write_index(
    runs: &[Run],
    documents: &Documents,
    places: &Places<'_>,
) -> Result<PartFile> {
    let header = Header {
        lists: count_terms(&mut open(runs)?)?,
        documents: documents.count,
        impact_sum: documents.impact_sum,
        description: format!(
            "impacts, {}",
            concat!("splade-export ", env!("CARGO_PKG_VERSION"))
        ),
    };
    let file = AtomicFile::create(places.temporary, &places.output.join(INDEX))?;
    let mut out = Index(PartFileWriter::new(file, Compression::None));
    let mut message = Vec::new();
    header.put(&mut message);
    out.write_all(&message)?;
    write_lists(&mut open(runs)?, &mut out)?;
    let mut number = 0;
    for part in &documents.parts {
        each_document(part, |docid, length| {
            message.clear();
            put_document(&mut message, number, docid, length);
            number += 1;
            out.write_all(&message)
        })?;
    }
    Ok(out.0.finish(INDEX.to_owned())?)
}

/// The index as something to write to.
struct Index(PartFileWriter);

impl Write for Index {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write_all(bytes)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Reads docids and lengths of a part.
fn each_document(
    path: &Path,
    mut each: impl FnMut(&[u8], u64) -> io::Result<()>,
) -> io::Result<()> {
    let mut file = BufReader::with_capacity(1 << 16, File::open(path)?);
    let mut docid = Vec::new();
    while !file.fill_buf()?.is_empty() {
        let length = read_varint(&mut file)?;
        docid.clear();
        file.by_ref().take(length).read_to_end(&mut docid)?;
        each(&docid, read_varint(&mut file)?)?;
    }
    Ok(())
}
