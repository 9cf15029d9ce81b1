//! A bar on the terminal while files are downloaded.

use std::io::IsTerminal;
use std::path::{Path, PathBuf};
use std::time::Instant;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use splade_export::{HubEvent, Refresh, resolve_model};

use super::heartbeat::Heartbeat;

/// Returns the folder of a model that was given as a folder or as a name on the hub, and fetches it where it must.
pub fn model_folder(model: &Path, quiet: bool) -> anyhow::Result<PathBuf> {
    // No name has other characters.
    let Some(text) = model.to_str() else {
        return Ok(model.to_owned());
    };
    let mut display = FetchDisplay::new(quiet);
    let place = resolve_model(text, Refresh::No, &mut |event| display.on(event))?;
    Ok(place.folder().to_owned())
}

/// Shows one bar for each file; without a terminal, a line for each.
pub struct FetchDisplay {
    bar: ProgressBar,
    quiet: bool,
    /// Set where no terminal shows the bar.
    heartbeat: Option<Heartbeat>,
    started: Instant,
}

impl FetchDisplay {
    pub fn new(quiet: bool) -> Self {
        let bar = ProgressBar::new(0);
        let logged = !std::io::stderr().is_terminal();
        bar.set_draw_target(if quiet || logged {
            ProgressDrawTarget::hidden()
        } else {
            ProgressDrawTarget::stderr()
        });
        let template = "{msg:32!} {bytes:>10}/{total_bytes:<10} {bytes_per_sec}, {eta} left";
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style);
        }
        Self {
            bar,
            quiet,
            heartbeat: logged.then(Heartbeat::default),
            started: Instant::now(),
        }
    }

    /// Shows what happens.
    pub fn on(&mut self, event: HubEvent) {
        match event {
            HubEvent::File { name, from, size } => {
                self.bar.reset();
                self.bar.set_length(size.unwrap_or(0));
                self.bar.set_position(from);
                self.bar.set_message(name);
            }
            HubEvent::Bytes(bytes) => {
                self.bar.inc(bytes);
                self.log();
            }
            HubEvent::Restarted(from) => self.bar.set_position(from),
            HubEvent::Done { name } => {
                let bytes = indicatif::HumanBytes(self.bar.position());
                self.say(&format!("fetched      {name} ({bytes})"));
            }
            HubEvent::Retry { name, reason } => {
                self.say(&format!("retry        {name}: {reason}"));
            }
            HubEvent::Waiting { name } => {
                self.say(&format!(
                    "waiting      {name} is being downloaded by another process"
                ));
            }
            HubEvent::Cached { folder, reason } => {
                self.say(&format!(
                    "warning: the hub cannot be asked ({reason}); using {}",
                    folder.display()
                ));
            }
            _ => {}
        }
    }

    /// Prints how much of a file has come, now and then, where no bar shows it.
    fn log(&mut self) {
        let elapsed = self.started.elapsed();
        if !self
            .heartbeat
            .as_mut()
            .is_some_and(|heartbeat| heartbeat.is_due(elapsed))
        {
            return;
        }
        let position = indicatif::HumanBytes(self.bar.position());
        let name = self.bar.message();
        self.say(&match self.bar.length().filter(|&length| length > 0) {
            Some(length) => {
                let length = indicatif::HumanBytes(length);
                format!("fetching     {name} ({position} of {length})")
            }
            None => format!("fetching     {name} ({position})"),
        });
    }

    fn say(&self, line: &str) {
        if !self.quiet {
            self.bar.suspend(|| say!("{line}"));
        }
    }
}

impl Drop for FetchDisplay {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}
