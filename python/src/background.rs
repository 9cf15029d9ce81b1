//! Work beside the interpreter: it goes on in a thread of its own, while this one looks for Ctrl-C and tells the progress.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use crossbeam_channel::{RecvTimeoutError, Sender, bounded, unbounded};
use pyo3::ffi::c_str;
use pyo3::prelude::*;
use splade_export::{EncodeProgress, Event, ReadProgress, Result, Stop, printable};

use crate::errors::{exception, setting};

/// Time between two looks for Ctrl-C.
const TICK: Duration = Duration::from_millis(50);
/// Time between two reports of the progress.
const REPORT: Duration = Duration::from_millis(500);
/// Time that work has to come to its end after Ctrl-C. What is on disk is whole at any moment.
const GRACE: Duration = Duration::from_millis(1500);

/// How far the work is.
#[derive(Default)]
pub struct Numbers {
    documents: u64,
    tokens: u64,
    /// Which share of the input was read, where that is known.
    read: Option<f64>,
}

type Watch = Box<dyn Fn() -> Numbers + Send>;

/// What the work tells.
enum Message {
    Warning(String),
    Watch(Watch),
}

/// Receives what happens in the work.
pub struct Reporter(Sender<Message>);

impl Reporter {
    /// Passes an event on.
    pub fn event(&self, event: Event) {
        match event {
            Event::Started(read, encoded) => self.watch(move || numbers(&read, &encoded)),
            Event::Warning(warning) => self.warn(warning),
            Event::Waiting(path) => self.warn(format!(
                "{}: another run is writing to it, and its end is waited for",
                printable(&path.to_string_lossy())
            )),
            Event::Damaged(damaged) => self.warn(format!(
                "{}: {}; it is made again",
                printable(&damaged.path.to_string_lossy()),
                damaged.reason
            )),
            _ => {}
        }
    }

    /// Passes on how a verification comes on.
    pub fn verification(&self, read: ReadProgress, documents: Arc<AtomicU64>) {
        self.watch(move || Numbers {
            documents: documents.load(Ordering::Relaxed),
            tokens: 0,
            read: read.fraction(),
        });
    }

    fn watch(&self, numbers: impl Fn() -> Numbers + Send + 'static) {
        self.send(Message::Watch(Box::new(numbers)));
    }

    fn warn(&self, message: String) {
        self.send(Message::Warning(message));
    }

    fn send(&self, message: Message) {
        // After Ctrl-C nobody listens any more.
        let _ = self.0.send(message);
    }
}

fn numbers(read: &ReadProgress, encoded: &EncodeProgress) -> Numbers {
    Numbers {
        documents: encoded.documents.load(Ordering::Relaxed),
        tokens: encoded.tokens.load(Ordering::Relaxed),
        read: read.fraction(),
    }
}

/// Does `work` without the interpreter's lock. `progress` is called with documents, tokens, the share of the input that was
/// read or `None`, and seconds.
///
/// After Ctrl-C, or where `progress` raises, the work is asked to stop and has a little time for it.
pub fn run<T: Send + 'static>(
    py: Python<'_>,
    progress: Option<Py<PyAny>>,
    work: impl FnOnce(&Stop, &Reporter) -> Result<T> + Send + 'static,
) -> PyResult<T> {
    let stop = Stop::default();
    let (messages, told) = unbounded();
    let (done, result) = bounded(1);
    let asked = stop.clone();
    let worker = thread::spawn(move || {
        let _ = done.send(work(&asked, &Reporter(messages)));
    });
    let mut report = Report::new(progress);
    loop {
        let ended = py.detach(|| result.recv_timeout(TICK));
        let mut seen = py.check_signals();
        for message in told.try_iter() {
            seen = seen.and_then(|()| report.take(py, message));
        }
        let last = !matches!(ended, Err(RecvTimeoutError::Timeout));
        if let Err(error) = seen.and_then(|()| report.tell(py, last)) {
            stop.request();
            let _ = py.detach(|| result.recv_timeout(GRACE));
            return Err(error);
        }
        match ended {
            Ok(result) => return result.map_err(exception),
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => break,
        }
    }
    match worker.join() {
        Err(panic) => std::panic::resume_unwind(panic),
        Ok(()) => Err(setting(
            "the work ended without a result: please report this",
        )),
    }
}

/// Calls the user's function.
struct Report {
    progress: Option<Py<PyAny>>,
    watch: Option<Watch>,
    started: Instant,
    told: Option<Instant>,
}

impl Report {
    fn new(progress: Option<Py<PyAny>>) -> Self {
        Self {
            progress,
            watch: None,
            started: Instant::now(),
            told: None,
        }
    }

    fn take(&mut self, py: Python<'_>, message: Message) -> PyResult<()> {
        match message {
            Message::Warning(warning) => warn(py, &warning)?,
            Message::Watch(watch) => self.watch = Some(watch),
        }
        Ok(())
    }

    fn tell(&mut self, py: Python<'_>, last: bool) -> PyResult<()> {
        let (Some(progress), Some(watch)) = (&self.progress, &self.watch) else {
            return Ok(());
        };
        if last || self.told.is_none_or(|told| told.elapsed() >= REPORT) {
            let Numbers {
                documents,
                tokens,
                read,
            } = watch();
            let seconds = self.started.elapsed().as_secs_f64();
            progress.call1(py, (documents, tokens, read, seconds))?;
            self.told = Some(Instant::now());
        }
        Ok(())
    }
}

/// Warns as Python's own code does; users decide what becomes of it.
fn warn(py: Python<'_>, message: &str) -> PyResult<()> {
    let class = py
        .import("splade_export.errors")?
        .getattr("SpladeExportWarning")?;
    let message = printable(message).replace('\0', " ");
    let message = std::ffi::CString::new(message).unwrap_or_else(|_| c_str!("warning").to_owned());
    PyErr::warn(py, &class, &message, 2)
}
