//! `splade-export topics`: queries -> encoded topics for Anserini or Pyserini.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::PathBuf;
use std::sync::Mutex;

use anyhow::Context;
use serde_json::{Map, Value};

use super::{EncodeOptions, EventHandler, encode_parts};
use crate::corpus::{CorpusOptions, CorpusReader, PartOptions, PartReader};
use crate::durable::{AtomicFile, create_folder, parent_of};
use crate::impact::{Impact, Quantizer, SparseVector};
use crate::pipeline::{EncodedPart, PartSink};
use crate::stop::Stop;

/// Topics encoded together. They are all held in memory, so this does not bound anything.
const PART: usize = 4096;

/// Which file is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TopicsFormat {
    /// Anserini's: `qid<TAB>term term term`, each term repeated impact times.
    Tsv,
    /// Pyserini's: `{"qid": ..., "title": ..., "contents": ..., "vector": {...}}` a line.
    Jsonl,
}

/// What `topics` reads and writes.
#[derive(Debug, Clone)]
pub struct TopicsOptions {
    /// From text to impacts; a quantization is needed for [`TopicsFormat::Tsv`].
    pub encode: EncodeOptions,
    /// The topics.
    pub corpus: CorpusOptions,
    /// The file to write.
    pub output: PathBuf,
    /// Its format.
    pub format: TopicsFormat,
}

/// What was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct TopicsSummary {
    /// Topics.
    pub topics: usize,
    /// Topics among them without any term; they will find nothing.
    pub empty: usize,
    /// Topics that had more tokens than were kept.
    pub truncated: usize,
    /// Terms over all topics.
    pub terms: usize,
}

/// Encodes topics into one file, in input order.
///
/// # Errors
/// Whatever ends the run; the file appears only when it is whole.
pub fn topics(
    options: &TopicsOptions,
    stop: &Stop,
    watch: &mut EventHandler<'_>,
) -> anyhow::Result<TopicsSummary> {
    if options.output.exists() {
        anyhow::bail!(
            "{}: the output exists already and is never overwritten; choose another --output or remove it",
            options.output.display()
        );
    }
    if options.format == TopicsFormat::Tsv && options.encode.quantization.is_none() {
        anyhow::bail!(
            "--step none cannot be written as TSV, which repeats terms; use --format jsonl"
        );
    }
    let encoder = options.encode.open()?;
    // Whether it can be written is known before the work; nothing is left there while it goes on.
    create_folder(parent_of(&options.output))?;
    drop(AtomicFile::beside(&options.output)?);
    let sink = Sink::default();
    let reader = CorpusReader::open(options.corpus.clone())?;
    let mut reader = PartReader::new(reader, PartOptions::whole(PART), stop.clone());
    encode_parts(&encoder, &mut reader, true, watch, &sink)?;
    let mut file = AtomicFile::beside(&options.output)?;
    let parts = sink.parts.into_inner();
    let parts = parts.unwrap_or_else(std::sync::PoisonError::into_inner);
    let topics: Vec<Topic> = parts.into_values().flatten().collect();
    let largest = topics
        .iter()
        .map(|topic| topic.vector.max_weight())
        .fold(0.0, f32::max);
    let quantizer = options
        .encode
        .quantization
        .map(|quantization| Quantizer::new(quantization, largest));
    let term = |id| encoder.vocabulary().term(id);
    let mut summary = TopicsSummary::default();
    for topic in &topics {
        summary.topics += 1;
        summary.truncated += usize::from(topic.truncated);
        let impacts = quantizer
            .map(|quantizer| quantizer.quantize(&topic.vector))
            .transpose()
            .with_context(|| format!("topic {}", topic.qid))?;
        let terms = impacts.as_ref().map_or(topic.vector.len(), Vec::len);
        summary.terms += terms;
        summary.empty += usize::from(terms == 0);
        match (options.format, &impacts) {
            (TopicsFormat::Tsv, impacts) => {
                let impacts = impacts.as_deref().unwrap_or_default();
                writeln!(file, "{}\t{}", topic.qid, repeated(impacts, term))?;
            }
            (TopicsFormat::Jsonl, impacts) => {
                let vector: Map<String, Value> = match impacts {
                    Some(impacts) => impacts
                        .iter()
                        .map(|e| (term(e.term).to_owned(), e.impact.into()))
                        .collect(),
                    None => topic
                        .vector
                        .0
                        .iter()
                        .map(|e| (term(e.term).to_owned(), float(e.weight)))
                        .collect(),
                };
                let mut line = Map::new();
                line.insert("qid".into(), topic.qid.clone().into());
                // Pyserini's command line takes the query from "title" and finds its vector by "contents".
                line.insert("title".into(), topic.text.clone().into());
                line.insert("contents".into(), topic.text.clone().into());
                line.insert("vector".into(), vector.into());
                writeln!(file, "{}", Value::from(line))?;
            }
        }
    }
    file.finish()?;
    Ok(summary)
}

/// Each term as often as its impact says, separated by one space.
fn repeated<'a>(impacts: &[Impact], term: impl Fn(u32) -> &'a str) -> String {
    let mut text = String::new();
    for entry in impacts {
        for _ in 0..entry.impact {
            if !text.is_empty() {
                text.push(' ');
            }
            text.push_str(term(entry.term));
        }
    }
    text
}

/// The shortest decimal that is this float32, not the float64 next to it.
fn float(weight: f32) -> Value {
    weight
        .to_string()
        .parse::<f64>()
        .map_or(Value::Null, Value::from)
}

struct Topic {
    qid: String,
    text: String,
    truncated: bool,
    vector: SparseVector,
}

#[derive(Default)]
struct Sink {
    parts: Mutex<BTreeMap<usize, Vec<Topic>>>,
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
            .unwrap_or_else(std::sync::PoisonError::into_inner)
            .insert(part.index, topics.collect());
        Ok(())
    }
}
