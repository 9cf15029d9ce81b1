//! `splade-export documents`

use std::path::PathBuf;

use clap::{Args as ClapArgs, ValueEnum};
use splade_export::collection::{Compression, Kind};
use splade_export::corpus::CorpusKind;
use splade_export::export::{DocumentsOptions, Exported, documents};

use super::encode::EncodeArgs;
use super::index::print_place;
use super::index_settings::IndexSettingsArgs;
use super::input::InputArgs;
use super::progress::Display;
use super::usage_error;

/// Encode a corpus into a JsonVectorCollection, a Lucene index, or both
///
/// Reads JSON Lines, TSV (docid<TAB>text), each also .gz, BEIR datasets (folder or .zip), folders of
/// such files, or - for standard input. Writes OUTPUT/documents/part-00000.jsonl.gz, ... and
/// OUTPUT/manifest.json, and, in the same pass, the Lucene impact index that Anserini would make of them.
#[derive(ClapArgs)]
#[command(
    after_help = "Example:\n  splade-export documents --model models/splade-tiny fixtures --output out/fixtures --index out/fixtures-index"
)]
pub struct Args {
    /// Files, folders, archives, or - for standard input
    #[arg(value_name = "PATH", required = true)]
    paths: Vec<PathBuf>,

    /// The folder of the collection to make; it must not exist or be empty
    #[arg(long, value_name = "DIR", required_unless_present = "index")]
    output: Option<PathBuf>,

    /// The folder of the Lucene index to make; it must not exist or be empty
    #[arg(long, value_name = "DIR")]
    index: Option<PathBuf>,

    #[command(flatten)]
    encode: EncodeArgs,

    #[command(flatten)]
    input: InputArgs,

    /// Documents a part: the unit of files, and of Anserini's threads
    #[arg(long, value_name = "N", default_value_t = 10_000, value_parser = clap::value_parser!(u32).range(1..), help_heading = "Output")]
    part_size: u32,

    /// Compression of the parts
    #[arg(long, value_enum, default_value = "gzip", help_heading = "Output")]
    compress: CompressArg,

    /// Keep the texts in the collection
    #[arg(long, help_heading = "Output")]
    contents: bool,

    #[command(flatten)]
    settings: IndexSettingsArgs,

    /// Print neither progress nor summary
    #[arg(long, short, help_heading = "Output")]
    quiet: bool,
}

#[derive(Clone, Copy, ValueEnum)]
enum CompressArg {
    Gzip,
    None,
}

impl Args {
    pub fn run(self) -> anyhow::Result<()> {
        let encode = self.encode.resolve()?;
        match (&self.index, self.settings.given()) {
            (None, Some(flag)) => {
                usage_error(format!("{flag} is about the index, so it needs --index"))
            }
            (Some(_), _) if encode.quantization.is_none() => usage_error(
                "--step none keeps weights, and --index takes impacts; leave one of the two out"
                    .to_owned(),
            ),
            (index, _) if *index == self.output => {
                usage_error("--output and --index need a folder each".to_owned())
            }
            _ => {}
        }
        let options = DocumentsOptions {
            encode,
            corpus: self.input.resolve(self.paths, CorpusKind::Documents),
            output: self.output,
            index: self.index.map(|folder| (folder, self.settings.resolve())),
            part_size: self.part_size as usize,
            compression: match self.compress {
                CompressArg::Gzip => Compression::Gzip,
                CompressArg::None => Compression::None,
            },
            contents: self.contents,
        };
        let mut display = Display::new("documents", self.quiet);
        let exported = documents(&options, &mut |read, done| display.watch(read, done))?;
        let seconds = display.finish();
        if !self.quiet {
            summarize(&exported, &options, seconds);
        }
        Ok(())
    }
}

#[allow(clippy::cast_precision_loss, reason = "rates and ratios for display")]
fn summarize(exported: &Exported, options: &DocumentsOptions, seconds: f64) {
    let manifest = &exported.manifest;
    let counts = &manifest.counts;
    let documents = counts.documents as f64;
    let bytes: u64 = manifest.parts.iter().map(|part| part.bytes).sum();
    eprintln!(
        "documents    {} in {seconds:.1} s, {:.1} documents/s, {:.0} tokens/s",
        counts.documents,
        documents / seconds,
        counts.tokens as f64 / seconds
    );
    eprintln!(
        "truncated    {} at {} tokens",
        counts.truncated, manifest.encoding.max_length
    );
    eprintln!("empty        {}", counts.empty);
    eprintln!(
        "postings     {}, {:.1} a document",
        counts.postings,
        counts.postings as f64 / documents.max(1.0)
    );
    eprintln!("max weight   {:.4}", counts.max_weight);
    if manifest.kind == Kind::Impacts {
        eprintln!(
            "impacts      sum {}, {:.1} a document, largest {}",
            counts.impact_sum,
            counts.impact_sum as f64 / documents.max(1.0),
            counts.max_impact
        );
    }
    if manifest.model.rewritten_terms > 0 {
        eprintln!(
            "terms        {} of the vocabulary are written as [id:N], see README",
            manifest.model.rewritten_terms
        );
    }
    if let Some(output) = &options.output {
        eprintln!(
            "output       {}, {} parts, {:.1} MB",
            output.display(),
            manifest.parts.len(),
            bytes as f64 / 1e6
        );
    }
    if let (Some(summary), Some((folder, _))) = (&exported.index, &options.index) {
        print_place(summary, folder);
    }
}
