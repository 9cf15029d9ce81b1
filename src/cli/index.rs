//! `splade-export index`

use std::path::{Path, PathBuf};

use clap::Args as ClapArgs;
use splade_export::{IndexOptions, IndexSummary, OutputSummary, build_index, join_indexes};

use super::index_settings::IndexSettingsArgs;
use super::interrupt;
use super::progress::Display;

/// Make a Lucene impact index of a collection
///
/// Reads JsonVectorCollections with integer impacts (.jsonl, .jsonl.gz): an output folder of `documents`, any other
/// folder, or a file. The index is what Anserini's IndexCollection -impact -pretokenized makes, written without Java;
/// Anserini, Pyserini and Lucene from 9.0 to 10.x read it.
#[derive(ClapArgs)]
#[command(after_help = "Examples:\n  \
                  splade-export documents fixtures --output out/collection\n  \
                  splade-export index out/collection --output out/index\n  \
                  head -n 50 fixtures/corpus.jsonl >beginning.jsonl\n  \
                  tail -n +51 fixtures/corpus.jsonl >rest.jsonl\n  \
                  splade-export documents beginning.jsonl --index out/indexes/1\n  \
                  splade-export documents rest.jsonl --index out/indexes/2\n  \
                  splade-export index --merge out/indexes/* --output out/merged")]
pub struct Args {
    /// Collections; with --merge, indexes that splade-export made
    #[arg(value_name = "PATH", required = true)]
    paths: Vec<PathBuf>,

    /// The folder to make; it must not exist or be empty
    #[arg(long, value_name = "DIR")]
    output: PathBuf,

    /// Join indexes into one, taking their segments as they are
    #[arg(long, conflicts_with_all = ["store_raw", "segment_memory", "threads"])]
    merge: bool,

    /// Files that are read at the same time [default: the cores]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    threads: Option<u16>,

    #[command(flatten)]
    settings: IndexSettingsArgs,

    /// Print neither progress nor summary
    #[arg(long, short)]
    quiet: bool,
}

impl Args {
    pub fn run(self) -> anyhow::Result<()> {
        let settings = self.settings.resolve();
        let mut display = Display::new("documents", self.quiet);
        let threads = match self.threads {
            Some(threads) => usize::from(threads),
            None => std::thread::available_parallelism().map_or(1, usize::from),
        };
        let options = IndexOptions {
            inputs: self.paths,
            output: self.output.clone(),
            threads,
            settings,
        };
        let stop =
            interrupt::install("no index was made; the same command makes it from the beginning")?;
        let summary = if self.merge {
            join_indexes(&options, &stop)?
        } else {
            build_index(&options, &stop, &mut |event| display.on(event))?
        };
        let seconds = display.finish();
        if !self.quiet {
            summarize(&summary, seconds);
            print_index(&self.output, summary.segments, summary.bytes);
        }
        Ok(())
    }
}

#[allow(clippy::cast_precision_loss, reason = "rates and ratios for display")]
fn summarize(summary: &IndexSummary, seconds: f64) {
    let totals = &summary.totals;
    let documents = totals.documents as f64;
    say!(
        "documents    {} in {seconds:.1} s, {:.1} documents/s",
        totals.documents,
        documents / seconds
    );
    say!("empty        {}, left out", totals.empty);
    say!("terms        {}", summary.terms);
    say!(
        "postings     {}, {:.1} a document",
        totals.postings,
        totals.postings as f64 / documents.max(1.0)
    );
    say!(
        "impacts      sum {}, {:.1} a document",
        totals.impact_sum,
        totals.impact_sum as f64 / documents.max(1.0)
    );
}

/// Prints the line about a finished output.
pub fn print_output(output: &OutputSummary) {
    let name = match output.format.as_str() {
        "json-vectors" => "output",
        "lucene" => return print_index(&output.path, output.pieces, output.bytes),
        other => other,
    };
    print_line(name, &output.path, output.pieces, output.unit, output.bytes);
}

fn print_index(path: &Path, segments: usize, bytes: u64) {
    print_line("index", path, segments, "segments", bytes);
}

#[allow(clippy::cast_precision_loss, reason = "a size for display")]
fn print_line(name: &str, path: &Path, pieces: usize, unit: &str, bytes: u64) {
    let megabytes = bytes as f64 / 1e6;
    say!(
        "{name:<12} {}, {pieces} {unit}, {megabytes:.1} MB",
        path.display()
    );
}
