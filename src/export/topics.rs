//! Encodes topics into one file, for Anserini, Pyserini or another engine.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

use anyhow::Context;
use rayon::prelude::*;

use super::documents::input_files;
use super::event::{Event, EventHandler, encode_parts};
use super::topics_manifest::{TopicsFacts, TopicsSummary, topics_manifest_path, write_manifest};
use crate::corpus::{CorpusOptions, CorpusReader, PartOptions, PartReader};
use crate::durable::NewFile;
use crate::encoder::{EncodeError, QueryOrigin, SpladeEncoder, TableEncoder};
use crate::error::{Error, Result};
use crate::impact::{Quantization, Quantizer, SparseVector};
use crate::output::{EncodedRecord, Terms, TopicsFile, TopicsFormat, VectorRef};
use crate::pipeline::{EncodedPart, PartSink};
use crate::run::{InputFile, VectorKind};
use crate::stop::Stop;

/// Topics encoded together. They are all held in memory, so this does not bound anything.
const PART_SIZE: usize = 4096;

/// What [`encode_topics`] reads and writes.
#[derive(Debug, Clone)]
pub struct TopicsOptions {
    /// From weights to impacts; `None` writes float weights.
    pub quantization: Option<Quantization>,
    /// The topics.
    pub corpus: CorpusOptions,
    /// The file to write, or the folder where the format has several files.
    pub output: PathBuf,
    /// What encodes the topics, for the manifest beside the file, see [`topics_manifest_path`]; `None` writes no manifest.
    pub origin: Option<QueryOrigin>,
}

/// Encodes topics into one file, in input order.
///
/// # Errors
/// Whatever ends the run; the file appears only when it is whole.
pub fn encode_topics(
    encoder: &SpladeEncoder,
    options: &TopicsOptions,
    format: impl Into<TopicsFormat>,
    stop: &Stop,
    events: &mut EventHandler<'_>,
) -> Result<TopicsSummary> {
    let terms = encoder.vocabulary().terms();
    let mut format = format.into();
    prepare(options, &mut format, terms)?;
    let mut facts = TopicsFacts::of_model(encoder, options.corpus.fields.names());
    let sink = Sink::default();
    let (mut reader, input) = read(options, stop, events)?;
    encode_parts(encoder, &mut reader, true, events, &sink)?;
    events(Event::Read(reader.finish().0));
    facts.input = input;
    write(options, &sink.into_topics(), terms, &format, facts)
}

/// Encodes topics with a table into one file, in input order, with all threads and without ONNX Runtime.
///
/// # Errors
/// Whatever ends the run; the file appears only when it is whole.
pub fn encode_topics_with_table(
    encoder: &TableEncoder,
    options: &TopicsOptions,
    format: impl Into<TopicsFormat>,
    stop: &Stop,
    events: &mut EventHandler<'_>,
) -> Result<TopicsSummary> {
    let terms = encoder.vocabulary().terms();
    let mut format = format.into();
    prepare(options, &mut format, terms)?;
    let mut facts = TopicsFacts::of_table(encoder, options.corpus.fields.names());
    let (mut reader, input) = read(options, stop, events)?;
    let mut topics = Vec::new();
    while let Some(part) = reader.next_part()? {
        let part = part.documents.into_par_iter().map(|topic| {
            let tokens = encoder.tokens(&topic.text)?;
            Ok(Topic {
                vector: encoder.weigh(&tokens),
                truncated: tokens.truncated,
                qid: topic.docid,
                text: topic.text,
            })
        });
        topics.extend(part.collect::<Result<Vec<_>, EncodeError>>()?);
        stop.check()?;
    }
    events(Event::Read(reader.finish().0));
    facts.input = input;
    write(options, &topics, terms, &format, facts)
}

/// Refuses before the work what cannot be written after it; nothing is left at the output while the work goes on.
fn prepare(options: &TopicsOptions, format: &mut TopicsFormat, terms: &[String]) -> Result<()> {
    if options.quantization.is_none() && !format.accepts(VectorKind::Weights) {
        return Err(Error::setting(
            "`step` none cannot be written as TSV or another format that repeats terms; use `format` jsonl",
        ));
    }
    format.set_vocabulary(terms)?;
    // Whether it can be written is known before the work; nothing is left there while it goes on.
    drop(format.create(&options.output)?);
    drop(create_manifest(options)?);
    Ok(())
}

/// Opens the manifest's file, if there is one to be written.
fn create_manifest(options: &TopicsOptions) -> Result<Option<NewFile>> {
    let path = topics_manifest_path(&options.output);
    let file = options.origin.as_ref().map(|_| NewFile::create(&path));
    Ok(file.transpose()?)
}

fn read(
    options: &TopicsOptions,
    stop: &Stop,
    events: &mut EventHandler<'_>,
) -> Result<(PartReader, Vec<InputFile>)> {
    let reader = CorpusReader::open(options.corpus.clone())?;
    events(Event::Found(reader.inputs().clone()));
    let input = input_files(&reader.inputs().sources);
    let part_options = PartOptions::whole(PART_SIZE);
    Ok((PartReader::new(reader, part_options, stop.clone()), input))
}

/// Writes the topics, then what they were made of.
fn write(
    options: &TopicsOptions,
    topics: &[Topic],
    terms: &[String],
    format: &TopicsFormat,
    mut facts: TopicsFacts,
) -> Result<TopicsSummary> {
    facts.origin.clone_from(&options.origin);
    facts.quantization = options.quantization;
    format.name().clone_into(&mut facts.format);
    let manifest = create_manifest(options)?;
    let file = format.create(&options.output)?;
    let summary = write_topics(options, topics, terms, file)?;
    write_manifest(
        &facts,
        &options.output,
        &format.file(&options.output),
        summary,
        manifest,
    )?;
    Ok(summary)
}

fn write_topics(
    options: &TopicsOptions,
    topics: &[Topic],
    terms: &[String],
    mut file: TopicsFile<'_>,
) -> anyhow::Result<TopicsSummary> {
    let largest = topics.iter().map(|topic| topic.vector.max_weight());
    let largest = largest.fold(0.0, f32::max);
    let quantization = options.quantization;
    let quantizer = quantization.map(|quantization| Quantizer::new(quantization, largest));
    let mut summary = TopicsSummary::default();
    for topic in topics {
        let impacts = quantizer
            .map(|quantizer| quantizer.quantize(&topic.vector))
            .transpose()
            .with_context(|| format!("topic {}", topic.qid))?;
        let vector = match &impacts {
            Some(impacts) => VectorRef::Impacts(impacts),
            None => VectorRef::Weights(&topic.vector),
        };
        summary.topics += 1;
        summary.truncated += usize::from(topic.truncated);
        summary.terms += vector.len();
        summary.empty += usize::from(vector.is_empty());
        file.add(&EncodedRecord {
            docid: &topic.qid,
            contents: &topic.text,
            vector,
            terms: Terms::Vocabulary(terms),
            line: None,
        })?;
    }
    file.finish()?;
    Ok(summary)
}

struct Topic {
    qid: String,
    text: String,
    truncated: bool,
    vector: SparseVector,
}

/// Collects the topics by their parts, which come in any order.
#[derive(Default)]
struct Sink {
    parts: Mutex<BTreeMap<usize, Vec<Topic>>>,
}

impl Sink {
    fn into_topics(self) -> Vec<Topic> {
        let parts = self.parts.into_inner();
        let parts = parts.unwrap_or_else(PoisonError::into_inner);
        parts.into_values().flatten().collect()
    }
}

impl PartSink for Sink {
    fn write(&self, part: &EncodedPart) -> anyhow::Result<()> {
        let topics = part.documents().map(|topic| Topic {
            qid: topic.docid.to_owned(),
            text: topic.text.to_owned(),
            truncated: topic.tokens.truncated,
            vector: topic.vector.clone(),
        });
        let parts = self.parts.lock();
        parts
            .unwrap_or_else(PoisonError::into_inner)
            .insert(part.index, topics.collect());
        Ok(())
    }
}
