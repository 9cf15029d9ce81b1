//! Measures how fast a model encodes texts of given lengths on a device, in one process that loads it once.
//! `scripts/bench/gpu.sh` calls it.
//!
//! ```text
//! encode_rate --model DIR --corpus FILE [--device cuda] [--documents N] SIZE...
//! ```
//!
//! A SIZE is a number of tokens, `256`, or that with the tokens of a batch and the threads, `256/32768/2`. For each
//! it prints a line of JSON with the seconds of every repetition, in the device's own precision. Counted are tokenization, batches, the device and
//! the vectors that come back; not reading, quantizing and writing.

use std::path::PathBuf;
use std::process::ExitCode;
use std::str::FromStr;
use std::time::Instant;

use anyhow::{Context, Result, ensure};
use clap::Parser;
use serde_json::{Value, json};
use splade_export::{BatchBudget, Device, DeviceChoice, EncoderSettings, SpladeEncoder};

/// Tokens of texts to which the number of documents refers; of longer texts fewer are encoded.
const COUNTED_LENGTH: usize = 256;
/// Most texts of a batch whose tokens are given.
const MOST_TEXTS: usize = 1024;

#[derive(Parser)]
struct Options {
    /// The model's folder
    #[arg(long)]
    model: PathBuf,
    /// JSON Lines with texts, whose words are used
    #[arg(long)]
    corpus: PathBuf,
    #[arg(long, default_value = "cuda")]
    device: DeviceChoice,
    /// Documents of 256 tokens in a repetition; of other lengths as many as have as many tokens
    #[arg(long, default_value_t = 20_000)]
    documents: usize,
    #[arg(long, default_value_t = 3)]
    repetitions: usize,
    /// `256`, or `256/32768/2`: tokens of a text, of a batch, and threads
    #[arg(required = true)]
    sizes: Vec<Size>,
}

/// What is measured.
#[derive(Clone, Copy)]
struct Size {
    length: usize,
    batch: Option<usize>,
    threads: Option<usize>,
}

impl FromStr for Size {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let numbers: Vec<usize> = text
            .split('/')
            .map(|number| number.parse().map_err(|_| format!("{number} is no number")))
            .collect::<Result<_, _>>()?;
        match *numbers.as_slice() {
            [length, ref rest @ ..] if length > 2 && rest.len() <= 2 => Ok(Self {
                length,
                batch: rest.first().copied(),
                threads: rest.get(1).copied(),
            }),
            _ => Err("must be like 256 or 256/32768/2".to_owned()),
        }
    }
}

impl Options {
    fn encoder(&self, size: Size) -> Result<SpladeEncoder> {
        let mut settings = EncoderSettings {
            device: self.device.clone(),
            max_length: Some(size.length),
            ..Default::default()
        };
        if let Some(threads) = size.threads {
            settings.threads = threads;
        }
        settings.batches = size.batch.map(|tokens| BatchBudget {
            tokens,
            texts: MOST_TEXTS,
            ..Device::Cuda(0).budget()
        });
        Ok(SpladeEncoder::open(&self.model)?
            .settings(settings)
            .build()?)
    }

    fn measure(&self, size: Size, words: &[String]) -> Result<Value> {
        let started = Instant::now();
        let encoder = self.encoder(size)?;
        let start = started.elapsed().as_secs_f64();
        let count = (self.documents * COUNTED_LENGTH / size.length).max(1);
        let texts = texts(words, count, size.length);
        let tokens = encoder.tokens(&texts[0])?.ids.len();
        ensure!(
            tokens == size.length,
            "a text has {tokens} tokens, not {}",
            size.length
        );
        // Fills the device's memory and loads its kernels.
        let warm = texts
            .len()
            .min(4 * encoder.batch_budget().tokens / size.length + 1);
        encoder.encode(&texts[..warm])?;
        let mut seconds = Vec::new();
        let mut terms = 0;
        for _ in 0..self.repetitions {
            let started = Instant::now();
            let vectors = encoder.encode(&texts)?;
            seconds.push(started.elapsed().as_secs_f64());
            terms = vectors.iter().map(|vector| vector.0.len()).sum();
        }
        #[allow(clippy::cast_precision_loss, reason = "an average for display")]
        let terms = terms as f64 / texts.len() as f64;
        Ok(json!({
            "length": size.length,
            "batch_tokens": encoder.batch_budget().tokens,
            "workers": encoder.workers(),
            "documents": texts.len(),
            "seconds": seconds,
            "start_seconds": start,
            "terms_per_document": terms,
        }))
    }
}

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<()> {
    let options = Options::parse();
    let corpus = fs_err::read_to_string(&options.corpus)?;
    let mut words = Vec::new();
    for line in corpus.lines() {
        let record: Value = serde_json::from_str(line).context("the corpus")?;
        let text = record["text"].as_str().unwrap_or_default();
        words.extend(text.split_whitespace().map(str::to_owned));
    }
    ensure!(!words.is_empty(), "the corpus has no words");
    for &size in &options.sizes {
        println!("{}", options.measure(size, &words)?);
    }
    Ok(())
}

/// Makes texts of as many words as a text is to have tokens, so that all are cut to that length, each in an order of
/// its own.
fn texts(words: &[String], count: usize, length: usize) -> Vec<String> {
    let mut state = 1u64;
    let mut next = || {
        // Knuth's MMIX: its upper bits are random enough to choose words.
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        &*words[usize::try_from(state >> 33).unwrap_or(0) % words.len()]
    };
    (0..count)
        .map(|_| (0..length).map(|_| next()).collect::<Vec<_>>().join(" "))
        .collect()
}
