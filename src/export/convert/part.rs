//! One part of the input -> one part of every output.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use anyhow::Context;

use super::scheme::{Rule, Scheme};
use super::source_part::SourcePart;
use super::term_cache::TermCache;
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
                        reader.limit_memory();
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
    cache: TermCache,
    /// The term's number in the dictionary, by its place in the line.
    ids: Vec<u32>,
    /// Its impact, where the input holds impacts.
    impacts: Vec<u32>,
    vector: SparseVector,
    /// Number of the last document with each term of the dictionary, to find terms that are there twice.
    last: Vec<u32>,
    documents: u32,
}

/// Bytes of the terms of other programs' collections at which they are forgotten, where no output holds them.
const MOST_TERM_BYTES: usize = 16 << 20;

impl VectorReader {
    fn new(is_of_model: bool) -> Self {
        Self {
            terms: if is_of_model {
                TermDictionary::of_model()
            } else {
                TermDictionary::new()
            },
            cache: TermCache::new(),
            ids: Vec::new(),
            impacts: Vec::new(),
            vector: SparseVector::default(),
            last: Vec::new(),
            documents: 0,
        }
    }

    /// Forgets all terms where they take too much memory.
    fn limit_memory(&mut self) {
        if self.terms.memory_bytes() > MOST_TERM_BYTES {
            self.terms = TermDictionary::new();
            self.cache.clear();
            self.last.clear();
        }
    }

    /// Goes to the next document.
    fn begin(&mut self) {
        self.ids.clear();
        self.impacts.clear();
        self.vector.0.clear();
        self.documents = self.documents.wrapping_add(1);
        if self.documents == 0 {
            self.last.fill(0);
            self.documents = 1;
        }
    }

    fn read<'l>(&mut self, line: &'l str, scheme: &Scheme) -> anyhow::Result<DocumentLine<'l>> {
        self.begin();
        let Self {
            terms,
            cache,
            ids,
            impacts,
            vector,
            last,
            documents,
        } = self;
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
            let id = cache.number(term, || terms.intern(term))?;
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
