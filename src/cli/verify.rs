//! `splade-export verify`

use std::io::{StdoutLock, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;

use clap::Args as ClapArgs;
use splade_export::{
    Finding, Manifest, Stop, is_index, verify_collection, verify_index, verify_index_of,
};

use super::interrupt;
use super::progress::Display;

/// Check a collection against its manifest, and a Lucene index against its checksums
///
/// Reads everything: sizes and SHA-256 of all parts, every line, impacts in range, counts, docids used once,
/// rejected.jsonl; of an index all checksums, docids used once, and the counts of its collection. What is wrong is
/// printed, one line each, and the exit code is 1.
#[derive(ClapArgs)]
#[command(after_help = "Examples:\n  \
                  splade-export documents fixtures --output out/collection --index out/index\n  \
                  splade-export verify out/collection --index out/index\n  \
                  splade-export verify out/index")]
pub struct Args {
    /// A folder that `documents` or `join` made, or an index
    #[arg(value_name = "OUTPUT")]
    output: PathBuf,

    /// The index of the collection [default: OUTPUT/index, if it is there]
    #[arg(long, value_name = "DIR")]
    index: Option<PathBuf>,

    /// Print only what is wrong
    #[arg(long, short)]
    quiet: bool,
}

impl Args {
    pub fn run(self) -> anyhow::Result<()> {
        let stop = interrupt::install(
            "nothing was changed; the same command checks it from the beginning",
        )?;
        let mut lines = Lines::new();
        if self.index.is_none() && is_index(&self.output) {
            return Ok(lines.print(&self.index(&self.output, None, &stop)?)?);
        }
        let manifest = self.collection(&stop, &mut lines)?;
        let beside = self.output.join("index");
        let beside = is_index(&beside).then_some(beside);
        if let Some(index) = self.index.clone().or(beside) {
            let report = self.index(&index, Some(&manifest), &stop)?;
            if !self.quiet {
                lines.print(&report)?;
            }
        }
        Ok(())
    }

    /// Prints what is wrong with the collection, which is an error then.
    fn collection(&self, stop: &Stop, lines: &mut Lines) -> anyhow::Result<Manifest> {
        let mut display = Display::new("documents", self.quiet);
        let verified = verify_collection(&self.output, stop, &mut |read, documents| {
            display.watch(move |_| {
                let percent = read.fraction().unwrap_or(1.0) * 100.0;
                let documents = documents.load(Ordering::Relaxed);
                format!("{documents} documents checked, {percent:.0} % read")
            });
        });
        display.finish();
        let (manifest, findings) = verified?;
        for finding in &findings {
            lines.print(&format!("{}: {}", finding.path.display(), finding.problem))?;
        }
        Finding::refuse(&self.output, &findings)?;
        if !self.quiet {
            let counts = &manifest.counts;
            lines.print(&format!(
                "{}: {} documents in {} parts, {} postings, {} records read and {} rejected: all as written",
                self.output.display(),
                counts.documents,
                manifest.parts.len(),
                counts.postings,
                manifest.accounting.read,
                manifest.accounting.rejected,
            ))?;
        }
        Ok(manifest)
    }

    /// What is in the index; an error if it is damaged or not of the collection.
    fn index(
        &self,
        folder: &Path,
        manifest: Option<&Manifest>,
        stop: &Stop,
    ) -> anyhow::Result<String> {
        let summary = match manifest {
            Some(manifest) => verify_index_of(folder, &self.output, manifest, stop)?,
            None => verify_index(folder, stop)?,
        };
        Ok(format!(
            "{}: index of {} documents in {} segments, {} postings: all as written",
            folder.display(),
            summary.totals.documents,
            summary.segments,
            summary.totals.postings
        ))
    }
}

/// Lines on standard output. Where nobody reads them, the check goes on: its exit code is its result.
struct Lines {
    out: StdoutLock<'static>,
    closed: bool,
}

impl Lines {
    fn new() -> Self {
        Self {
            out: std::io::stdout().lock(),
            closed: false,
        }
    }

    fn print(&mut self, line: &str) -> std::io::Result<()> {
        if self.closed {
            return Ok(());
        }
        let line = splade_export::printable(line);
        match writeln!(self.out, "{line}").and_then(|()| self.out.flush()) {
            Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => {
                self.closed = true;
                Ok(())
            }
            other => other,
        }
    }
}
