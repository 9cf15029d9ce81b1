//! `splade-export verify`

use std::io::Write;
use std::path::{Path, PathBuf};

use clap::Args as ClapArgs;
use splade_export::{Manifest, VectorKind, is_index, verify_collection, verify_index};

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
        let mut out = std::io::stdout().lock();
        if self.index.is_none() && is_index(&self.output) {
            let report = self.index(&self.output, None)?;
            writeln!(out, "{report}")?;
            return Ok(());
        }
        let (manifest, findings) = verify_collection(&self.output)?;
        for finding in &findings {
            writeln!(out, "{}: {}", finding.path.display(), finding.problem)?;
        }
        out.flush()?;
        anyhow::ensure!(
            findings.is_empty(),
            "{}: {} problems; where the corpus is still there, the same `documents` command with --resume makes damaged \
             parts again",
            self.output.display(),
            findings.len()
        );
        if !self.quiet {
            let counts = &manifest.counts;
            writeln!(
                out,
                "{}: {} documents in {} parts, {} postings, {} records read and {} rejected: all as written",
                self.output.display(),
                counts.documents,
                manifest.parts.len(),
                counts.postings,
                manifest.accounting.read,
                manifest.accounting.rejected,
            )?;
        }
        let beside = self.output.join("index");
        let beside = is_index(&beside).then_some(beside);
        if let Some(index) = self.index.clone().or(beside) {
            let report = self.index(&index, Some(&manifest))?;
            if !self.quiet {
                writeln!(out, "{report}")?;
            }
        }
        Ok(())
    }

    /// What is in the index; an error if it is damaged or not of the collection.
    fn index(&self, folder: &Path, manifest: Option<&Manifest>) -> anyhow::Result<String> {
        let summary = verify_index(folder)?;
        let totals = &summary.totals;
        if let Some(manifest) = manifest {
            anyhow::ensure!(
                manifest.settings.kind == VectorKind::Impacts,
                "{}: a collection of weights has no index",
                self.output.display()
            );
            let counts = &manifest.counts;
            let expected = (
                counts.documents - counts.empty,
                counts.postings,
                counts.impact_sum,
            );
            let found = (totals.documents, totals.postings, totals.impact_sum);
            anyhow::ensure!(
                found == expected,
                "{}: it holds {} documents with {} postings and impacts of {} in all, the collection {}, {} and {}; make it \
                 again",
                folder.display(),
                found.0,
                found.1,
                found.2,
                expected.0,
                expected.1,
                expected.2
            );
        }
        Ok(format!(
            "{}: index of {} documents in {} segments, {} postings: all as written",
            folder.display(),
            totals.documents,
            summary.segments,
            totals.postings
        ))
    }
}
