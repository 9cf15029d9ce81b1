//! Measures what the index writer costs alone: it indexes the synthetic collection from memory, without its JSON.
//! `bench_index_writer DOCUMENTS OUTPUT` prints the CPU seconds of the writer, without those of making the documents.

#![allow(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    reason = "counts of a benchmark, for display"
)]

#[allow(dead_code, reason = "the files are the other example's")]
#[path = "../tests/suite/common/synthetic.rs"]
mod synthetic;

use std::path::Path;
use std::time::Instant;

use splade_export::{CommitOptions, IndexWriter, TermDictionary};
use synthetic::Synthetic;

/// Documents per part, the default of the command `documents`.
const PART: u64 = 10_000;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [documents, output] = arguments.as_slice() else {
        return Err("usage: bench_index_writer DOCUMENTS OUTPUT".into());
    };
    let documents: u64 = documents.parse()?;
    let synthetic = Synthetic::default();
    let terms = TermDictionary::from_terms(synthetic.vocabulary())?;
    let writer = IndexWriter::create(Path::new(output))?;
    let mut seconds = 0.0;
    for (number, first) in (0..documents).step_by(PART as usize).enumerate() {
        let batch: Vec<_> = (first..documents.min(first + PART))
            .map(|number| {
                let vector = synthetic.vector(number, synthetic.terms);
                (format!("doc{number}"), vector)
            })
            .collect();
        let started = cpu_seconds();
        let mut part = writer.part(number as u64, 64 << 20)?;
        for (docid, postings) in &batch {
            part.add(&terms, docid, None, postings)?;
        }
        part.finish(&terms)?;
        seconds += cpu_seconds() - started;
    }
    let (started, wall) = (cpu_seconds(), Instant::now());
    let summary = writer.commit(CommitOptions {
        max_segments: Some(16),
    })?;
    let commit = cpu_seconds() - started;
    eprintln!(
        "{} documents, {} postings; parts {seconds:.3} s CPU, commit {commit:.3} s CPU, {:.3} s wall",
        summary.totals.documents,
        summary.totals.postings,
        wall.elapsed().as_secs_f64()
    );
    println!("{:.3}", seconds + commit);
    Ok(())
}

/// Returns the CPU seconds of this process, user and system, which the kernel counts in hundredths.
fn cpu_seconds() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let fields = stat.rsplit(") ").next().unwrap_or_default();
    let ticks: u64 = fields
        .split(' ')
        .skip(11)
        .take(2)
        .filter_map(|field| field.parse::<u64>().ok())
        .sum();
    ticks as f64 / 100.0
}
