//! Makes other outputs of collections, without encoding again.
//!
//! ```text
//! collections ──inputs──▶ parts ──survey (where the manifest does not say)──▶ scheme ──part──▶ outputs
//! ```
//!
//! A part of the result is a file of the input. Of one collection of float weights the result is, byte for byte, what
//! `encode_documents` writes with the same pruning and quantization.

mod inputs;
mod options;
mod part;
mod scheme;
mod source_part;
mod survey;
mod term_cache;

use std::path::Path;
use std::sync::Arc;

use anyhow::Context;
use rayon::ThreadPool;
use rayon::iter::{IntoParallelRefIterator, ParallelIterator};

pub use options::{ConvertOptions, ConvertTo};

use self::inputs::Collections;
use self::part::PartConverter;
use self::scheme::Scheme;
use self::survey::{Survey, Wanted};
use super::documents::{DocumentsSummary, abandon};
use super::event::{Event, EventHandler};
use super::open_run::{ResumeOutcome, open_run, run_identity};
use super::rejected_merge::join_accounting;
use super::run_writer::RunWriter;
use crate::corpus::{PartSelection, ReadProgress};
use crate::digest::sha256_of_bytes;
use crate::error::{Error, Result};
use crate::impact::Normalization;
use crate::output::Output;
use crate::pipeline::EncodeProgress;
use crate::run::{FinishedRun, PartKind, PartRecord, RunError, RunIdentity};
use crate::stop::Stop;

/// Name of the vocabulary among the outputs' settings.
const VOCABULARY: &str = "vocabulary";

/// Converts collections into outputs. The first output lends its folder to the run's journal.
///
/// # Errors
/// Whatever ends the run; whole parts written before stay where they are, for a later run to go on with.
pub fn convert_collections(
    options: &ConvertOptions,
    outputs: Vec<Box<dyn Output>>,
    stop: &Stop,
    events: &mut EventHandler<'_>,
) -> Result<DocumentsSummary> {
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(options.threads.max(1))
        .build()
        .context("cannot start threads")?;
    let mut collections = Collections::open(&options.collections)?;
    let needs_vocabulary = outputs.iter().any(|output| output.needs_vocabulary());
    let wanted = Wanted {
        terms: needs_vocabulary && options.vocabulary.is_none(),
        facts: !collections.have_manifests(),
        docids: !collections.have_manifests() || options.collections.len() > 1,
    };
    let survey = pool.install(|| Survey::of(&collections.parts, wanted, stop))?;
    collections.learn(&survey);
    let scheme = Scheme::new(options, &collections)?;
    check(&scheme, &collections, &outputs)?;
    let vocabulary = match (&options.vocabulary, needs_vocabulary) {
        (_, false) => None,
        (Some(vocabulary), true) => {
            collections.check_vocabulary(vocabulary.len())?;
            Some(vocabulary.clone())
        }
        (None, true) => Some(survey.terms.into_iter().collect()),
    };
    let mut identity = run_identity(scheme.settings.clone(), &outputs);
    if let Some(vocabulary) = &vocabulary {
        // Numbers of terms hold within one vocabulary.
        let digest = sha256_of_bytes(&serde_json::to_vec(vocabulary)?);
        identity
            .outputs
            .insert(VOCABULARY.to_owned(), digest.into());
    }
    scheme.warnings(&collections, events);
    let job = Job {
        options,
        pool: &pool,
        collections: &collections,
        scheme: &scheme,
        stop,
    };
    let vocabulary = vocabulary.as_deref();
    job.run(outputs, &identity, vocabulary, events)
}

/// Refuses what the outputs cannot take, as the encoding of documents does.
fn check(scheme: &Scheme, collections: &Collections, outputs: &[Box<dyn Output>]) -> Result<()> {
    let kind = scheme.settings.kind;
    if let Some(output) = outputs.iter().find(|output| !output.accepts(kind)) {
        return Err(Error::setting(format!(
            "`step` none keeps weights, and {} takes impacts; leave one of the two out",
            output.format()
        )));
    }
    let quantization = scheme.quantization();
    let by_corpus = quantization.is_some_and(|q| q.normalization == Normalization::Corpus);
    if by_corpus && collections.base.selection != PartSelection::All {
        return Err(Error::setting(
            "`normalize` corpus needs the whole corpus, and this collection is a shard of it; join the shards first",
        ));
    }
    Ok(())
}

/// One run of [`convert_collections`].
struct Job<'a> {
    options: &'a ConvertOptions,
    pool: &'a ThreadPool,
    collections: &'a Collections,
    scheme: &'a Scheme,
    stop: &'a Stop,
}

impl Job<'_> {
    fn run(
        &self,
        outputs: Vec<Box<dyn Output>>,
        identity: &RunIdentity,
        vocabulary: Option<&[String]>,
        events: &mut EventHandler<'_>,
    ) -> Result<DocumentsSummary> {
        let home = outputs.first().map(|output| output.path().to_owned());
        let home = home.unwrap_or_default();
        let damaged = &mut |damaged| events(Event::Damaged(damaged));
        let writer = match open_run(outputs, identity, vocabulary, self.options.resume, damaged)? {
            ResumeOutcome::Writing(writer) => writer,
            ResumeOutcome::Finished(run, outputs) => {
                for (number, part) in run.iter().flat_map(|run| &run.parts) {
                    self.check_input(&home, *number, part)?;
                }
                events(Event::Finished);
                return Ok(DocumentsSummary { run, outputs });
            }
        };
        let written = self.write(&home, &writer, events).and_then(|()| {
            let run = self.finish(&writer)?;
            let outputs = writer.commit(&run)?;
            Ok(DocumentsSummary {
                run: Some(run),
                outputs,
            })
        });
        written.map_err(|error| abandon(writer, error).into())
    }

    /// Refuses to go on where an earlier run read something else.
    fn check_input(&self, home: &Path, number: usize, part: &PartRecord) -> Result<(), RunError> {
        let mut parts = self.collections.parts.iter();
        match parts.find(|known| known.number == number) {
            Some(known) if known.input_sha256 == part.input_sha256 => Ok(()),
            _ => Err(RunError::OtherInput {
                path: home.to_owned(),
                part: number,
            }),
        }
    }

    fn write(
        &self,
        home: &Path,
        writer: &RunWriter,
        events: &mut EventHandler<'_>,
    ) -> anyhow::Result<()> {
        let completed = writer.completed();
        for (number, part) in &completed {
            self.check_input(home, *number, part)?;
        }
        if !completed.is_empty() {
            events(Event::Kept {
                parts: completed.len(),
                documents: completed.values().map(|part| part.counts.documents).sum(),
            });
        }
        let parts = self.collections.parts.iter();
        let parts: Vec<_> = parts
            .filter(|part| !completed.contains_key(&part.number))
            .collect();
        let sources: Vec<_> = parts.iter().map(|part| part.source.clone()).collect();
        let converter = PartConverter {
            scheme: self.scheme,
            writer,
            has_manifest: self.collections.have_manifests(),
            read: ReadProgress::new(&sources),
            progress: Arc::<EncodeProgress>::default(),
            stop: self.stop,
        };
        events(Event::Started(
            converter.read.clone(),
            Arc::clone(&converter.progress),
        ));
        let convert = || {
            parts
                .par_iter()
                .try_for_each(|part| converter.convert(part))
        };
        self.pool.install(convert)
    }

    fn finish(&self, writer: &RunWriter) -> anyhow::Result<FinishedRun> {
        let parts = writer.parts(PartKind::Final);
        let written = parts.values().map(|part| part.counts.documents).sum();
        let accounting = join_accounting(writer, self.collections.accounting(written))?;
        Ok(FinishedRun {
            settings: self.scheme.settings.clone(),
            shard: self.collections.shard.clone(),
            accounting,
            parts,
        })
    }
}
