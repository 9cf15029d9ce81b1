//! The flags that say where documents go, of all commands that write them with a journal.

use std::path::PathBuf;

use clap::Args;
use splade_export::{Output, Stop};

use super::formats::FormatArgs;
use super::index_settings::IndexSettingsArgs;
use super::interrupt;
use super::usage::usage_error;

#[derive(Args)]
pub struct OutputArgs {
    /// The folder of the collection to make; it must not exist or be empty, unless --resume is given
    #[arg(long, value_name = "DIR", required_unless_present = "index")]
    pub output: Option<PathBuf>,

    /// The folder of the Lucene index to make; it must not exist or be empty, unless --resume is given
    #[arg(long, value_name = "DIR")]
    pub index: Option<PathBuf>,

    /// Go on with an interrupted run of the same command, or begin it
    ///
    /// Whole parts are verified by their SHA-256 and kept. The model, the options and the input must be
    /// those of the first run. A finished collection is verified; parts of it that were damaged since
    /// are made again.
    #[arg(long, help_heading = "Output")]
    pub resume: bool,
}

impl OutputArgs {
    /// Catches the signals; says how to go on after one.
    pub fn install_stop(&self) -> std::io::Result<Stop> {
        interrupt::install(if self.resume {
            "the same command goes on"
        } else {
            "go on with the same command and --resume"
        })
    }

    /// Returns what is written: the formats into the folder, and the index.
    pub fn open(
        self,
        format: &FormatArgs,
        settings: &IndexSettingsArgs,
    ) -> splade_export::Result<Vec<Box<dyn Output>>> {
        if let (None, Some(flag)) = (&self.index, settings.given()) {
            usage_error(format_args!(
                "{flag} is about the index, so it needs --index"
            ));
        }
        format.outputs(self.output.as_deref(), self.index, settings)
    }
}
