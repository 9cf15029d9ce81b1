//! `splade-export documents`

use std::path::PathBuf;

use clap::{Args as ClapArgs, ValueEnum};
use splade_export::collection::{Compression, Kind, Manifest};
use splade_export::corpus::CorpusKind;
use splade_export::export::{DocumentsOptions, documents};

use super::encode::EncodeArgs;
use super::input::InputArgs;
use super::progress::Display;

/// Encode a corpus into a JsonVectorCollection
///
/// Reads JSON Lines, TSV (docid<TAB>text), each also .gz, BEIR datasets (folder or .zip), folders of
/// such files, or - for standard input. Writes OUTPUT/documents/part-00000.jsonl.gz, ... and
/// OUTPUT/manifest.json.
#[derive(ClapArgs)]
#[command(
    after_help = "Example:\n  splade-export documents --model models/splade-tiny fixtures --output out/fixtures"
)]
pub struct Args {
    /// Files, folders, archives, or - for standard input
    #[arg(value_name = "PATH", required = true)]
    paths: Vec<PathBuf>,

    /// The folder to make; it must not exist
    #[arg(long, value_name = "DIR")]
    output: PathBuf,

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
        let options = DocumentsOptions {
            encode: self.encode.resolve()?,
            corpus: self.input.resolve(self.paths, CorpusKind::Documents),
            output: self.output,
            part_size: self.part_size as usize,
            compression: match self.compress {
                CompressArg::Gzip => Compression::Gzip,
                CompressArg::None => Compression::None,
            },
            contents: self.contents,
        };
        let mut display = Display::new("documents", self.quiet);
        let manifest = documents(&options, &mut |read, done| display.watch(read, done))?;
        let seconds = display.finish();
        if !self.quiet {
            summarize(&manifest, &options, seconds);
        }
        Ok(())
    }
}

#[allow(clippy::cast_precision_loss, reason = "rates and ratios for display")]
fn summarize(manifest: &Manifest, options: &DocumentsOptions, seconds: f64) {
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
    eprintln!(
        "output       {}, {} parts, {:.1} MB",
        options.output.display(),
        manifest.parts.len(),
        bytes as f64 / 1e6
    );
}
