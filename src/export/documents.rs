//! `splade-export documents`: corpus -> `JsonVectorCollection`.

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};

use anyhow::Context;
use fs_err as fs;

use super::{EncodeOptions, Event, Session, Watch};
use crate::collection::{
    Accounting, Collection, CollectionWriter, Compression, Counts, Entry, InputEnd, InputFile,
    Kind, Manifest, ModelInfo, Opened, PartInfo, PartWriter, RunSettings, Share, Stage, TermKeys,
    parse_line,
};
use crate::corpus::{
    CorpusOptions, CorpusReader, OnError, PartOptions, PartReader, PartSelection, ReadSummary,
    Source,
};
use crate::impact::{Normalization, Quantization, Quantizer, SparseVector, TermWeight};
use crate::pipeline::{EncodedPart, PartSink};
use crate::stop::Stop;

/// What `documents` reads and writes.
#[derive(Debug, Clone)]
pub struct DocumentsOptions {
    /// From text to impacts.
    pub encode: EncodeOptions,
    /// The corpus.
    pub corpus: CorpusOptions,
    /// The folder to make.
    pub output: PathBuf,
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

/// Encodes a corpus into a collection and returns its manifest.
///
/// # Errors
/// Whatever ends the run; whole parts written before stay in the output folder, for a later run to go on with.
pub fn documents(
    options: &DocumentsOptions,
    stop: &Stop,
    watch: &mut Watch<'_>,
) -> anyhow::Result<Manifest> {
    let deferred = options
        .encode
        .quantization
        .is_some_and(|q| q.normalization == Normalization::Corpus);
    anyhow::ensure!(
        !deferred || options.selection == PartSelection::All,
        "--normalize corpus needs the whole corpus, --parts encodes some of it: give the largest weight as a number"
    );
    // Everything that can be wrong with the options is found before the folder is made.
    let sources = Source::resolve(&options.corpus.paths, options.corpus.kind)?;
    let session = Session::open(&options.encode)?;
    let settings = settings(options, &session, &sources)?;
    let writer = if options.resume {
        let damaged = &mut |damaged| watch(Event::Damaged(damaged));
        match CollectionWriter::resume(&options.output, &settings, damaged)? {
            Opened::Finished(manifest) => {
                watch(Event::Finished);
                return Ok(*manifest);
            }
            Opened::Writing(writer) => *writer,
        }
    } else {
        CollectionWriter::create(&options.output, &settings)?
    };
    let made = made(&writer);
    if !made.is_empty() {
        let infos = || made.values();
        watch(Event::Kept {
            parts: made.len(),
            documents: infos().map(|info| info.counts.documents).sum(),
        });
    }
    let written = write_parts(options, &session, &writer, stop, watch).and_then(
        |(summary, rejected_sha256)| manifest(settings, &writer, summary, rejected_sha256),
    );
    match written {
        Ok(manifest) => {
            writer.finish(&manifest)?;
            Ok(manifest)
        }
        Err(error) => Err(match writer.abandon() {
            0 => error,
            kept => error.context(format!(
                "{kept} whole parts are in {}; go on with the same command and --resume",
                options.output.display()
            )),
        }),
    }
}

fn settings(
    options: &DocumentsOptions,
    session: &Session,
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
            architecture: session.model.architecture().to_owned(),
            vocabulary: session.model.vocabulary.len(),
            rewritten_terms: session.model.vocabulary.rewritten(),
            files: session.model.fingerprint()?,
        },
        encoding: session.encoding(&options.encode, options.corpus.fields.names()),
        pruning: options.encode.pruning,
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
    writer: &CollectionWriter,
    summary: ReadSummary,
    rejected_sha256: Option<String>,
) -> anyhow::Result<Manifest> {
    let parts: Vec<PartInfo> = writer.parts(Stage::Part).into_values().collect();
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

/// The parts that need not be encoded.
fn made(writer: &CollectionWriter) -> BTreeMap<usize, PartInfo> {
    let mut made = writer.parts(Stage::Weights);
    made.extend(writer.parts(Stage::Part));
    made
}

fn write_parts(
    options: &DocumentsOptions,
    session: &Session,
    writer: &CollectionWriter,
    stop: &Stop,
    watch: &mut Watch<'_>,
) -> anyhow::Result<(ReadSummary, Option<String>)> {
    let keys = TermKeys::new(session.model.vocabulary.terms());
    let quantization = options.encode.quantization;
    // The largest weight of the corpus is known at its end: until then the weights are kept.
    let deferred = quantization.filter(|q| q.normalization == Normalization::Corpus);
    let sink = Sink {
        writer,
        keys: &keys,
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
    let digests = made(writer)
        .into_iter()
        .map(|(index, info)| (index, info.input_sha256))
        .collect();
    let reader = CorpusReader::open(options.corpus.clone())?;
    let mut reader = PartReader::new(reader, part_options, stop.clone()).with_made(digests);
    if options.on_error != OnError::Stop {
        reader = reader.with_rejected(writer.rejected()?);
    }
    session.run(&options.encode, &mut reader, options.contents, watch, &sink)?;
    if let Some(quantization) = deferred {
        quantize(session, writer, &keys, quantization, stop)?;
    }
    let (summary, rejected) = reader.finish();
    let rejected = match rejected {
        Some(file) if summary.rejected > 0 => Some(writer.keep_rejected(file)?),
        _ => None,
    };
    Ok((summary, rejected))
}

/// Turns all parts of weights into parts of impacts.
fn quantize(
    session: &Session,
    writer: &CollectionWriter,
    keys: &TermKeys,
    quantization: Quantization,
    stop: &Stop,
) -> anyhow::Result<()> {
    // Parts that are impacts already count too.
    let corpus_max = made(writer)
        .values()
        .map(|info| info.counts.max_weight)
        .fold(0.0, f32::max);
    let quantizer = Quantizer::new(quantization, corpus_max);
    let terms = session.model.vocabulary.terms();
    let ids = (0u32..).zip(terms).map(|(id, term)| (term.as_str(), id));
    let ids: HashMap<&str, u32> = ids.collect();
    let done = writer.parts(Stage::Part);
    for (index, info) in writer.parts(Stage::Weights) {
        stop.check()?;
        let path = writer.path_of(Stage::Weights, &info);
        if !done.contains_key(&index) {
            writer.part(Stage::Part, index, &info.input_sha256, keys, |part| {
                requantize(&path, info.counts, &quantizer, &ids, part)
            })?;
        }
    }
    Ok(())
}

struct Sink<'a> {
    writer: &'a CollectionWriter,
    keys: &'a TermKeys,
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
        self.writer.part(
            self.stage,
            part.index,
            &part.input_sha256,
            self.keys,
            |writer| self.fill(part, quantizer, writer),
        )
    }
}

impl Sink<'_> {
    fn fill(
        &self,
        part: &EncodedPart,
        quantizer: Option<&Quantizer>,
        writer: &mut PartWriter<'_>,
    ) -> anyhow::Result<Counts> {
        let mut counts = Counts::default();
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
    writer: &mut PartWriter<'_>,
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
    writer: &mut PartWriter<'_>,
) -> anyhow::Result<Counts> {
    use std::io::BufRead;
    let mut new = Counts {
        truncated: counts.truncated,
        tokens: counts.tokens,
        ..Counts::default()
    };
    let file = std::io::BufReader::new(fs::File::open(path)?);
    for line in file.lines() {
        let line = line?;
        let record = parse_line(&line)?;
        let entries = record.vector.iter().map(|(term, weight)| {
            let term = ids.get(term.as_ref()).copied();
            let term = term.with_context(|| format!("{}: unknown term", path.display()))?;
            Ok(TermWeight {
                term,
                weight: *weight,
            })
        });
        let vector = SparseVector(entries.collect::<anyhow::Result<_>>()?);
        add(
            &record.id,
            &record.contents,
            &vector,
            Some(quantizer),
            &mut new,
            writer,
        )?;
    }
    Ok(new)
}
