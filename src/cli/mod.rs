//! Flags -> typed options -> library calls. The only place that knows clap.

/// Prints a line to standard error, with control characters in foreign names escaped. Ignores a reader that went away:
/// the exit code tells how the command ended.
macro_rules! say {
    ($($argument:tt)*) => {{
        use std::io::Write as _;
        let line = splade_export::printable(&format!($($argument)*));
        let _ = writeln!(std::io::stderr(), "{line}");
    }};
}

mod completions;
mod convert;
mod documents;
mod encode;
mod explain;
mod fetch_progress;
pub mod flags;
mod formats;
mod heartbeat;
mod impacts;
mod index;
mod index_settings;
mod input;
pub mod interrupt;
mod join;
mod lock;
mod long;
mod man;
mod model;
mod on_error;
mod outputs;
mod plan;
mod progress;
mod query;
mod report;
mod setup;
mod size;
mod topics;
pub mod usage;
mod verify;
pub mod version;

use clap::error::ErrorKind;
use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};

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
    Convert(convert::Args),
    Plan(plan::Args),
    Topics(topics::Args),
    Index(index::Args),
    Join(join::Args),
    Verify(verify::Args),
    Explain(explain::Args),
    Model(model::Args),
    Report(report::Args),
    Setup(setup::Args),
    Completions(completions::Args),
    Man(man::Args),
}

impl Cli {
    /// Reads the command line, or ends the program with what is wrong with it. `None` is a question for the version.
    pub fn from_command_line() -> Option<Self> {
        let mut command = Self::command();
        let matches = match command.try_get_matches_from_mut(std::env::args_os()) {
            Ok(matches) => matches,
            Err(error) if error.kind() == ErrorKind::DisplayVersion => return None,
            Err(error) => error.exit(),
        };
        if let Some(name) = matches.subcommand_name()
            && let Some(given) = command.find_subcommand(name)
        {
            usage::set_command(given.clone());
        }
        Some(Self::from_arg_matches(&matches).unwrap_or_else(|error| error.exit()))
    }

    pub fn run(self) -> anyhow::Result<()> {
        match self.command {
            Command::Documents(args) => args.run(),
            Command::Convert(args) => args.run(),
            Command::Plan(args) => args.run(),
            Command::Topics(args) => args.run(),
            Command::Index(args) => args.run(),
            Command::Join(args) => args.run(),
            Command::Verify(args) => args.run(),
            Command::Explain(args) => args.run(),
            Command::Model(args) => args.run(),
            Command::Report(args) => args.run(),
            Command::Setup(args) => args.run(),
            Command::Completions(args) => args.run(Self::command()),
            Command::Man(args) => args.run(Self::command()),
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
