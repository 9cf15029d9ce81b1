//! `splade-export topics`

use std::path::{Path, PathBuf};

use clap::Args as ClapArgs;
use splade_export::{
    AnseriniTopics, OutputFormat, PyseriniTopics, QueryEncoder, TopicsFormat, TopicsOptions,
    encode_topics, encode_topics_with_table,
};

use super::encode::EncodeArgs;
use super::input::TopicsInputArgs;
use super::interrupt;
use super::progress::Display;
use super::query::QueryArgs;
use super::usage::usage_error;

/// Encode topics for Anserini, Pyserini or another engine
///
/// Reads a BEIR dataset's queries.jsonl (folder or .zip too), TSV (qid<TAB>text), JSON Lines or TREC
/// topics (<top>). Writes Anserini's TSV of repeated terms (.tsv) or Pyserini's encoded topics (.jsonl), and
/// beside it OUTPUT.manifest.json, which says what they were made of.
#[derive(ClapArgs)]
#[command(after_help = "Example:\n  splade-export topics fixtures --output out/topics.tsv")]
pub struct Args {
    /// Files, folders, archives, or - for standard input
    #[arg(value_name = "PATH", required = true)]
    paths: Vec<PathBuf>,

    /// The file to write; neither it nor its manifest may exist. Of npz, the folder: there may be no topics in it yet
    #[arg(long, value_name = "FILE")]
    output: PathBuf,

    /// Format of the output: tsv, jsonl, or the name of an engine's format, whose queries are written: pseudo-text,
    /// json-vectors, elasticsearch, elasticsearch-features, opensearch, opensearch-features, opensearch-seismic, ciff,
    /// seismic, qdrant, npz [default: by its ending, .tsv or .jsonl]
    #[arg(long, value_name = "FORMAT", help_heading = "Output")]
    format: Option<String>,

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

impl Args {
    pub fn run(self) -> anyhow::Result<()> {
        let format = match self.format {
            Some(name) => by_name(&name)?,
            None => by_name(by_ending(&self.output))?,
        };
        let encode = self.encode.resolve(self.quiet)?;
        let mut options = TopicsOptions {
            quantization: encode.quantization,
            corpus: self.input.resolve(self.paths)?,
            output: self.output,
            origin: None,
        };
        let stop = interrupt::install("nothing was written; run the same command again")?;
        let mut display = Display::new("topics", self.quiet);
        let mut events = |event| display.on(event);
        let queries = self.query.open(&encode, self.quiet)?;
        options.origin = Some(self.query.origin(&queries, &encode.model)?);
        let summary = match &queries.encoder {
            QueryEncoder::Model(model) => {
                encode_topics(model, &options, format, &stop, &mut events)?
            }
            QueryEncoder::Table(table) => {
                encode_topics_with_table(table, &options, format, &stop, &mut events)?
            }
        };
        let seconds = display.finish();
        if !self.quiet {
            say!(
                "topics       {} in {seconds:.1} s, {} terms, {} truncated, {} empty",
                summary.topics,
                summary.terms,
                summary.truncated,
                summary.empty
            );
            if let QueryEncoder::Table(table) = &queries.encoder {
                say!("queries      by a table of {} terms", table.terms());
            }
            say!("output       {}", options.output.display());
        }
        Ok(())
    }
}

/// Returns the format of a name: that of a file ending, or the queries for an engine.
fn by_name(name: &str) -> splade_export::Result<TopicsFormat> {
    Ok(match name {
        "tsv" => AnseriniTopics::default().into(),
        "jsonl" => PyseriniTopics::default().into(),
        name => {
            let format: OutputFormat = name.parse().map_err(|error| {
                splade_export::Error::setting(format!("{error}, or tsv or jsonl"))
            })?;
            TopicsFormat::of_engine(format)
        }
    })
}

fn by_ending(path: &Path) -> &'static str {
    match path.extension().and_then(|ending| ending.to_str()) {
        Some("tsv") => "tsv",
        Some("jsonl") => "jsonl",
        _ => usage_error(format_args!(
            "{}: the format cannot be told from the ending; say --format tsv, jsonl or another one",
            path.display()
        )),
    }
}
