//! Ctrl-C and SIGTERM: the first ends the run soon, the second at once.

use splade_export::Stop;

/// Exit code of a command that a signal ended, once one has come.
pub fn exit_code() -> Option<u8> {
    imp::exit_code()
}

/// Catches the signals; the value is asked to stop by the first. `hint` says how to go on.
///
/// # Errors
/// Where the system refuses.
pub fn install(hint: &'static str) -> std::io::Result<Stop> {
    imp::install(hint)
}

/// Prints that the command was interrupted, once.
pub fn report() {
    imp::report();
}

#[cfg(unix)]
mod imp {
    use std::sync::OnceLock;
    use std::sync::atomic::{AtomicBool, AtomicI32, Ordering};
    use std::thread;
    use std::time::Duration;

    use signal_hook::consts::signal::SIGXFSZ;
    use signal_hook::consts::{SIGINT, SIGTERM};
    use signal_hook::iterator::Signals;
    use signal_hook::low_level;
    use splade_export::Stop;

    /// A run that has not ended so long after the signal is ended: what is on disk is whole at any moment.
    const GRACE: Duration = Duration::from_millis(1500);
    static SIGNAL: AtomicI32 = AtomicI32::new(0);
    static REPORTED: AtomicBool = AtomicBool::new(false);
    static HINT: OnceLock<&str> = OnceLock::new();

    fn code(signal: i32) -> i32 {
        128 + signal
    }

    pub fn exit_code() -> Option<u8> {
        match SIGNAL.load(Ordering::SeqCst) {
            0 => None,
            signal => u8::try_from(code(signal)).ok(),
        }
    }

    pub fn report() {
        if !REPORTED.swap(true, Ordering::SeqCst) {
            let hint = HINT.get().copied().unwrap_or_default();
            say!("\ninterrupted; {hint}");
        }
    }

    pub fn install(hint: &'static str) -> std::io::Result<Stop> {
        let _ = HINT.set(hint);
        // A write over the limit of a file's size shall fail, not kill.
        signal_hook::flag::register(SIGXFSZ, std::sync::Arc::default())?;
        let mut signals = Signals::new([SIGINT, SIGTERM])?;
        let stop = Stop::default();
        let asked = stop.clone();
        thread::spawn(move || {
            for signal in signals.forever() {
                if SIGNAL.swap(signal, Ordering::SeqCst) != 0 {
                    low_level::exit(code(signal));
                }
                asked.request();
                thread::spawn(move || {
                    thread::sleep(GRACE);
                    report();
                    low_level::exit(code(signal));
                });
            }
        });
        Ok(stop)
    }
}

#[cfg(not(unix))]
mod imp {
    use splade_export::Stop;

    pub fn exit_code() -> Option<u8> {
        None
    }

    pub fn report() {}

    pub fn install(_: &'static str) -> std::io::Result<Stop> {
        Ok(Stop::default())
    }
}
