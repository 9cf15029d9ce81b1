//! The only place where a report touches the files of a collection.

use std::path::Path;
use std::sync::Arc;

use super::error::ReportError;
use super::setting::Unit;
use crate::collection::{CollectionFiles, Contents, LineProblem, Lines, Weight, parse};
use crate::corpus::{Place, ReadProgress, Source};
use crate::encoder::LongTexts;
use crate::model::Aggregation;
use crate::run::{EncodingSettings, VectorKind};
use crate::stop::Stop;

/// What a collection says of itself, as far as it does.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Facts {
    /// The program that made it.
    pub tool: Option<String>,
    /// The model's architecture.
    pub architecture: Option<String>,
    /// How tokens' logits became weights.
    pub aggregation: Option<String>,
    /// Most tokens of a text.
    pub max_length: Option<usize>,
    /// Number of terms in the vocabulary.
    pub vocabulary: Option<usize>,
    /// The largest weight before quantization.
    pub largest_weight: Option<f32>,
    /// True if texts of more tokens were encoded in windows.
    pub windows: bool,
    /// Documents of which not the whole text was encoded.
    pub truncated: Option<u64>,
}

/// A collection, opened.
pub(super) struct OpenCollection {
    pub sources: Vec<Source>,
    pub facts: Facts,
    pub read: ReadProgress,
    /// What its numbers are; `None` where only they themselves can tell.
    pub unit: Option<Unit>,
    /// Bytes of its files.
    pub bytes: u64,
}

impl OpenCollection {
    /// Finds the files, and what the manifest says.
    pub fn open(path: &Path) -> Result<Self, ReportError> {
        let files = CollectionFiles::find(path)?;
        let read = ReadProgress::new(&files.sources);
        let (mut facts, mut unit) = (Facts::default(), None);
        if let Some(manifest) = files.manifest {
            let settings = manifest.settings;
            let aggregation = |encoding: &EncodingSettings| match encoding.aggregation {
                Aggregation::Max => "max".to_owned(),
                Aggregation::Sum => "sum".to_owned(),
            };
            facts = Facts {
                tool: Some(settings.tool),
                aggregation: settings.encoding.as_ref().map(aggregation),
                max_length: settings
                    .encoding
                    .as_ref()
                    .map(|encoding| encoding.max_length),
                windows: settings
                    .encoding
                    .is_some_and(|encoding| encoding.long == LongTexts::Windows),
                vocabulary: settings.model.as_ref().map(|model| model.vocabulary),
                architecture: settings.model.map(|model| model.architecture),
                largest_weight: Some(manifest.counts.max_weight).filter(|&max| max > 0.0),
                truncated: Some(manifest.counts.truncated),
            };
            unit = Some(match settings.kind {
                VectorKind::Weights => Unit::Weights,
                VectorKind::Impacts => Unit::of(settings.quantization.as_ref()),
            });
        }
        Ok(Self {
            bytes: files.sources.iter().filter_map(Source::size).sum(),
            sources: files.sources,
            facts,
            read,
            unit,
        })
    }

    /// Reads the first documents of a file, at most so many, each as its terms and numbers. Documents without terms are
    /// left out.
    pub fn beginning(
        &self,
        source: &Source,
        most: usize,
    ) -> Result<Vec<Vec<(String, f32)>>, ReportError> {
        let mut documents = Vec::new();
        let mut lines = Lines::open(source, &Arc::default())?;
        while documents.len() < most
            && let Some(line) = lines.next_line()?
        {
            let mut terms = Vec::new();
            let read = parse(line, Contents::Skip, |term, weight| {
                terms.push((term.to_owned(), f32::from(weight)));
                Ok::<_, LineProblem>(())
            });
            if let Err(problem) = read.map(|_| ()) {
                return Err(at(&lines, problem));
            }
            if !terms.is_empty() {
                documents.push(terms);
            }
        }
        Ok(documents)
    }

    /// Reads a file and hands each document to the visitor.
    pub fn visit(
        &self,
        source: &Source,
        stop: &Stop,
        visitor: &mut impl Visitor,
    ) -> Result<(), ReportError> {
        let mut lines = Lines::open(source, self.read.bytes())?;
        while let Some(line) = lines.next_line()? {
            stop.check()?;
            let contents = if visitor.wants_text() {
                Contents::Read
            } else {
                Contents::Skip
            };
            let mut refused = None;
            let document = parse(line, contents, |term, weight| {
                let value = f32::from(weight);
                if value > 0.0 && value.is_finite() {
                    visitor.term(term, value);
                } else if refused.is_none() {
                    refused = Some((term.to_owned(), exact(weight)));
                }
                Ok::<_, LineProblem>(())
            });
            if let Some((term, weight)) = refused {
                let place = lines.place();
                return Err(ReportError::Weight {
                    place,
                    term,
                    weight,
                });
            }
            match document {
                Ok(document) => visitor.document(&document.docid, &document.contents)?,
                Err(problem) => return Err(at(&lines, problem)),
            }
        }
        Ok(())
    }
}

/// Takes the documents of a collection: first the terms of one, then itself.
pub(super) trait Visitor {
    /// Returns true if texts are wanted.
    fn wants_text(&self) -> bool;
    /// Takes a term of the document that follows.
    fn term(&mut self, term: &str, weight: f32);
    /// Takes a document.
    fn document(&mut self, docid: &str, text: &str) -> Result<(), ReportError>;
}

fn at(lines: &Lines, problem: LineProblem) -> ReportError {
    let place: Place = lines.place();
    ReportError::Line { place, problem }
}

#[allow(clippy::cast_precision_loss, reason = "a number for a message")]
fn exact(weight: Weight) -> f64 {
    match weight {
        Weight::Unsigned(weight) => weight as f64,
        Weight::Negative(weight) => weight as f64,
        Weight::Float(weight) => weight,
    }
}
