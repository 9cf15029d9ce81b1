//! Flags -> typed options -> library calls. The only place that knows clap.

mod documents;
mod encode;
mod explain;
mod fetch_progress;
pub mod flags;
mod index;
mod index_settings;
mod input;
pub mod interrupt;
mod join;
mod model;
mod on_error;
mod plan;
mod progress;
mod query;
mod report;
mod setup;
mod topics;
mod verify;

use clap::{Parser, Subcommand};

/// Exports texts as learned sparse (SPLADE) impacts for Anserini, Pyserini and Lucene.
#[derive(Parser)]
#[command(version, about, max_term_width = 100)]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    Documents(documents::Args),
    Plan(plan::Args),
    Topics(topics::Args),
    Index(index::Args),
    Join(join::Args),
    Verify(verify::Args),
    Explain(explain::Args),
    Model(model::Args),
    Report(report::Args),
    Setup(setup::Args),
}

/// Ends the program as a wrong command line does: with the message, the way to the help, and exit code 2.
fn usage_error(message: impl std::fmt::Display) -> ! {
    use clap::CommandFactory;
    Cli::command()
        .error(clap::error::ErrorKind::ArgumentConflict, message)
        .exit()
}

impl Cli {
    pub fn run(self) -> anyhow::Result<()> {
        match self.command {
            Command::Documents(args) => args.run(),
            Command::Plan(args) => args.run(),
            Command::Topics(args) => args.run(),
            Command::Index(args) => args.run(),
            Command::Join(args) => args.run(),
            Command::Verify(args) => args.run(),
            Command::Explain(args) => args.run(),
            Command::Model(args) => args.run(),
            Command::Report(args) => args.run(),
            Command::Setup(args) => args.run(),
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    #[test]
    fn the_flags_do_not_contradict_each_other() {
        super::Cli::command().debug_assert();
    }
}
