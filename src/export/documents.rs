//! `splade-export documents`: corpus -> `JsonVectorCollection`.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use anyhow::Context;
use fs_err as fs;

use super::{EncodeOptions, Session, Watch};
use crate::collection::{
    AtomicFile, Collection, CollectionWriter, Compression, Counts, Entry, Kind, Manifest,
    ModelInfo, PartWriter, TermKeys, parse_line,
};
use crate::corpus::{CorpusOptions, Source};
use crate::impact::{Normalization, Quantizer, SparseVector, TermWeight};
use crate::pipeline::{EncodedPart, PartSink};

/// What `documents` reads and writes.
#[derive(Debug, Clone)]
pub struct DocumentsOptions {
    /// From text to impacts.
    pub encode: EncodeOptions,
    /// The corpus.
    pub corpus: CorpusOptions,
    /// The folder to make.
    pub output: PathBuf,
    /// Most documents of a part.
    pub part_size: usize,
    /// Of the parts.
    pub compression: Compression,
    /// True to keep the texts.
    pub contents: bool,
}

/// Encodes a corpus into a collection and returns its manifest.
///
/// # Errors
/// Whatever ends the run; whole parts written before stay in the output folder, without a manifest.
pub fn documents(options: &DocumentsOptions, watch: &mut Watch<'_>) -> anyhow::Result<Manifest> {
    // Everything that can be wrong with the options is found before the folder is made.
    let sources = Source::resolve(&options.corpus.paths, options.corpus.kind)?;
    let session = Session::open(&options.encode)?;
    let model = ModelInfo {
        architecture: session.model.architecture().to_owned(),
        vocabulary: session.model.vocabulary.len(),
        rewritten_terms: session.model.vocabulary.rewritten(),
        files: session.model.fingerprint()?,
    };
    let writer = CollectionWriter::create(&options.output, options.compression)?;
    if let Err(error) = write_parts(options, &session, &writer, watch) {
        let kept = writer.abandon();
        return Err(match kept {
            0 => error,
            kept => error.context(format!(
                "{kept} whole parts stay in {}, the rest is missing",
                options.output.display()
            )),
        });
    }
    let parts = writer.finish()?;
    let mut counts = Counts::default();
    for part in &parts {
        counts.add(&part.counts);
    }
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
        counts,
        parts,
    };
    manifest.write(&options.output)?;
    Ok(manifest)
}

fn write_parts(
    options: &DocumentsOptions,
    session: &Session,
    writer: &CollectionWriter,
    watch: &mut Watch<'_>,
) -> anyhow::Result<()> {
    let keys = TermKeys::new(session.model.vocabulary.terms());
    let quantization = options.encode.quantization;
    // The largest weight of the corpus is known at its end: until then the weights are kept.
    let deferred = quantization.filter(|q| q.normalization == Normalization::Corpus);
    let sink = Sink {
        writer,
        keys: &keys,
        contents: options.contents,
        quantizer: quantization.map(|q| Quantizer::new(q, 0.0)),
        deferred: deferred.map(|_| Deferred::new(writer.scratch())),
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
            writer.part(index, &keys, |part| {
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
    writer: &'a CollectionWriter,
    keys: &'a TermKeys,
    contents: bool,
    quantizer: Option<Quantizer>,
    deferred: Option<Deferred>,
}

impl PartSink for Sink<'_> {
    fn write(&self, part: &EncodedPart) -> anyhow::Result<()> {
        if let Some(deferred) = &self.deferred {
            let path = deferred.folder.join(deferred_name(part.index));
            let file = AtomicFile::beside(&path)?;
            let mut writer = PartWriter::new(file, Compression::None, self.keys);
            let counts = self.fill(part, None, &mut writer)?;
            writer.finish(&mut crate::collection::PartInfo::default())?;
            let all = deferred.counts.lock();
            all.unwrap_or_else(std::sync::PoisonError::into_inner)
                .push((part.index, counts));
            return Ok(());
        }
        self.writer.part(part.index, self.keys, |writer| {
            self.fill(part, self.quantizer.as_ref(), writer)
        })
    }
}

impl Sink<'_> {
    fn fill(
        &self,
        part: &EncodedPart,
        quantizer: Option<&Quantizer>,
        writer: &mut PartWriter<'_>,
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
        screening_fallbacks: counts.screening_fallbacks,
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
