//! `splade-export topics`

use std::path::PathBuf;

use clap::Args as ClapArgs;
use splade_export::{
    QueryEncoder, TopicsFormat, TopicsOptions, encode_topics, encode_topics_with_table,
};

use super::documents::say_truncated;
use super::encode::EncodeArgs;
use super::input::TopicsInputArgs;
use super::interrupt;
use super::progress::Display;
use super::query::QueryArgs;

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
        let format = TopicsFormat::named(self.format.as_deref(), &self.output)?;
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
        let queries = self.query.open_with_fingerprint(&encode, self.quiet)?;
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
                "topics       {} in {seconds:.1} s, {} terms",
                summary.topics,
                summary.terms
            );
            let said = queries.encoder.max_length_stated_in();
            say_truncated(summary.truncated, queries.encoder.max_length(), said);
            say!("empty        {}", summary.empty);
            if let QueryEncoder::Table(table) = &queries.encoder {
                say!("queries      by a table of {} terms", table.terms());
            }
            say!("output       {}", options.output.display());
        }
        Ok(())
    }
}
