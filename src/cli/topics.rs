//! `splade-export topics`

use std::path::{Path, PathBuf};

use clap::{Args as ClapArgs, ValueEnum};
use splade_export::{
    AnseriniTopics, EventHandler, LineFormat, PyseriniTopics, QueryEncoder, Stop, TopicsOptions,
    TopicsSummary, encode_topics, encode_topics_with_table,
};

use super::encode::EncodeArgs;
use super::input::TopicsInputArgs;
use super::interrupt;
use super::progress::Display;
use super::query::QueryArgs;
use super::usage::usage_error;

/// Encode topics for Anserini or Pyserini
///
/// Reads a BEIR dataset's queries.jsonl (folder or .zip too), TSV (qid<TAB>text), JSON Lines or TREC
/// topics (<top>). Writes Anserini's TSV of repeated terms (.tsv) or Pyserini's encoded topics (.jsonl).
#[derive(ClapArgs)]
#[command(after_help = "Example:\n  splade-export topics fixtures --output out/topics.tsv")]
pub struct Args {
    /// Files, folders, archives, or - for standard input
    #[arg(value_name = "PATH", required = true)]
    paths: Vec<PathBuf>,

    /// The file to write; it must not exist
    #[arg(long, value_name = "FILE")]
    output: PathBuf,

    /// Format of the output [default: by its ending, .tsv or .jsonl]
    #[arg(long, value_enum, help_heading = "Output")]
    format: Option<FormatArg>,

    #[command(flatten)]
    encode: EncodeArgs,

    #[command(flatten)]
    query: QueryArgs,

    #[command(flatten)]
    input: TopicsInputArgs,

    /// Print neither progress nor summary
    #[arg(long, short, help_heading = "Output")]
    quiet: bool,
}

#[derive(Clone, Copy, ValueEnum)]
enum FormatArg {
    Tsv,
    Jsonl,
}

impl Args {
    pub fn run(self) -> anyhow::Result<()> {
        let format = match self.format {
            Some(format) => format,
            None => by_ending(&self.output),
        };
        let encode = self.encode.resolve(self.quiet)?;
        let options = TopicsOptions {
            quantization: encode.quantization,
            corpus: self.input.resolve(self.paths)?,
            output: self.output,
        };
        let stop = interrupt::install("nothing was written; run the same command again")?;
        let mut display = Display::new("topics", self.quiet);
        let mut events = |event| display.on(event);
        let encoder = self.query.open(&encode, self.quiet)?;
        let summary = match format {
            FormatArg::Tsv => {
                let format = AnseriniTopics::default();
                write(&encoder, &options, format, &stop, &mut events)?
            }
            FormatArg::Jsonl => {
                let format = PyseriniTopics::default();
                write(&encoder, &options, format, &stop, &mut events)?
            }
        };
        let seconds = display.finish();
        if !self.quiet {
            eprintln!(
                "topics       {} in {seconds:.1} s, {} terms, {} truncated, {} empty",
                summary.topics, summary.terms, summary.truncated, summary.empty
            );
            if let QueryEncoder::Table(table) = &encoder {
                eprintln!("queries      by a table of {} terms", table.terms());
            }
            eprintln!("output       {}", options.output.display());
        }
        Ok(())
    }
}

fn write(
    encoder: &QueryEncoder,
    options: &TopicsOptions,
    format: impl LineFormat,
    stop: &Stop,
    events: &mut EventHandler<'_>,
) -> splade_export::Result<TopicsSummary> {
    match encoder {
        QueryEncoder::Model(model) => encode_topics(model, options, format, stop, events),
        QueryEncoder::Table(table) => {
            encode_topics_with_table(table, options, format, stop, events)
        }
    }
}

fn by_ending(path: &Path) -> FormatArg {
    match path.extension().and_then(|ending| ending.to_str()) {
        Some("tsv") => FormatArg::Tsv,
        Some("jsonl") => FormatArg::Jsonl,
        _ => usage_error(format_args!(
            "{}: the format cannot be told from the ending; say --format tsv or jsonl",
            path.display()
        )),
    }
}
