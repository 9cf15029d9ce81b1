//! `splade-export documents`: corpus -> `JsonVectorCollection`, Lucene index, or both.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::Context;

use super::outputs::{OpenedOutputs, Outputs, PartOutputs};
use super::{EncodeOptions, Event, EventHandler, IndexSettings, describe_encoding, encode_parts};
use crate::collection::{
    Accounting, Collection, Compression, Contents, Counts, Entry, InputEnd, InputFile, Kind, Lines,
    Manifest, ModelInfo, PartInfo, Run, RunSettings, Share, Stage, parse,
};
use crate::corpus::{
    CorpusOptions, CorpusReader, OnError, PartOptions, PartReader, PartSelection, ReadSummary,
    Source,
};
use crate::encoder::SpladeEncoder;
use crate::impact::{Normalization, Quantization, Quantizer, SparseVector, TermWeight};
use crate::lucene::IndexSummary;
use crate::model::Fingerprint;
use crate::pipeline::{EncodedPart, PartSink};
use crate::stop::Stop;

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
    /// True to go on with what is there.
    pub resume: bool,
    /// Most documents of a part.
    pub part_size: usize,
    /// Which parts.
    pub selection: PartSelection,
    /// What becomes of records that cannot be used.
    pub on_error: OnError,
    /// Of the parts.
    pub compression: Compression,
    /// True to keep the texts.
    pub contents: bool,
}

/// What was exported.
#[derive(Debug, Clone)]
pub struct Exported {
    /// The collection described, as its manifest does. Without a collection, its parts have no files; `None` if it was
    /// finished before without one.
    pub manifest: Option<Manifest>,
    /// What is in the index, if one was made.
    pub index: Option<IndexSummary>,
}

/// Encodes a corpus into a collection, an index, or both.
///
/// # Errors
/// Whatever ends the run; whole parts written before stay where they are, for a later run to go on with.
pub fn documents(
    options: &DocumentsOptions,
    stop: &Stop,
    watch: &mut EventHandler<'_>,
) -> anyhow::Result<Exported> {
    let deferred = options
        .encode
        .quantization
        .is_some_and(|q| q.normalization == Normalization::Corpus);
    anyhow::ensure!(
        !deferred || options.selection == PartSelection::All,
        "--normalize corpus needs the whole corpus, --parts encodes some of it: give the largest weight as a number"
    );
    anyhow::ensure!(
        options.index.is_none() || options.encode.quantization.is_some(),
        "--step none keeps weights, and an index takes impacts; leave one of the two out"
    );
    anyhow::ensure!(
        options.output.is_some() || options.on_error == OnError::Stop,
        "--on-error skip writes rejected.jsonl beside the collection, so it needs one"
    );
    // Everything that can be wrong with the options is found before the folders are made.
    let sources = Source::resolve(&options.corpus.paths, options.corpus.kind)?;
    let encoder = options.encode.open_with_fingerprint()?;
    let index = options.index.as_ref().map(|(_, settings)| settings);
    let run = Run {
        settings: settings(options, &encoder, encoder.fingerprint()?, &sources)?,
        index: index.map(serde_json::to_value).transpose()?,
    };
    let terms = encoder.vocabulary().terms();
    let outputs = match Outputs::open(options, &run, terms, watch)? {
        OpenedOutputs::Writing(outputs) => outputs,
        OpenedOutputs::Finished(manifest, index) => {
            watch(Event::Finished);
            return Ok(Exported { manifest, index });
        }
    };
    let made = outputs.made();
    if !made.is_empty() {
        watch(Event::Kept {
            parts: made.len(),
            documents: made.values().map(|info| info.counts.documents).sum(),
        });
    }
    let written = write_parts(options, &encoder, &outputs, stop, watch).and_then(|read| {
        let manifest = manifest(run.settings, &outputs, read)?;
        let index = outputs.finish(&manifest)?;
        Ok((manifest, index))
    });
    match written {
        Ok((manifest, index)) => Ok(Exported {
            manifest: Some(manifest),
            index,
        }),
        Err(error) => Err(match outputs.abandon() {
            0 => error,
            kept => error.context(format!(
                "{kept} whole parts are kept; go on with the same command and --resume"
            )),
        }),
    }
}

fn settings(
    options: &DocumentsOptions,
    encoder: &SpladeEncoder,
    fingerprint: Fingerprint,
    sources: &[Source],
) -> anyhow::Result<RunSettings> {
    Ok(RunSettings {
        format_version: Manifest::current_version(),
        tool: Manifest::this_tool(),
        kind: match options.encode.quantization {
            Some(_) => Kind::Impacts,
            None => Kind::Weights,
        },
        model: ModelInfo {
            architecture: encoder.architecture().to_owned(),
            vocabulary: encoder.vocabulary().len(),
            rewritten_terms: encoder.vocabulary().rewritten(),
            files: fingerprint,
        },
        encoding: describe_encoding(encoder, options.corpus.fields.names()),
        pruning: encoder.pruning(),
        quantization: options.encode.quantization,
        collection: Collection {
            part_size: options.part_size,
            compression: options.compression,
            contents: options.contents,
        },
        selection: options.selection,
        input: sources
            .iter()
            .map(|source| InputFile {
                name: source.name.to_string(),
                bytes: source.size(),
            })
            .collect(),
    })
}

fn manifest(
    settings: RunSettings,
    outputs: &Outputs,
    (summary, rejected_sha256): (ReadSummary, Option<String>),
) -> anyhow::Result<Manifest> {
    let parts: Vec<PartInfo> = outputs.parts(Stage::Part).into_values().collect();
    let mut counts = Counts::default();
    for part in &parts {
        counts.add(&part.counts);
    }
    let accounting = Accounting {
        read: summary.read,
        written: counts.documents,
        rejected: summary.rejected,
        rejected_sha256,
    };
    anyhow::ensure!(
        accounting.read == accounting.written + accounting.rejected,
        "{} records were read, but {} written and {} rejected: please report this",
        accounting.read,
        accounting.written,
        accounting.rejected
    );
    let share = (settings.selection != PartSelection::All).then(|| Share {
        before: summary.before,
        end: summary.end.map(|(parts, input_sha256)| InputEnd {
            parts,
            input_sha256,
        }),
    });
    Ok(Manifest {
        settings,
        share,
        accounting,
        counts,
        parts,
    })
}

fn write_parts(
    options: &DocumentsOptions,
    encoder: &SpladeEncoder,
    outputs: &Outputs,
    stop: &Stop,
    watch: &mut EventHandler<'_>,
) -> anyhow::Result<(ReadSummary, Option<String>)> {
    let quantization = options.encode.quantization;
    // The largest weight of the corpus is known at its end: until then the weights are kept.
    let deferred = quantization.filter(|q| q.normalization == Normalization::Corpus);
    let sink = Sink {
        outputs,
        contents: options.contents,
        quantizer: quantization.map(|q| Quantizer::new(q, 0.0)),
        stage: match deferred {
            Some(_) => Stage::Weights,
            None => Stage::Part,
        },
    };
    let part_options = PartOptions {
        part_size: options.part_size,
        selection: options.selection,
        on_error: options.on_error,
    };
    let digests = outputs
        .made()
        .into_iter()
        .map(|(index, info)| (index, info.input_sha256))
        .collect();
    let reader = CorpusReader::open(options.corpus.clone())?;
    let mut reader = PartReader::new(reader, part_options, stop.clone()).with_made(digests);
    if options.on_error != OnError::Stop {
        reader = reader.with_rejected(outputs.rejected()?);
    }
    encode_parts(encoder, &mut reader, options.contents, watch, &sink)?;
    if let Some(quantization) = deferred {
        quantize(encoder, outputs, quantization, stop)?;
    }
    let (summary, rejected) = reader.finish();
    let rejected = match rejected {
        Some(file) if summary.rejected > 0 => Some(outputs.keep_rejected(file)?),
        _ => None,
    };
    Ok((summary, rejected))
}

/// Turns all parts of weights into parts of impacts.
fn quantize(
    encoder: &SpladeEncoder,
    outputs: &Outputs,
    quantization: Quantization,
    stop: &Stop,
) -> anyhow::Result<()> {
    // Parts that are impacts already count too.
    let corpus_max = outputs
        .made()
        .values()
        .map(|info| info.counts.max_weight)
        .fold(0.0, f32::max);
    let quantizer = Quantizer::new(quantization, corpus_max);
    let terms = encoder.vocabulary().terms();
    let ids = (0u32..).zip(terms).map(|(id, term)| (term.as_str(), id));
    let ids: HashMap<&str, u32> = ids.collect();
    let done = outputs.parts(Stage::Part);
    for (index, info) in outputs.parts(Stage::Weights) {
        stop.check()?;
        let path = outputs.path_of(Stage::Weights, &info);
        if !done.contains_key(&index) {
            outputs.part(Stage::Part, index, &info.input_sha256, |part| {
                requantize(&path, info.counts, &quantizer, &ids, part)
            })?;
        }
    }
    Ok(())
}

struct Sink<'a> {
    outputs: &'a Outputs,
    contents: bool,
    quantizer: Option<Quantizer>,
    stage: Stage,
}

impl PartSink for Sink<'_> {
    fn write(&self, part: &EncodedPart) -> anyhow::Result<()> {
        let quantizer = match self.stage {
            Stage::Weights => None,
            Stage::Part => self.quantizer.as_ref(),
        };
        self.outputs
            .part(self.stage, part.index, &part.input_sha256, |writer| {
                self.fill(part, quantizer, writer)
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
        let mut quantizing = Duration::ZERO;
        for document in part.documents() {
            counts.truncated += u64::from(document.tokens.truncated);
            counts.tokens += document.tokens.ids.len() as u64;
            let contents = if self.contents { document.text } else { "" };
            let time = add(
                document.docid,
                contents,
                document.vector,
                quantizer,
                &mut counts,
                writer,
            )?;
            quantizing += time;
        }
        part.quantized_in(quantizing);
        Ok(counts)
    }
}

/// Writes one document and counts what is in it; how long quantizing took.
fn add(
    docid: &str,
    contents: &str,
    vector: &SparseVector,
    quantizer: Option<&Quantizer>,
    counts: &mut Counts,
    writer: &mut PartOutputs<'_, '_>,
) -> anyhow::Result<Duration> {
    let started = Instant::now();
    let mut quantizing = Duration::ZERO;
    counts.documents += 1;
    counts.max_weight = counts.max_weight.max(vector.max_weight());
    let postings = if let Some(quantizer) = quantizer {
        let impacts = quantizer
            .quantize(vector)
            .with_context(|| format!("document {docid}"))?;
        quantizing = started.elapsed();
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
    Ok(quantizing)
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
