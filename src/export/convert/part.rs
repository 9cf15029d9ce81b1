//! One part of the input -> one part of every output.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use anyhow::Context;

use super::scheme::{Rule, Scheme};
use super::source_part::SourcePart;
use crate::collection::{Contents, DocumentLine, LineProblem, Lines, parse};
use crate::corpus::ReadProgress;
use crate::export::adder::{Adder, Text};
use crate::export::run_writer::{PartTerms, RunWriter};
use crate::impact::{Impact, SparseVector, TermWeight};
use crate::lucene::TermDictionary;
use crate::output::Terms;
use crate::pipeline::EncodeProgress;
use crate::quote::Quoted;
use crate::run::{PartKind, VectorKind};
use crate::stop::Stop;

/// Converts parts, from several threads.
pub(super) struct PartConverter<'a> {
    pub(super) scheme: &'a Scheme,
    pub(super) writer: &'a RunWriter,
    /// Whether the terms are those of a model's vocabulary, as a manifest says.
    pub(super) has_manifest: bool,
    pub(super) read: ReadProgress,
    pub(super) progress: Arc<EncodeProgress>,
    pub(super) stop: &'a Stop,
}

impl PartConverter<'_> {
    pub(super) fn convert(&self, part: &SourcePart) -> anyhow::Result<()> {
        self.stop.check()?;
        if let Some((folder, file)) = &part.written {
            file.check(folder).map_err(|damaged| {
                let path = crate::quote::path(&damaged.path);
                anyhow::anyhow!(
                    "{path}: it is damaged: {}; make the collection again",
                    damaged.reason
                )
            })?;
        }
        let (number, digest) = (part.number, &part.input_sha256);
        self.writer
            .write_part(PartKind::Final, number, digest, |writers| {
                let quantizer = match &self.scheme.rule {
                    Rule::Quantize(quantizer) => Some(quantizer),
                    Rule::KeepImpacts | Rule::Weights => None,
                };
                let mut adder = Adder::new(quantizer, writers);
                adder.counts = part.counts.of_encoding();
                let mut reader = VectorReader::new(self.has_manifest);
                let mut lines = Lines::open(&part.source, self.read.bytes())?;
                while let Some(line) = lines.next_line()? {
                    self.stop.check()?;
                    let added = self.add(line, &mut reader, &mut adder);
                    added.with_context(|| lines.place().to_string())?;
                    if !self.has_manifest && !adder.holds_terms() {
                        reader.clear();
                    }
                    self.progress.read.fetch_add(1, Ordering::Relaxed);
                    self.progress.documents.fetch_add(1, Ordering::Relaxed);
                }
                if self.has_manifest && matches!(self.scheme.rule, Rule::KeepImpacts) {
                    // The weights behind the impacts are those of the encoding.
                    adder.counts.max_weight = part.counts.max_weight;
                }
                Ok((adder.counts, PartTerms::Met(reader.terms)))
            })
    }

    /// Converts one document.
    fn add(
        &self,
        line: &str,
        reader: &mut VectorReader,
        adder: &mut Adder<'_, '_>,
    ) -> anyhow::Result<()> {
        let document = reader.read(line, self.scheme)?;
        self.scheme.pruning.apply(&mut reader.vector);
        let text = Text {
            docid: &document.docid,
            contents: &document.contents,
            terms: Terms::Dictionary(&reader.terms),
        };
        let ids = &reader.ids;
        if matches!(self.scheme.rule, Rule::KeepImpacts) {
            let impacts = reader.vector.0.iter().map(|entry| Impact {
                term: ids[entry.term as usize],
                impact: reader.impacts[entry.term as usize],
            });
            let impacts: Vec<Impact> = impacts.collect();
            adder.see(&reader.vector);
            return adder.add_impacts(text, &impacts);
        }
        for entry in &mut reader.vector.0 {
            entry.term = ids[entry.term as usize];
        }
        adder.add(text, &reader.vector)
    }
}

/// Reads documents of a part. In a vector, a term goes by its place in the line, which is the order of the token ids
/// where a model made the line, until it is pruned.
struct VectorReader {
    terms: TermDictionary,
    /// The term's number in the dictionary, by its place in the line.
    ids: Vec<u32>,
    /// Its impact, where the input holds impacts.
    impacts: Vec<u32>,
    vector: SparseVector,
    /// Number of the last document with each term of the dictionary, to find terms that are there twice.
    last: Vec<u64>,
    documents: u64,
}

impl VectorReader {
    fn new(is_of_model: bool) -> Self {
        Self {
            terms: if is_of_model {
                TermDictionary::of_model()
            } else {
                TermDictionary::new()
            },
            ids: Vec::new(),
            impacts: Vec::new(),
            vector: SparseVector::default(),
            last: Vec::new(),
            documents: 0,
        }
    }

    fn clear(&mut self) {
        self.terms.clear();
        self.last.clear();
    }

    fn read<'l>(&mut self, line: &'l str, scheme: &Scheme) -> anyhow::Result<DocumentLine<'l>> {
        let Self {
            terms,
            ids,
            impacts,
            vector,
            last,
            documents,
        } = self;
        ids.clear();
        impacts.clear();
        vector.0.clear();
        *documents += 1;
        let mut place = 0;
        parse(line, Contents::Read, |term, number| {
            let weight = match scheme.from {
                VectorKind::Impacts => {
                    let impact = number.impact(term)?;
                    impacts.push(impact);
                    scheme.weight_of_impact(impact)
                }
                VectorKind::Weights => number.positive(term)?,
            };
            let id = terms.intern(term)?;
            if last.len() <= id as usize {
                last.resize(id as usize + 1, 0);
            }
            if std::mem::replace(&mut last[id as usize], *documents) == *documents {
                let term = Quoted(term);
                return Err(LineProblem::Json(format!("it has the term {term} twice")).into());
            }
            ids.push(id);
            vector.0.push(TermWeight {
                term: place,
                weight,
            });
            place += 1;
            Ok::<_, anyhow::Error>(())
        })
    }
}
