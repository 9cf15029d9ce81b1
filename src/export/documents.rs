//! Encodes a corpus into outputs, part by part.

use std::sync::Arc;
use std::time::Duration;

use super::adder::{Adder, Text};
use super::event::{Event, EventHandler, encode_parts};
use super::open_run::{ResumeOutcome, await_lock, open_run, run_identity};
use super::run_writer::{Kept, PartTerms, RunWriter};
use crate::corpus::{
    CorpusOptions, CorpusReader, Inputs, OnError, PartOptions, PartReader, PartSelection, Plan,
    ReadSummary, Source,
};
use crate::encoder::{Device, SpladeEncoder};
use crate::error::{Error, ErrorKind, Result};
use crate::impact::{Normalization, Quantization, Quantizer};
use crate::output::{Output, OutputSummary, PseudoTerms, Terms};
use crate::pipeline::{EncodedPart, PartSink};
use crate::run::{
    Accounting, CollectionSettings, Compression, EncodingSettings, FinishedRun, HeadKind, InputEnd,
    InputFile, KeptBatch, ModelInfo, PartKind, RunSettings, Shard, VectorKind,
};
use crate::stop::Stop;

/// What [`encode_documents`] reads and how.
#[derive(Debug, Clone)]
pub struct DocumentsOptions {
    /// From weights to impacts; `None` writes float weights.
    pub quantization: Option<Quantization>,
    /// The corpus.
    pub corpus: CorpusOptions,
    /// Whether to go on with what an interrupted run left.
    pub resume: bool,
    /// How long to wait for the end of another run that is writing to the first output, before going on with it.
    pub wait_for_lock: Duration,
    /// Most documents per part.
    pub part_size: usize,
    /// Which parts are encoded.
    pub selection: PartSelection,
    /// Where each part begins, so that the others need not be read; `None` reads the corpus from its beginning.
    pub plan: Option<Arc<Plan>>,
    /// What becomes of records that cannot be used.
    pub on_error: OnError,
    /// Compression of files of lines. It belongs to the run's identity whatever the outputs are.
    pub compression: Compression,
    /// Whether the texts are kept.
    pub contents: bool,
}

impl Default for DocumentsOptions {
    /// Impacts of the default quantization of all documents, in parts of 10,000; the first bad record ends the run.
    fn default() -> Self {
        Self {
            quantization: Some(Quantization::default()),
            corpus: CorpusOptions::default(),
            resume: false,
            wait_for_lock: Duration::ZERO,
            part_size: 10_000,
            selection: PartSelection::All,
            plan: None,
            on_error: OnError::Stop,
            compression: Compression::default(),
            contents: false,
        }
    }
}

/// What was written.
#[derive(Debug, Clone)]
pub struct DocumentsSummary {
    /// The run; `None` if an earlier run had finished and no output keeps what it was.
    pub run: Option<FinishedRun>,
    /// The outputs, in the order in which they were given.
    pub outputs: Vec<OutputSummary>,
}

/// Encodes a corpus into outputs. The first output lends its folder to the run's journal.
///
/// # Errors
/// Whatever ends the run; whole parts written before stay where they are, for a later run to go on with.
pub fn encode_documents(
    encoder: &SpladeEncoder,
    options: &DocumentsOptions,
    outputs: Vec<Box<dyn Output>>,
    stop: &Stop,
    events: &mut EventHandler<'_>,
) -> Result<DocumentsSummary> {
    check_settings(options, &outputs)?;
    // Everything that can be wrong with the settings is found before the folders are created.
    let inputs = Inputs::find(&options.corpus.paths, options.corpus.kind)?;
    let identity = run_identity(settings(encoder, options, &inputs.sources)?, &outputs);
    events(Event::Found(inputs));
    let vocabulary = encoder.vocabulary().terms();
    await_lock(&outputs, options.wait_for_lock, stop, events)?;
    let damaged = &mut |damaged| events(Event::Damaged(damaged));
    let writer = match open_run(
        outputs,
        &identity,
        Some(vocabulary),
        options.resume,
        damaged,
    )? {
        ResumeOutcome::Writing(writer) => writer,
        ResumeOutcome::Finished(run, outputs) => {
            events(Event::Finished);
            return Ok(DocumentsSummary { run, outputs });
        }
    };
    let completed = writer.completed();
    if !completed.is_empty() {
        events(Event::Kept {
            parts: completed.len(),
            documents: completed.values().map(|part| part.counts.documents).sum(),
        });
    }
    let written = write_parts(encoder, options, &writer, stop, events).and_then(|read| {
        let run = finished_run(identity.settings, &writer, read)?;
        let outputs = writer.commit(&run)?;
        Ok(DocumentsSummary {
            run: Some(run),
            outputs,
        })
    });
    written.map_err(|error| abandon(writer, error).into())
}

/// Ends a run that failed, and tells beside what went wrong what is kept.
pub(super) fn abandon(writer: RunWriter, error: anyhow::Error) -> anyhow::Error {
    let error = Error::from(error);
    // Input that has to be corrected first would not be that of the same run.
    let keep_batches = !matches!(error.kind(), ErrorKind::Corpus | ErrorKind::Setting);
    let kept = writer.abandon(keep_batches);
    let error = anyhow::Error::from(error);
    match kept {
        Kept {
            parts: 0,
            batches: false,
        } => error,
        Kept {
            parts: 0,
            batches: true,
        } => error.context("what was encoded is kept; go on with the same command and `resume`"),
        Kept { parts, .. } => error.context(format!(
            "{parts} whole parts are kept; go on with the same command and `resume`"
        )),
    }
}

fn check_settings(options: &DocumentsOptions, outputs: &[Box<dyn Output>]) -> Result<()> {
    let quantization = options.quantization;
    if is_deferred(quantization) && options.selection != PartSelection::All {
        return Err(Error::setting(
            "`normalize` corpus needs the whole corpus, and `parts` encodes some of it; give the largest weight as a \
             number, or leave one of the two out",
        ));
    }
    let kind = vector_kind(quantization);
    if let Some(output) = outputs.iter().find(|output| !output.accepts(kind)) {
        return Err(Error::setting(format!(
            "`step` none keeps weights, and {} takes impacts; leave one of the two out",
            output.format()
        )));
    }
    if options.selection != PartSelection::All {
        check_shard(outputs)?;
    }
    let needs_place = options.on_error != OnError::Stop;
    if needs_place
        && outputs
            .iter()
            .all(|output| output.rejected_path().is_none())
    {
        return Err(Error::setting(
            "`on_error` skip writes rejected.jsonl beside a collection, so it needs `output`",
        ));
    }
    Ok(())
}

/// Refuses outputs of a shard that could not be joined with those of others.
fn check_shard(outputs: &[Box<dyn Output>]) -> Result<()> {
    const COLLECTION: &str = "json-vectors";
    const INDEX: &str = "lucene";
    let formats = || outputs.iter().map(|output| output.format());
    if let Some(format) = formats().find(|format| ![COLLECTION, INDEX].contains(format)) {
        return Err(Error::setting(format!(
            "`parts` makes shards, and those in the format {format} cannot be joined; join collections, and convert the \
             result"
        )));
    }
    if !formats().any(|format| format == COLLECTION) {
        return Err(Error::setting(
            "`parts` needs `output`: without a collection, the shards could not be joined",
        ));
    }
    let mut settings = outputs.iter().map(|output| output.settings());
    if settings.any(|settings| settings["force_merge"] == true) {
        return Err(Error::setting(
            "`force_merge` would mix the parts of a shard; give it to splade-export join",
        ));
    }
    Ok(())
}

/// Returns whether the divisor of the weights is known only when all of them are.
pub(super) fn is_deferred(quantization: Option<Quantization>) -> bool {
    quantization.is_some_and(|q| q.normalization == Normalization::Corpus)
}

pub(super) fn vector_kind(quantization: Option<Quantization>) -> VectorKind {
    match quantization {
        Some(_) => VectorKind::Impacts,
        None => VectorKind::Weights,
    }
}

fn settings(
    encoder: &SpladeEncoder,
    options: &DocumentsOptions,
    sources: &[Source],
) -> Result<RunSettings> {
    let vocabulary = encoder.vocabulary();
    Ok(RunSettings {
        format_version: RunSettings::current_version(),
        tool: RunSettings::this_tool(),
        kind: vector_kind(options.quantization),
        model: Some(ModelInfo {
            architecture: encoder.architecture().to_owned(),
            vocabulary: vocabulary.len(),
            rewritten_terms: PseudoTerms::new(vocabulary.terms())?.rewritten(),
            files: encoder.fingerprint()?,
        }),
        encoding: Some(describe_encoding(encoder, options.corpus.fields.names())),
        pruning: encoder.pruning(),
        quantization: options.quantization,
        impacts_before: None,
        collection: CollectionSettings {
            part_size: options.part_size,
            compression: options.compression,
            contents: options.contents,
        },
        selection: options.selection,
        input: input_files(sources),
    })
}

/// Returns what is said of the input files.
pub(super) fn input_files(sources: &[Source]) -> Vec<InputFile> {
    let file = |source: &Source| InputFile {
        name: source.name.to_string(),
        bytes: source.size(),
    };
    sources.iter().map(file).collect()
}

pub(super) fn describe_encoding(encoder: &SpladeEncoder, fields: &[String]) -> EncodingSettings {
    let budget = encoder.batch_budget();
    let device = match encoder.device() {
        Device::Cpu => "cpu",
        Device::Cuda(_) => "cuda",
    };
    EncodingSettings {
        aggregation: encoder.aggregation(),
        max_length: encoder.max_length(),
        long: encoder.long(),
        stride: encoder.stride(),
        fields: fields.to_vec(),
        keep_special_tokens: encoder.keeps_special_tokens(),
        device: device.to_owned(),
        precision: encoder.precision(),
        head: if encoder.is_screened() {
            HeadKind::Screened
        } else {
            HeadKind::InGraph
        },
        batch_tokens: budget.tokens,
        batch_texts: budget.texts,
    }
}

fn finished_run(
    settings: RunSettings,
    writer: &RunWriter,
    (summary, rejected_sha256): (ReadSummary, Option<String>),
) -> anyhow::Result<FinishedRun> {
    let parts = writer.parts(PartKind::Final);
    let accounting = Accounting {
        read: summary.read,
        written: parts.values().map(|part| part.counts.documents).sum(),
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
    let shard = (settings.selection != PartSelection::All).then(|| Shard {
        before: summary.before,
        end: summary.end.map(|(parts, input_sha256)| InputEnd {
            parts,
            input_sha256,
        }),
    });
    Ok(FinishedRun {
        settings,
        shard,
        accounting,
        parts,
    })
}

fn write_parts(
    encoder: &SpladeEncoder,
    options: &DocumentsOptions,
    writer: &RunWriter,
    stop: &Stop,
    events: &mut EventHandler<'_>,
) -> anyhow::Result<(ReadSummary, Option<String>)> {
    let quantization = options.quantization;
    let deferred = quantization.filter(|_| is_deferred(quantization));
    let sink = Sink {
        writer,
        terms: Terms::Vocabulary(encoder.vocabulary().terms()),
        contents: options.contents,
        // The largest weight of the corpus is known at its end: until then the weights are kept.
        kind: deferred.map_or(PartKind::Final, |_| PartKind::Weights),
        quantizer: match deferred {
            Some(_) => None,
            None => quantization.map(|q| Quantizer::new(q, 0.0)),
        },
    };
    let mut reader = open_reader(options, writer, stop)?;
    encode_parts(encoder, &mut reader, options.contents, events, &sink)?;
    if let Some(quantization) = deferred {
        quantize_parts(writer, sink.terms, quantization, stop)?;
    }
    let (summary, rejected) = reader.finish();
    events(Event::Read(summary.clone()));
    let rejected = match rejected {
        Some(file) if summary.rejected > 0 => Some(writer.keep_rejected(file)?),
        _ => None,
    };
    Ok((summary, rejected))
}

fn open_reader(
    options: &DocumentsOptions,
    writer: &RunWriter,
    stop: &Stop,
) -> anyhow::Result<PartReader> {
    let part_options = PartOptions {
        part_size: options.part_size,
        selection: options.selection,
        on_error: options.on_error,
    };
    let digests = writer
        .completed()
        .into_iter()
        .map(|(number, part)| (number, part.input_sha256))
        .collect();
    let reader = CorpusReader::open(options.corpus.clone())?;
    let reader = PartReader::new(reader, part_options, stop.clone()).with_completed(digests);
    let reader = match &options.plan {
        Some(plan) => reader.with_plan(Arc::clone(plan))?,
        None => reader,
    };
    Ok(match options.on_error {
        OnError::Stop => reader,
        OnError::Skip { .. } => reader.with_rejected(writer.rejected()?),
    })
}

/// Turns all parts of weights into parts of impacts.
fn quantize_parts(
    writer: &RunWriter,
    terms: Terms<'_>,
    quantization: Quantization,
    stop: &Stop,
) -> anyhow::Result<()> {
    // Parts that are impacts already count too.
    let corpus_max = writer
        .completed()
        .values()
        .map(|part| part.counts.max_weight)
        .fold(0.0, f32::max);
    let quantizer = Quantizer::new(quantization, corpus_max);
    let done = writer.parts(PartKind::Final);
    let waiting = writer.parts(PartKind::Weights).into_iter();
    for (number, part) in waiting.filter(|(number, _)| !done.contains_key(number)) {
        stop.check()?;
        let digest = &part.input_sha256;
        writer.write_part(PartKind::Final, number, digest, |writers| {
            let mut adder = Adder::new(Some(&quantizer), writers);
            adder.counts = part.counts.of_encoding();
            writer.spool().read(&part, |document| {
                let text = Text {
                    docid: &document.docid,
                    contents: &document.contents,
                    terms,
                };
                adder.add(text, &document.vector)
            })?;
            Ok((adder.counts, PartTerms::Given(terms)))
        })?;
    }
    Ok(())
}

/// Takes encoded parts from the pipeline to the outputs.
struct Sink<'a> {
    writer: &'a RunWriter,
    terms: Terms<'a>,
    contents: bool,
    kind: PartKind,
    quantizer: Option<Quantizer>,
}

impl PartSink for Sink<'_> {
    fn write(&self, part: &EncodedPart) -> anyhow::Result<()> {
        let (number, digest) = (part.index, &part.input_sha256);
        self.writer
            .write_part(self.kind, number, digest, |writers| {
                let mut adder = Adder::new(self.quantizer.as_ref(), writers);
                adder.counts.screening_fallbacks = part.fallbacks();
                for document in part.documents() {
                    adder
                        .counts
                        .add_text(document.tokens.truncated, document.windows);
                    adder.counts.tokens += document.encoded_tokens;
                    let contents = if self.contents { document.text } else { "" };
                    let text = Text {
                        docid: document.docid,
                        contents,
                        terms: self.terms,
                    };
                    adder.add(text, document.vector)?;
                }
                part.quantized_in(adder.quantizing);
                Ok((adder.counts, PartTerms::Given(self.terms)))
            })
    }

    fn recall(&self, part: &EncodedPart) -> anyhow::Result<Vec<KeptBatch>> {
        let batches = self.writer.batches();
        Ok(batches.recall(part.index, &part.input_sha256, part.windows())?)
    }

    fn keep(&self, part: &EncodedPart, batch: &KeptBatch) -> anyhow::Result<()> {
        Ok(self.writer.batches().keep(part.index, batch)?)
    }
}
