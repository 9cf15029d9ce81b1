//! A line on the terminal: documents, rates, time left.

use std::io::IsTerminal;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use indicatif::{HumanCount, HumanDuration, ProgressBar, ProgressStyle};
use splade_export::{
    EncodeProgress, Event, FieldCount, Inputs, ReadProgress, ReadSummary, Timings,
};

/// Shows the line until it is dropped. Shows nothing where stderr is no terminal.
pub struct Display {
    noun: &'static str,
    silent: bool,
    quiet: bool,
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
            quiet: quiet || !std::io::stderr().is_terminal(),
            started: Instant::now(),
            stop: Arc::default(),
            thread: None,
            timings: None,
        }
    }

    /// Shows what happens.
    pub fn on(&mut self, event: Event) {
        match event {
            Event::Started(read, encoded) => self.watch(read, encoded),
            Event::Found(inputs) if !self.silent => print_inputs(&inputs),
            Event::Read(read) => self.print_read(&read),
            Event::Kept { parts, documents } if !self.silent => {
                eprintln!("kept         {parts} parts of an earlier run, {documents} documents");
            }
            Event::Finished if !self.silent => {
                eprintln!("finished     by an earlier run; every part was verified");
            }
            Event::Warning(warning) if !self.silent => {
                eprintln!("warning: {}", splade_export::printable(&warning));
            }
            Event::Ended(timings) => self.timings = Some(timings),
            Event::Found(_) | Event::Kept { .. } | Event::Finished => {}
            // Even where nothing else is shown: something has happened to the disk.
            Event::Damaged(damaged) => eprintln!(
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
            eprintln!(
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

    fn watch(&mut self, read: ReadProgress, encoded: Arc<EncodeProgress>) {
        if self.quiet {
            return;
        }
        let (stop, noun, started) = (Arc::clone(&self.stop), self.noun, Instant::now());
        self.thread = Some(thread::spawn(move || {
            let bar = ProgressBar::new_spinner();
            if let Ok(style) = ProgressStyle::with_template("{spinner} {msg}") {
                bar.set_style(style);
            }
            while !stop.load(Ordering::Relaxed) {
                bar.set_message(message(noun, started, &read, &encoded));
                bar.tick();
                thread::park_timeout(Duration::from_millis(200));
            }
            bar.finish_and_clear();
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

/// Prints which fields most records lack.
pub fn print_rare_fields(fields: &[FieldCount]) {
    for field in fields
        .iter()
        .filter(|field| field.found * 2 < field.records)
    {
        eprintln!(
            "field        {:?} is in {} of {} records",
            field.name, field.found, field.records
        );
    }
}

/// Prints which files are read, and which files beside them are not.
pub fn print_inputs(inputs: &Inputs) {
    const MOST: usize = 8;
    let more = |total: usize| match total.saturating_sub(MOST) {
        0 => String::new(),
        more => format!("             and {more} more\n"),
    };
    for source in inputs.sources.iter().take(MOST) {
        eprintln!("input        {}", source.display_name());
    }
    eprint!("{}", more(inputs.sources.len()));
    for file in inputs.skipped.iter().take(MOST) {
        eprintln!("not read     {file}");
    }
    eprint!("{}", more(inputs.skipped.len()));
}

#[allow(clippy::cast_precision_loss, reason = "rates for display")]
fn message(noun: &str, started: Instant, read: &ReadProgress, encoded: &EncodeProgress) -> String {
    let seconds = started.elapsed().as_secs_f64().max(1e-3);
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
