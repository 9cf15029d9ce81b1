//! The `splade-export` command. Exit code 0: done, 1: failed, 2: wrong usage, 130 or 143: interrupted.

mod cli;

use std::process::ExitCode;

use clap::Parser;
use splade_export::stop::Interrupted;

fn main() -> ExitCode {
    let command = cli::Cli::parse();
    match command.run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) if error.chain().any(|cause| cause.is::<Interrupted>()) => {
            cli::interrupt::report();
            // The caller sees which signal it was.
            cli::interrupt::exit_code().map_or(ExitCode::FAILURE, ExitCode::from)
        }
        Err(error) if is_closed_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// `splade-export ... | head` is no failure.
fn is_closed_pipe(error: &anyhow::Error) -> bool {
    error.chain().any(|cause| {
        cause
            .downcast_ref::<std::io::Error>()
            .is_some_and(|e| e.kind() == std::io::ErrorKind::BrokenPipe)
    })
}
