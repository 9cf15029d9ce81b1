//! How a wrong command line ends.

use std::sync::Mutex;
use std::sync::PoisonError;

use clap::error::ErrorKind;

/// The command that was given, for its own usage in messages.
static COMMAND: Mutex<Option<clap::Command>> = Mutex::new(None);

/// Keeps the command that was given.
pub fn set_command(command: clap::Command) {
    *COMMAND.lock().unwrap_or_else(PoisonError::into_inner) = Some(command);
}

/// Ends the program with the message, the usage of the command that was given, and exit code 2.
pub fn usage_error(message: impl std::fmt::Display) -> ! {
    let command = COMMAND
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .take();
    let mut command = command.unwrap_or_else(|| clap::Command::new("splade-export"));
    command.error(ErrorKind::ArgumentConflict, message).exit()
}
