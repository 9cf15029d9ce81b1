//! A line on the terminal, or now and then one in a log: documents, rates, time left.

use std::io::IsTerminal;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use indicatif::{HumanCount, HumanDuration, ProgressBar, ProgressStyle};
use splade_export::{
    EncodeProgress, Event, FieldCount, Inputs, ReadProgress, ReadSummary, Timings,
};

use super::heartbeat::Heartbeat;

/// Shows the line until it is dropped. Where stderr is no terminal, a line is printed at most once a minute.
pub struct Display {
    noun: &'static str,
    silent: bool,
    started: Instant,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
    timings: Option<Timings>,
}

impl Display {
    pub fn new(noun: &'static str, quiet: bool) -> Self {
        Self {
            noun,
            silent: quiet,
            started: Instant::now(),
            stop: Arc::default(),
            thread: None,
            timings: None,
        }
    }

    /// Shows what happens.
    pub fn on(&mut self, event: Event) {
        match event {
            Event::Started(read, encoded) => {
                let noun = self.noun;
                self.watch(move |seconds| message(noun, seconds, &read, &encoded));
            }
            Event::Found(inputs) if !self.silent => print_inputs(&inputs),
            Event::Read(read) => self.print_read(&read),
            Event::Kept { parts, documents } if !self.silent => {
                say!("kept         {parts} parts of an earlier run, {documents} documents");
            }
            Event::Finished if !self.silent => {
                say!("finished     by an earlier run; every part was verified");
            }
            Event::Waiting(path) if !self.silent => say!(
                "waiting      for the end of another run that is writing to {}",
                path.display()
            ),
            Event::Warning(warning) if !self.silent => {
                say!("warning: {warning}");
            }
            Event::Ended(timings) => self.timings = Some(timings),
            Event::Found(_) | Event::Kept { .. } | Event::Finished | Event::Waiting(_) => {}
            // Even where nothing else is shown: something has happened to the disk.
            Event::Damaged(damaged) => say!(
                "warning: {}: {}; it is made again",
                damaged.path.display(),
                damaged.reason
            ),
            _ => {}
        }
    }

    /// Tells what the records lacked.
    fn print_read(&mut self, read: &ReadSummary) {
        // The line of the progress comes to its end first.
        self.end();
        if read.documents == 0 {
            say!(
                "warning: nothing was encoded: none of the {} records can be used",
                read.rejected
            );
        }
        // Topics without a title, or with nothing else, are common.
        if self.silent || self.noun != "documents" {
            return;
        }
        print_rare_fields(&read.fields);
    }

    /// Shows what `message` says after so many seconds.
    pub fn watch(&mut self, message: impl Fn(f64) -> String + Send + 'static) {
        if self.silent {
            return;
        }
        let stop = Arc::clone(&self.stop);
        self.thread = Some(thread::spawn(move || {
            if std::io::stderr().is_terminal() {
                draw(&stop, message);
            } else {
                log(&stop, message);
            }
        }));
    }

    /// Where the time went, once the run has ended; `None` if there was nothing to encode.
    pub fn timings(&self) -> Option<Timings> {
        self.timings
    }

    /// Ends the display; seconds since it was made.
    pub fn finish(mut self) -> f64 {
        self.end();
        self.started.elapsed().as_secs_f64()
    }

    fn end(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            thread.thread().unpark();
            // A display that failed is no reason to fail.
            let _ = thread.join();
        }
    }
}

impl Drop for Display {
    fn drop(&mut self) {
        self.end();
    }
}

/// Draws a line that changes, until it is told to stop.
fn draw(stop: &AtomicBool, message: impl Fn(f64) -> String) {
    let started = Instant::now();
    let bar = ProgressBar::new_spinner();
    if let Ok(style) = ProgressStyle::with_template("{spinner} {msg}") {
        bar.set_style(style);
    }
    while !stop.load(Ordering::Relaxed) {
        bar.set_message(message(started.elapsed().as_secs_f64()));
        bar.tick();
        thread::park_timeout(Duration::from_millis(200));
    }
    bar.finish_and_clear();
}

/// Prints a line now and then, until it is told to stop.
fn log(stop: &AtomicBool, message: impl Fn(f64) -> String) {
    let started = Instant::now();
    let mut heartbeat = Heartbeat::default();
    while !stop.load(Ordering::Relaxed) {
        if heartbeat.is_due(started.elapsed()) {
            say!("progress     {}", message(started.elapsed().as_secs_f64()));
        }
        thread::park_timeout(heartbeat.wait(started.elapsed()));
    }
}

/// Prints which fields most records lack.
pub fn print_rare_fields(fields: &[FieldCount]) {
    for field in fields
        .iter()
        .filter(|field| field.found * 2 < field.records)
    {
        say!(
            "field        \"{}\" is in {} of {} records",
            splade_export::printable(&field.name),
            field.found,
            field.records
        );
    }
}

/// Prints which files are read, and which files beside them are not.
pub fn print_inputs(inputs: &Inputs) {
    const MOST: usize = 8;
    let print_more = |total: usize| match total.saturating_sub(MOST) {
        0 => {}
        more => say!("             and {more} more"),
    };
    for source in inputs.sources.iter().take(MOST) {
        say!("input        {}", source.display_name());
    }
    print_more(inputs.sources.len());
    for file in inputs.skipped.iter().take(MOST) {
        say!("not read     {file}");
    }
    print_more(inputs.skipped.len());
}

#[allow(clippy::cast_precision_loss, reason = "rates for display")]
fn message(noun: &str, seconds: f64, read: &ReadProgress, encoded: &EncodeProgress) -> String {
    let seconds = seconds.max(1e-3);
    let done = encoded.documents.load(Ordering::Relaxed);
    let tokens = encoded.tokens.load(Ordering::Relaxed);
    let mut text = format!(
        "{} {noun}, {:.1} {noun}/s",
        HumanCount(done),
        done as f64 / seconds
    );
    // Where nothing is encoded, there are none.
    if tokens > 0 {
        text += &format!(", {:.0} tokens/s", tokens as f64 / seconds);
    }
    // Reading runs ahead of encoding: what is read tells how many there will be.
    let ahead = encoded.read.load(Ordering::Relaxed) as f64;
    if let Some(fraction) = read.fraction()
        && fraction > 0.0
        && done > 0
    {
        let total = (ahead / fraction).max(done as f64);
        let left = seconds * (total / done as f64 - 1.0);
        text += &format!(
            ", {} left",
            HumanDuration(Duration::from_secs_f64(left.min(1e8)))
        );
    }
    text
}
