//! Marks points at which a test makes the program die or a write fail.
//!
//! `SPLADE_EXPORT_FAULT=kill:17` ends the process at the 17th point it passes, as a power cut would;
//! `full:17` makes the 17th fail as on a full disk. Every step that changes the disk is a point:
//! creating, writing a buffer, syncing, renaming, removing. With one thread the points come in the
//! same order each time, so a test can visit all of them. Without the variable a point costs one load.
//! `batches:FILE` adds a byte to a file for each batch that is encoded, so that a test can count what kills cost.

use std::fs::File;
use std::io::{self, Write};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, OnceLock, PoisonError};

/// Environment variable that chooses a fault point; for tests only, see the [module](self).
const VARIABLE: &str = "SPLADE_EXPORT_FAULT";

#[derive(Debug, Clone, Copy)]
enum Fault {
    Kill,
    Full,
}

struct Plan {
    fault: Fault,
    at: u64,
    passed: AtomicU64,
}

/// Passes a fault point; `what` describes the step in the error.
///
/// # Errors
/// Fails at the point that a test asked for.
pub(crate) fn point(what: &'static str) -> io::Result<()> {
    static PLAN: OnceLock<Option<Plan>> = OnceLock::new();
    match PLAN.get_or_init(plan) {
        None => Ok(()),
        Some(plan) => plan.pass(what),
    }
}

/// Counts a batch that is about to be encoded, where a test asked for that.
pub(crate) fn count_batch() {
    static FILE: OnceLock<Option<Mutex<File>>> = OnceLock::new();
    let open = || {
        let text = std::env::var(VARIABLE).ok()?;
        let path = text.strip_prefix("batches:")?;
        let file = File::options().create(true).append(true).open(path);
        file.ok().map(Mutex::new)
    };
    if let Some(file) = FILE.get_or_init(open) {
        let mut file = file.lock().unwrap_or_else(PoisonError::into_inner);
        // The test finds out that a byte is missing.
        let _ = file.write_all(b".");
    }
}

impl Plan {
    fn pass(&self, what: &str) -> io::Result<()> {
        if self.passed.fetch_add(1, Ordering::Relaxed) + 1 != self.at {
            return Ok(());
        }
        match self.fault {
            // Runs no destructor and flushes no buffer, like a power cut.
            Fault::Kill => std::process::abort(),
            Fault::Full => Err(io::Error::new(
                io::ErrorKind::StorageFull,
                format!("no space left on device (asked for by {VARIABLE}, at {what})"),
            )),
        }
    }
}

fn plan() -> Option<Plan> {
    let text = std::env::var(VARIABLE).ok()?;
    let (fault, at) = text.split_once(':')?;
    Some(Plan {
        fault: match fault {
            "kill" => Fault::Kill,
            "full" => Fault::Full,
            _ => return None,
        },
        at: at.parse().ok()?,
        passed: AtomicU64::new(0),
    })
}
