//! `splade-export join`

use std::path::PathBuf;

use clap::Args as ClapArgs;
use splade_export::{
    Compression, IndexSettings, JoinOptions, JsonVectors, LineOutput, LuceneOutput, Output,
    join_shards,
};

use super::index::print_output;
use super::interrupt;
use super::lock::LockArgs;
use super::progress::Display;
use super::usage::usage_error;

/// Make one collection, and one index, of the shares of several runs
///
/// Takes what `documents --parts` made, in any order. The result is byte for byte that of one run without --parts.
/// Refused: shares of other settings, models or input, and parts that are missing, there twice or damaged.
#[derive(ClapArgs)]
#[command(after_help = "Examples:\n  \
                  splade-export documents fixtures --part-size 60 --parts 1/2 --output out/shares/1\n  \
                  splade-export documents fixtures --part-size 60 --parts 2/2 --output out/shares/2\n  \
                  splade-export join out/shares/* --output out/collection")]
pub struct Args {
    /// Collections that `documents --parts` made
    #[arg(value_name = "SHARE", required = true)]
    shares: Vec<PathBuf>,

    /// The folder to make; it must not exist or be empty, unless --resume is given
    #[arg(long, value_name = "DIR")]
    output: PathBuf,

    /// Go on with an interrupted run of the same command, or begin it
    #[arg(long, help_heading = "Output")]
    resume: bool,

    #[command(flatten)]
    lock: LockArgs,

    /// The folder of the Lucene index to make of those in --indexes
    #[arg(long, value_name = "DIR", requires = "indexes")]
    index: Option<PathBuf>,

    /// The indexes that `documents --parts --index` made, in the order of the shares
    #[arg(long, value_name = "DIR", num_args = 1.., requires = "index")]
    indexes: Vec<PathBuf>,

    /// Merge the index into one segment
    #[arg(long, requires = "index")]
    force_merge: bool,

    /// Print no summary
    #[arg(long, short)]
    quiet: bool,
}

impl Args {
    pub fn run(self) -> anyhow::Result<()> {
        if self.index.is_some() && self.indexes.len() != self.shares.len() {
            usage_error(format_args!(
                "{} shares but {} indexes: give the index of each share, in the order of the shares",
                self.shares.len(),
                self.indexes.len()
            ));
        }
        // The shards' files are copied as they are, so their compression does not matter here.
        let collection = LineOutput::new(self.output, JsonVectors::default(), Compression::Gzip);
        let mut outputs: Vec<Box<dyn Output>> = vec![Box::new(collection)];
        let mut others = Vec::new();
        if let Some(index) = self.index {
            let settings = IndexSettings {
                force_merge: self.force_merge,
                ..IndexSettings::default()
            };
            outputs.push(Box::new(LuceneOutput::of_shards(index, settings)));
            others.push(self.indexes);
        }
        let options = JoinOptions {
            shards: self.shares,
            others,
            resume: self.resume,
            wait_for_lock: self.lock.wait(),
        };
        let stop = interrupt::install("the same command and --resume goes on")?;
        let mut display = Display::new("documents", self.quiet);
        let joined = join_shards(&options, outputs, &stop, &mut |event| display.on(event))?;
        let seconds = display.finish();
        if self.quiet {
            return Ok(());
        }
        if let Some(run) = &joined.run {
            say!(
                "documents    {} of {} shards in {seconds:.1} s, {} rejected",
                run.counts().documents,
                options.shards.len(),
                run.accounting.rejected
            );
        }
        joined.outputs.iter().for_each(print_output);
        Ok(())
    }
}
