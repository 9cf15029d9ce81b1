//! `splade-export documents`: corpus -> `JsonVectorCollection`, Lucene index, or both.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use anyhow::Context;
use fs_err as fs;

use super::outputs::{Outputs, PartOutputs};
use super::{EncodeOptions, IndexSettings, Session, Watch};
use crate::collection::{
    AtomicFile, Collection, Compression, Contents, Counts, Entry, Kind, Lines, Manifest, ModelInfo,
    PartWriter, parse,
};
use crate::corpus::{CorpusOptions, Source};
use crate::impact::{Normalization, Quantizer, SparseVector, TermWeight};
use crate::lucene::IndexSummary;
use crate::pipeline::{EncodedPart, PartSink};

/// What `documents` reads and writes.
#[derive(Debug, Clone)]
pub struct DocumentsOptions {
    /// From text to impacts.
    pub encode: EncodeOptions,
    /// The corpus.
    pub corpus: CorpusOptions,
    /// The folder of the collection to make; this or `index` is needed.
    pub output: Option<PathBuf>,
    /// The folder of the Lucene index to make; it needs a quantization.
    pub index: Option<(PathBuf, IndexSettings)>,
    /// Most documents of a part.
    pub part_size: usize,
    /// Of the parts.
    pub compression: Compression,
    /// True to keep the texts.
    pub contents: bool,
}

/// What was exported.
#[derive(Debug, Clone)]
pub struct Exported {
    /// The collection described, as its manifest does; without a collection, `parts` is empty.
    pub manifest: Manifest,
    /// What is in the index, if one was made.
    pub index: Option<IndexSummary>,
}

/// Encodes a corpus into a collection, an index, or both.
///
/// # Errors
/// Whatever ends the run; whole parts of the collection written before stay in the output folder, without a manifest,
/// and there is no index.
pub fn documents(options: &DocumentsOptions, watch: &mut Watch<'_>) -> anyhow::Result<Exported> {
    // Everything that can be wrong with the options is found before the folders are made.
    if options.output.is_none() && options.index.is_none() {
        anyhow::bail!("nothing to write: name a collection, an index, or both");
    }
    if options.index.is_some() && options.encode.quantization.is_none() {
        anyhow::bail!(
            "--step none keeps weights, and an index takes impacts; leave one of the two out"
        );
    }
    let sources = Source::resolve(&options.corpus.paths, options.corpus.kind)?;
    let session = Session::open(&options.encode)?;
    let model = ModelInfo {
        architecture: session.model.architecture().to_owned(),
        vocabulary: session.model.vocabulary.len(),
        rewritten_terms: session.model.vocabulary.rewritten(),
        files: session.model.fingerprint()?,
    };
    let outputs = Outputs::create(options, session.model.vocabulary.terms())?;
    let written = write_parts(options, &session, &outputs, watch);
    let finished = match written.and_then(|()| outputs.finish()) {
        Ok(finished) => finished,
        Err(error) => {
            let kept = outputs.abandon();
            return Err(match &options.output {
                Some(output) if kept > 0 => error.context(format!(
                    "{kept} whole parts stay in {}, the rest is missing",
                    output.display()
                )),
                _ => error,
            });
        }
    };
    let manifest = Manifest {
        format_version: Manifest::current_version(),
        tool: Manifest::this_tool(),
        kind: match options.encode.quantization {
            Some(_) => Kind::Impacts,
            None => Kind::Weights,
        },
        model,
        encoding: session.encoding(&options.encode, options.corpus.fields.names()),
        pruning: options.encode.pruning,
        quantization: options.encode.quantization,
        collection: Collection {
            part_size: options.part_size,
            compression: options.compression,
            contents: options.contents,
        },
        input: sources.iter().map(|s| s.name.to_string()).collect(),
        counts: finished.counts,
        parts: finished.parts,
    };
    if let Some(output) = &options.output {
        manifest.write(output)?;
    }
    Ok(Exported {
        manifest,
        index: finished.index,
    })
}

fn write_parts(
    options: &DocumentsOptions,
    session: &Session,
    outputs: &Outputs,
    watch: &mut Watch<'_>,
) -> anyhow::Result<()> {
    let quantization = options.encode.quantization;
    // The largest weight of the corpus is known at its end: until then the weights are kept.
    let deferred = quantization.filter(|q| q.normalization == Normalization::Corpus);
    let sink = Sink {
        outputs,
        contents: options.contents,
        quantizer: quantization.map(|q| Quantizer::new(q, 0.0)),
        deferred: deferred.map(|_| Deferred::new(outputs.scratch())),
    };
    session.run(
        &options.encode,
        options.corpus.clone(),
        options.part_size,
        options.contents,
        watch,
        &sink,
    )?;
    if let (Some(deferred), Some(quantization)) = (sink.deferred, deferred) {
        let counts = deferred
            .counts
            .into_inner()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        let corpus_max = counts.iter().map(|(_, c)| c.max_weight).fold(0.0, f32::max);
        let quantizer = Quantizer::new(quantization, corpus_max);
        let terms = session.model.vocabulary.terms();
        let ids = (0u32..).zip(terms).map(|(id, term)| (term.as_str(), id));
        let ids: HashMap<&str, u32> = ids.collect();
        for (index, counts) in counts {
            let path = deferred.folder.join(deferred_name(index));
            outputs.part(index, |part| {
                requantize(&path, counts, &quantizer, &ids, part)
            })?;
            fs::remove_file(&path)?;
        }
    }
    Ok(())
}

/// Weights of parts that wait for the largest of the corpus.
struct Deferred {
    folder: PathBuf,
    counts: Mutex<Vec<(usize, Counts)>>,
}

impl Deferred {
    fn new(folder: PathBuf) -> Self {
        Self {
            folder,
            counts: Mutex::default(),
        }
    }
}

fn deferred_name(index: usize) -> String {
    format!("weights-{index:05}.jsonl")
}

struct Sink<'a> {
    outputs: &'a Outputs,
    contents: bool,
    quantizer: Option<Quantizer>,
    deferred: Option<Deferred>,
}

impl PartSink for Sink<'_> {
    fn write(&self, part: &EncodedPart) -> anyhow::Result<()> {
        if let Some(deferred) = &self.deferred {
            let path = deferred.folder.join(deferred_name(part.index));
            let file = AtomicFile::beside(&path)?;
            let mut writer = PartWriter::new(file, Compression::None, self.outputs.keys());
            let counts = self.fill(part, None, &mut PartOutputs::lines(&mut writer))?;
            writer.finish(&mut crate::collection::PartInfo::default())?;
            let all = deferred.counts.lock();
            all.unwrap_or_else(std::sync::PoisonError::into_inner)
                .push((part.index, counts));
            return Ok(());
        }
        self.outputs.part(part.index, |writer| {
            self.fill(part, self.quantizer.as_ref(), writer)
        })
    }
}

impl Sink<'_> {
    fn fill(
        &self,
        part: &EncodedPart,
        quantizer: Option<&Quantizer>,
        writer: &mut PartOutputs<'_, '_>,
    ) -> anyhow::Result<Counts> {
        let mut counts = Counts {
            screening_fallbacks: part.fallbacks(),
            ..Counts::default()
        };
        for document in part.documents() {
            counts.truncated += u64::from(document.tokens.truncated);
            counts.tokens += document.tokens.ids.len() as u64;
            let contents = if self.contents { document.text } else { "" };
            add(
                document.docid,
                contents,
                document.vector,
                quantizer,
                &mut counts,
                writer,
            )?;
        }
        Ok(counts)
    }
}

/// Writes one document and counts what is in it.
fn add(
    docid: &str,
    contents: &str,
    vector: &SparseVector,
    quantizer: Option<&Quantizer>,
    counts: &mut Counts,
    writer: &mut PartOutputs<'_, '_>,
) -> anyhow::Result<()> {
    counts.documents += 1;
    counts.max_weight = counts.max_weight.max(vector.max_weight());
    let postings = if let Some(quantizer) = quantizer {
        let impacts = quantizer
            .quantize(vector)
            .with_context(|| format!("document {docid}"))?;
        for entry in &impacts {
            counts.impact_sum += u64::from(entry.impact);
            counts.max_impact = counts.max_impact.max(entry.impact);
        }
        writer.document(docid, contents, Entry::Impacts(&impacts))?;
        impacts.len()
    } else {
        writer.document(docid, contents, Entry::Weights(vector))?;
        vector.len()
    };
    counts.postings += postings as u64;
    counts.empty += u64::from(postings == 0);
    Ok(())
}

/// Turns a part of weights into one of impacts. `counts` are those of the weights.
fn requantize(
    path: &Path,
    counts: Counts,
    quantizer: &Quantizer,
    ids: &HashMap<&str, u32>,
    writer: &mut PartOutputs<'_, '_>,
) -> anyhow::Result<Counts> {
    let mut new = Counts {
        truncated: counts.truncated,
        tokens: counts.tokens,
        screening_fallbacks: counts.screening_fallbacks,
        ..Counts::default()
    };
    let mut lines = Lines::open(&Source::file(path.to_owned()), &Arc::default())?;
    while let Some(line) = lines.next_line()? {
        let mut entries = Vec::new();
        let document = parse(line, Contents::Read, |term, weight| {
            let term = ids.get(term).copied();
            let term = term.with_context(|| format!("{}: unknown term", path.display()))?;
            entries.push(TermWeight {
                term,
                weight: weight.into(),
            });
            Ok::<_, anyhow::Error>(())
        })?;
        let vector = SparseVector(entries);
        add(
            &document.docid,
            &document.contents,
            &vector,
            Some(quantizer),
            &mut new,
            writer,
        )?;
    }
    Ok(new)
}
