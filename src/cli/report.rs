//! `splade-export report`

use std::io::Write;
use std::path::PathBuf;
use std::sync::Arc;

use clap::Args as ClapArgs;
use splade_export::{Event, ReportFile, ReportOptions, measure_report, printable, report_summary};

use super::interrupt;
use super::progress::Display;

/// Draw what is in a collection, and what it is worth
///
/// Prints a summary and writes one HTML page that needs nothing else: terms per document, weights, document frequencies,
/// the most frequent terms, expansion terms, sparse against dense memory, and what other quantizations would cost. Any
/// JsonVectorCollection can be read, of float weights or of impacts; of float weights the quantizations are exact.
#[derive(ClapArgs)]
#[command(after_help = "Examples:\n  \
                  splade-export documents fixtures --output out/collection --index out/index\n  \
                  splade-export report out/collection --index out/index --output out/report.html")]
pub struct Args {
    /// A folder that `documents` or `join` made, any folder of a JsonVectorCollection, or a file
    #[arg(value_name = "COLLECTION")]
    collection: PathBuf,

    /// The index of the collection, for its size [default: COLLECTION/index, if it is there]
    #[arg(long, value_name = "DIR")]
    index: Option<PathBuf>,

    /// The page to write; it must not exist
    #[arg(long, value_name = "FILE")]
    output: PathBuf,

    /// The model that encoded the texts: where they were kept, its tokenizer tells which terms are expansions
    #[arg(long, value_name = "DIR", env = "SPLADE_EXPORT_MODEL")]
    model: Option<PathBuf>,

    /// Files that are read at the same time [default: the cores]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    threads: Option<u16>,

    /// Print neither progress nor summary
    #[arg(long, short)]
    quiet: bool,
}

impl Args {
    pub fn run(self) -> anyhow::Result<()> {
        let page = ReportFile::create(&self.output)?;
        let stop = interrupt::install("no report was written")?;
        let options = ReportOptions {
            index: self.index.or_else(|| {
                let beside = self.collection.join("index");
                beside.is_dir().then_some(beside)
            }),
            collection: self.collection,
            model: self.model,
            threads: match self.threads {
                Some(threads) => usize::from(threads),
                None => std::thread::available_parallelism().map_or(1, usize::from),
            },
            stop,
        };
        let mut display = Display::new("documents", self.quiet);
        let report = measure_report(&options, &mut |read, progress| {
            display.on(Event::Started(read, Arc::clone(&progress)));
        })?;
        display.finish();
        page.write(&report)?;
        if !self.quiet {
            let mut out = std::io::stdout().lock();
            write!(out, "{}", report_summary(&report))?;
            let output = printable(&self.output.to_string_lossy());
            writeln!(out, "{:<12} {output}", "page")?;
            out.flush()?;
        }
        Ok(())
    }
}
