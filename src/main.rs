//! The `splade-export` command. Exit code 0: done, 1: failed, 2: wrong usage, 130 or 143: interrupted.

mod cli;

use std::io::Write;
use std::process::ExitCode;

use splade_export::{ErrorKind, join_causes};

fn main() -> ExitCode {
    let done = match cli::Cli::from_command_line() {
        Some(command) => command.run(),
        None => cli::version::print(cli::flags::with_flags).map_err(Into::into),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) if ErrorKind::of(error.as_ref()) == ErrorKind::Interrupted => {
            cli::interrupt::report();
            // The caller sees which signal it was.
            cli::interrupt::exit_code().map_or(ExitCode::FAILURE, ExitCode::from)
        }
        Err(error) if is_closed_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            let message = cli::flags::with_flags(&join_causes(error.as_ref()));
            // The exit code tells the rest where nobody reads the message.
            let _ = writeln!(std::io::stderr(), "error: {message}");
            match ErrorKind::of(error.as_ref()) {
                ErrorKind::Setting => ExitCode::from(2),
                _ => ExitCode::FAILURE,
            }
        }
    }
}

/// Returns true for output into a closed pipe: `splade-export ... | head` is no failure.
fn is_closed_pipe(error: &anyhow::Error) -> bool {
    error.chain().any(|cause| {
        let io = cause.downcast_ref().map(std::io::Error::kind);
        let json = cause.downcast_ref::<serde_json::Error>();
        io.or_else(|| json?.io_error_kind()) == Some(std::io::ErrorKind::BrokenPipe)
    })
}
