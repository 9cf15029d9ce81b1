//! The flag for outputs that another run is writing to.

use std::time::Duration;

use clap::Args;

/// Stands in commands that have `--resume`.
#[derive(Args)]
pub struct LockArgs {
    /// With --resume, wait at most so many seconds for the end of another run that is writing to the output
    ///
    /// In a cluster, a task that is started again may find that the first one still lives.
    #[arg(
        long,
        value_name = "SECONDS",
        default_value_t = 0,
        requires = "resume",
        help_heading = "Output"
    )]
    wait_for_lock: u32,
}

impl LockArgs {
    /// Returns how long to wait.
    pub fn wait(&self) -> Duration {
        Duration::from_secs(self.wait_for_lock.into())
    }
}
