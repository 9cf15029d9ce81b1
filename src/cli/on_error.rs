//! Flags for records that cannot be used.

use clap::{Args, ValueEnum};
use splade_export::OnError;

use super::usage::usage_error;

#[derive(Args)]
pub struct OnErrorArgs {
    /// What becomes of a record that cannot be used: it stops the run, or is written to
    /// OUTPUT/rejected.jsonl with place and reason
    #[arg(long, value_enum, default_value = "stop", help_heading = "Input")]
    on_error: Choice,

    /// With --on-error skip, stop if more than N records cannot be used [default: 10000]
    #[arg(long, value_name = "N", help_heading = "Input")]
    max_errors: Option<u64>,
}

#[derive(Clone, Copy, PartialEq, ValueEnum)]
enum Choice {
    Stop,
    Skip,
}

impl OnErrorArgs {
    pub fn resolve(&self) -> OnError {
        match (self.on_error, self.max_errors) {
            (Choice::Stop, Some(_)) => usage_error("--max-errors needs --on-error skip"),
            (Choice::Stop, None) => OnError::Stop,
            (Choice::Skip, limit) => OnError::Skip {
                max_errors: Some(limit.unwrap_or(OnError::DEFAULT_MAX_ERRORS)),
            },
        }
    }
}
