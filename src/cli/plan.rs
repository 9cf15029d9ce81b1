//! `splade-export plan`

use std::io::Write;
use std::path::PathBuf;

use clap::Args as ClapArgs;
use splade_export::{CorpusKind, NewFile, PlanOptions, Planner};

use super::input::InputArgs;
use super::interrupt;
use super::on_error::OnErrorArgs;
use super::progress::{Display, print_inputs, print_rare_fields};

/// Find where each part of a corpus begins, so that each machine reads only its own
///
/// Reads the corpus once, and finds duplicate docids. `splade-export documents --plan` then goes to its parts without
/// reading those before them; it takes the same files and the same options.
#[derive(ClapArgs)]
#[command(
    after_help = "Example:\n  splade-export plan fixtures --part-size 20 --output out/plan.json"
)]
pub struct Args {
    /// Files, folders or archives
    #[arg(value_name = "PATH", required = true)]
    paths: Vec<PathBuf>,

    /// The file to write; it must not exist
    #[arg(long, value_name = "FILE")]
    output: PathBuf,

    #[command(flatten)]
    input: InputArgs,

    #[command(flatten)]
    on_error: OnErrorArgs,

    /// Documents per part, as in the runs that use the plan
    #[arg(long, value_name = "N", default_value_t = 10_000, value_parser = clap::value_parser!(u32).range(1..), help_heading = "Output")]
    part_size: u32,

    /// Threads that parse records [default: the cores]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    threads: Option<u16>,

    /// Print no summary
    #[arg(long, short, help_heading = "Output")]
    quiet: bool,
}

impl Args {
    pub fn run(self) -> anyhow::Result<()> {
        // A place that cannot be written to is better told before the work than after it.
        let mut file = NewFile::create(&self.output)?;
        let planner = Planner::open(PlanOptions {
            corpus: self.input.resolve(self.paths, CorpusKind::Documents),
            part_size: self.part_size as usize,
            on_error: self.on_error.resolve(),
            threads: match self.threads {
                Some(threads) => usize::from(threads),
                None => std::thread::available_parallelism().map_or(1, usize::from),
            },
        })?;
        if !self.quiet {
            print_inputs(planner.inputs());
        }
        let stop = interrupt::install("nothing was written; run the same command again")?;
        let mut display = Display::new("documents", self.quiet);
        let progress = planner.progress();
        display.watch(move |_| {
            let percent = progress.fraction().unwrap_or(1.0) * 100.0;
            format!("{percent:.0} % of the corpus read")
        });
        let (plan, fields) = planner.run(&stop)?;
        display.finish();
        serde_json::to_writer_pretty(&mut file, &plan)?;
        file.write_all(b"\n")?;
        file.finish()?;
        if !self.quiet {
            print_rare_fields(&fields);
            say!(
                "documents    {} in {} parts, {} records rejected, {} of them duplicates",
                plan.documents,
                plan.parts.len(),
                plan.rejected,
                plan.duplicates.len()
            );
            say!("output       {}", self.output.display());
        }
        Ok(())
    }
}
