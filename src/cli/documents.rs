//! `splade-export documents`

use std::fmt::Display;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Args as ClapArgs;
use splade_export::{
    CorpusKind, Counts, DocumentsOptions, DocumentsSummary, EncodingSettings, FinishedRun,
    LongTexts, NewFile, Normalization, OnError, PartSelection, Plan, VectorKind, encode_documents,
};

use super::encode::{EncodeArgs, EncodeOptions, print_devices};
use super::formats::FormatArgs;
use super::index::print_output;
use super::index_settings::IndexSettingsArgs;
use super::input::InputArgs;
use super::lock::LockArgs;
use super::long::LongArgs;
use super::on_error::OnErrorArgs;
use super::outputs::OutputArgs;
use super::progress::Display as ProgressDisplay;
use super::usage::usage_error;

/// Encode a corpus into a JsonVectorCollection, a Lucene index, or both
///
/// Reads JSON Lines, TSV (docid<TAB>text), each also .gz, BEIR datasets (folder or .zip), folders of
/// such files, or - for standard input. Writes OUTPUT/documents/part-00000.jsonl.gz, ... and
/// OUTPUT/manifest.json, and, in the same pass, the Lucene impact index that Anserini would make of them.
#[derive(ClapArgs)]
#[command(
    after_help = "Example:\n  splade-export documents fixtures --output out/fixtures --index out/fixtures-index"
)]
pub struct Args {
    /// Files, folders, archives, or - for standard input
    #[arg(value_name = "PATH", required = true)]
    paths: Vec<PathBuf>,

    #[command(flatten)]
    outputs: OutputArgs,

    #[command(flatten)]
    lock: LockArgs,

    /// Encode these parts only: a shard such as 3/16, or a range of part numbers such as 120-180
    ///
    /// Shard 3/16 is every sixteenth part, beginning with the third. Parts are numbered from 0, as their
    /// files are. `splade-export join` makes one collection of the shards.
    #[arg(long, value_name = "PARTS", help_heading = "Output")]
    parts: Option<PartSelection>,

    /// Go to the parts as this plan says, without reading those before them; `splade-export plan` makes it
    #[arg(long, value_name = "FILE", help_heading = "Output")]
    plan: Option<PathBuf>,

    #[command(flatten)]
    encode: EncodeArgs,

    #[command(flatten)]
    long: LongArgs,

    #[command(flatten)]
    input: InputArgs,

    #[command(flatten)]
    on_error: OnErrorArgs,

    /// Documents per part: the unit of files, and of Anserini's threads
    #[arg(long, value_name = "N", default_value_t = 10_000, value_parser = clap::value_parser!(u32).range(1..), help_heading = "Output")]
    part_size: u32,

    #[command(flatten)]
    format: FormatArgs,

    /// Keep the texts in the collection
    #[arg(long, help_heading = "Output")]
    contents: bool,

    #[command(flatten)]
    settings: IndexSettingsArgs,

    /// Write where the time went to FILE, as JSON
    #[arg(long, value_name = "FILE", help_heading = "Output")]
    timings: Option<PathBuf>,

    /// Print neither progress nor summary
    #[arg(long, short, help_heading = "Output")]
    quiet: bool,
}

impl Args {
    pub fn run(self) -> anyhow::Result<()> {
        let mut encode = self.encode.resolve(self.quiet)?;
        self.long.apply(&mut encode);
        let on_error = self.on_error.resolve();
        self.check(&encode, on_error);
        let stop = self.outputs.install_stop()?;
        let resume = self.outputs.resume;
        let outputs = self.outputs.open(&self.format, &self.settings)?;
        let rejected = outputs.iter().find_map(|output| output.rejected_path());
        let options = DocumentsOptions {
            quantization: encode.quantization,
            corpus: self.input.resolve(self.paths, CorpusKind::Documents),
            resume,
            wait_for_lock: self.lock.wait(),
            selection: self.parts.unwrap_or_default(),
            plan: self
                .plan
                .map(|path| Plan::read(&path))
                .transpose()?
                .map(Arc::new),
            on_error,
            part_size: self.part_size as usize,
            compression: self.format.compression(),
            contents: self.contents,
        };
        let mut display = ProgressDisplay::new("documents", self.quiet);
        // A place that cannot be written to is better told before the work than after it.
        let timings_file = self.timings.as_deref().map(NewFile::create).transpose()?;
        let encoder = encode.open_with_fingerprint()?;
        if !self.quiet {
            print_devices(&encoder);
        }
        let mut events = |event| display.on(event);
        let summary = encode_documents(&encoder, &options, outputs, &stop, &mut events)?;
        let timings = display.timings();
        if let (Some(mut file), Some(timings)) = (timings_file, timings) {
            serde_json::to_writer_pretty(&mut file, &timings)?;
            file.write_all(b"\n")?;
            file.finish()?;
        }
        let seconds = display.finish();
        let pace = timings.map(|timings| Pace {
            seconds,
            documents: timings.documents,
            tokens: timings.tokens,
        });
        if !self.quiet {
            let said = encoder.max_length_stated_in();
            summarize(&summary, pace, rejected.as_deref(), said);
        }
        Ok(())
    }

    /// Refuses flags that contradict each other.
    fn check(&self, encode: &EncodeOptions, on_error: OnError) {
        let selection = self.parts.unwrap_or_default();
        let by_corpus = encode.quantization.map(|q| q.normalization) == Some(Normalization::Corpus);
        if by_corpus && selection != PartSelection::All {
            usage_error(
                "--normalize corpus needs the whole corpus, and --parts encodes some of it; give the largest weight as a \
                 number, or leave one of the two out",
            );
        }
        match (&self.outputs.index, self.settings.given()) {
            (None, Some(flag)) => {
                usage_error(format!("{flag} is about the index, so it needs --index"))
            }
            (Some(_), _) if encode.quantization.is_none() => usage_error(
                "--step none keeps weights, and --index takes impacts; leave one of the two out",
            ),
            _ => {}
        }
        if self.outputs.output.is_none() && on_error != OnError::Stop {
            usage_error("--on-error skip writes OUTPUT/rejected.jsonl, so it needs --output");
        }
    }
}

/// What this run encoded, without what it found done.
struct Pace {
    seconds: f64,
    documents: u64,
    tokens: u64,
}

/// `said` is the file that the length comes from, if that is not the command line.
fn summarize(
    summary: &DocumentsSummary,
    pace: Option<Pace>,
    rejected: Option<&Path>,
    said: Option<&str>,
) {
    if let Some(run) = &summary.run {
        summarize_run(run, pace, rejected, said);
    }
    summary.outputs.iter().for_each(print_output);
}

#[allow(clippy::cast_precision_loss, reason = "rates and ratios for display")]
fn summarize_run(
    run: &FinishedRun,
    pace: Option<Pace>,
    rejected: Option<&Path>,
    said: Option<&str>,
) {
    let counts = &run.counts();
    let documents = counts.documents as f64;
    let pace = pace.filter(|pace| pace.documents > 0).map(|pace| {
        let done = match pace.documents {
            all if all == counts.documents => String::new(),
            some => format!(", {some} of them now"),
        };
        format!(
            "{done} in {:.1} s, {:.1} documents/s, {:.0} tokens/s",
            pace.seconds,
            pace.documents as f64 / pace.seconds,
            pace.tokens as f64 / pace.seconds
        )
    });
    say!(
        "documents    {}{}",
        counts.documents,
        pace.unwrap_or_default()
    );
    if let Some(encoding) = &run.settings.encoding {
        summarize_lengths(counts, encoding, said);
    }
    say!("empty        {}", counts.empty);
    let accounting = &run.accounting;
    if let Some(rejected) = rejected.filter(|_| accounting.rejected > 0) {
        say!(
            "rejected     {} of {} records, see {}",
            accounting.rejected,
            accounting.read,
            rejected.display()
        );
    }
    say!(
        "postings     {}, {:.1} per document",
        counts.postings,
        counts.postings as f64 / documents.max(1.0)
    );
    say!("max weight   {:.4}", counts.max_weight);
    if run.settings.kind == VectorKind::Impacts {
        say!(
            "impacts      sum {}, {:.1} per document, largest {}",
            counts.impact_sum,
            counts.impact_sum as f64 / documents.max(1.0),
            counts.max_impact
        );
    }
    let model = run.settings.model.as_ref();
    let rewritten = model.map_or(0, |model| model.rewritten_terms);
    if rewritten > 0 {
        say!("terms        {rewritten} of the vocabulary are written as [id:N], see docs/files.md");
    }
}

fn summarize_lengths(counts: &Counts, encoding: &EncodingSettings, said: Option<&str>) {
    let length = encoding.max_length;
    if encoding.long == LongTexts::Windows {
        say!(
            "windows      {} documents were split into {} of at most {length} tokens{}",
            counts.split,
            counts.windows,
            stated_in(said)
        );
    } else {
        say_truncated(counts.truncated, length, said);
    }
}

/// Prints how many texts were cut at a length, and which file states it, if one does.
pub fn say_truncated(truncated: impl Display, length: usize, stated: Option<&str>) {
    say!(
        "truncated    {truncated} at {length} tokens{}",
        stated_in(stated)
    );
}

fn stated_in(file: Option<&str>) -> String {
    file.map_or_else(String::new, |file| format!(", as {file} says"))
}
