//! `splade-export convert`

use std::path::PathBuf;

use clap::Args as ClapArgs;
use splade_export::{ConvertOptions, ConvertTo, DocumentsSummary, Model, convert_collections};

use super::fetch_progress::model_folder;
use super::formats::FormatArgs;
use super::impacts::ImpactArgs;
use super::index::print_output;
use super::index_settings::IndexSettingsArgs;
use super::outputs::OutputArgs;
use super::progress::Display;
use super::usage::usage_error;

/// Make other quantizations and formats of a collection, without encoding again
///
/// Reads collections of float weights, which `documents --step none` makes, collections of impacts, or any
/// JsonVectorCollection (.json, .jsonl, each also .gz). Of float weights the result is that of `documents` with the same
/// options, byte for byte, index and manifest included. Impacts stay as they are unless an option changes them.
#[derive(ClapArgs)]
#[command(after_help = "Examples:\n  \
                  splade-export documents fixtures --step none --output out/weights\n  \
                  splade-export convert out/weights --step 0.01 --output out/collection --index out/index\n  \
                  splade-export convert out/weights --max-impact 255 --format ciff,pseudo-text --output out/engines")]
pub struct Args {
    /// Output folders of `documents`, `join` or `convert`, or folders or files of any JsonVectorCollection
    #[arg(value_name = "COLLECTION", required = true)]
    collections: Vec<PathBuf>,

    #[command(flatten)]
    outputs: OutputArgs,

    /// The model that made the collection, for formats with token ids (npz, qdrant, opensearch-seismic)
    ///
    /// A folder, or a name on the Hugging Face hub. Without it, these formats number the collection's terms by the order
    /// of their bytes, and topics do not fit.
    #[arg(long, value_name = "MODEL", help_heading = "Output")]
    model: Option<PathBuf>,

    #[command(flatten)]
    format: FormatArgs,

    #[command(flatten)]
    impacts: ImpactArgs,

    #[command(flatten)]
    settings: IndexSettingsArgs,

    /// Files that are converted at the same time [default: the cores]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    threads: Option<u16>,

    /// Print neither progress nor summary
    #[arg(long, short, help_heading = "Output")]
    quiet: bool,
}

impl Args {
    pub fn run(self) -> anyhow::Result<()> {
        let stop = self.outputs.install_stop()?;
        let resume = self.outputs.resume;
        let (pruning, target) = (self.impacts.pruning(), self.target()?);
        let outputs = self.outputs.open(&self.format, &self.settings)?;
        if self.model.is_some() && !outputs.iter().any(|output| output.needs_vocabulary()) {
            usage_error(
                "--model gives terms their token ids, and none of these formats has any; leave it out, or add one to \
                 --format: npz, qdrant or opensearch-seismic",
            );
        }
        let vocabulary = match &self.model {
            Some(model) => {
                let model = Model::open(&model_folder(model, self.quiet)?)?;
                Some(model.vocabulary.terms().to_vec())
            }
            None => None,
        };
        let options = ConvertOptions {
            collections: self.collections,
            vocabulary,
            pruning,
            target,
            compression: self.format.compression(),
            threads: match self.threads {
                Some(threads) => usize::from(threads),
                None => std::thread::available_parallelism().map_or(1, usize::from),
            },
            resume,
        };
        let mut display = Display::new("documents", self.quiet);
        let summary =
            convert_collections(&options, outputs, &stop, &mut |event| display.on(event))?;
        let seconds = display.finish();
        if !self.quiet {
            summarize(&summary, seconds);
        }
        Ok(())
    }

    /// Returns what the vectors become.
    fn target(&self) -> anyhow::Result<ConvertTo> {
        if !self.impacts.is_quantization_given() {
            return Ok(ConvertTo::Default);
        }
        let quantization = self.impacts.quantization()?;
        Ok(quantization.map_or(ConvertTo::Weights, ConvertTo::Impacts))
    }
}

#[allow(clippy::cast_precision_loss, reason = "ratios for display")]
fn summarize(summary: &DocumentsSummary, seconds: f64) {
    if let Some(run) = &summary.run {
        let counts = run.counts();
        let per_document = |total: u64| total as f64 / (counts.documents as f64).max(1.0);
        say!("documents    {} in {seconds:.1} s", counts.documents);
        say!("empty        {}", counts.empty);
        say!(
            "postings     {}, {:.1} per document",
            counts.postings,
            per_document(counts.postings)
        );
        if counts.impact_sum > 0 {
            say!(
                "impacts      sum {}, {:.1} per document, largest {}",
                counts.impact_sum,
                per_document(counts.impact_sum),
                counts.max_impact
            );
        }
    }
    summary.outputs.iter().for_each(print_output);
}
