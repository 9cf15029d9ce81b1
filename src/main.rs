//! The `splade-export` command. Exit code 0: done, 1: failed, 2: wrong usage, 130 or 143: interrupted.

mod cli;

use std::io::Write;
use std::process::ExitCode;

use splade_export::{Error, ErrorKind, join_causes};

fn main() -> ExitCode {
    let done = match cli::Cli::from_command_line() {
        Some(command) => command.run(),
        None => cli::version::print(cli::flags::with_flags).map_err(Into::into),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) if kind_of(&error) == ErrorKind::Interrupted => {
            cli::interrupt::report();
            // The caller sees which signal it was.
            cli::interrupt::exit_code().map_or(ExitCode::FAILURE, ExitCode::from)
        }
        Err(error) if is_closed_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            let message = cli::flags::with_flags(&join_causes(error.as_ref()));
            // Whatever names and texts of others are in it, a terminal obeys nothing of it.
            let message = shorten(splade_export::printable(&message));
            // The exit code tells the rest where nobody reads the message.
            let _ = writeln!(std::io::stderr(), "error: {message}");
            match kind_of(&error) {
                ErrorKind::Setting => ExitCode::from(2),
                _ => ExitCode::FAILURE,
            }
        }
    }
}

/// Returns the kind of an error of the library; everything else is of no kind.
fn kind_of(error: &anyhow::Error) -> ErrorKind {
    let mut causes = error.chain();
    let known = causes.find_map(|cause| cause.downcast_ref::<Error>().map(Error::kind));
    known.unwrap_or(ErrorKind::Other)
}

/// Leaves out the middle of a message that is as long as the text of others in it: what and where stand at its beginning,
/// the remedy at its end.
fn shorten(message: String) -> String {
    const BEGIN: usize = 3000;
    const END: usize = 1000;
    let length = message.chars().count();
    if length <= BEGIN + END {
        return message;
    }
    let begin: String = message.chars().take(BEGIN).collect();
    let end: String = message.chars().skip(length - END).collect();
    format!("{begin} ... {end}")
}

/// Returns true for output into a closed pipe: `splade-export ... | head` is no failure.
fn is_closed_pipe(error: &anyhow::Error) -> bool {
    error.chain().any(|cause| {
        let io = cause.downcast_ref().map(std::io::Error::kind);
        let json = cause.downcast_ref::<serde_json::Error>();
        io.or_else(|| json?.io_error_kind()) == Some(std::io::ErrorKind::BrokenPipe)
    })
}
