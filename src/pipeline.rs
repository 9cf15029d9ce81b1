//! Where the stages meet: reading, tokenizing, encoding and writing beside each other.
//!
//! ```text
//! reader + tokenizer ──batches of a part──▶ workers, one session each ──whole parts──▶ sink
//!        ▲                                                                              │
//!        └───────────────── a permit for the next part, PARTS_IN_FLIGHT in all ◀────────┘
//! ```
//!
//! Memory is bounded by the parts in flight. Which texts share a batch depends on the part alone, not
//! on the threads, so that the same input gives the same weights.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::Context;
use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, bounded, unbounded};
use rayon::prelude::*;

use crate::corpus::{Document, PartReader, TextPart};
use crate::durable::fault;
use crate::encoder::{Batch, EncodeStats, SpladeEncoder, TextWindows, Tokens};
use crate::impact::{Pruning, SparseVector};
use crate::run::KeptBatch;
use crate::stop::Stop;

/// Parts in memory: one being read, one being encoded, one being written.
const PARTS_IN_FLIGHT: usize = 3;

/// How far the encoding has come, for a display in another thread.
#[derive(Debug, Default)]
pub struct EncodeProgress {
    /// Documents read.
    pub read: AtomicU64,
    /// Documents encoded.
    pub documents: AtomicU64,
    /// Their tokens.
    pub tokens: AtomicU64,
    /// What encoding them took.
    pub stats: Mutex<EncodeStats>,
    /// Nanoseconds in which texts were read.
    pub reading: AtomicU64,
    /// Nanoseconds in which they were tokenized, with all threads of the tokenizer.
    pub tokenizing: AtomicU64,
    /// Nanoseconds in which weights became impacts, over all threads.
    pub quantizing: AtomicU64,
    /// Nanoseconds in which whole parts were quantized and written, over all threads.
    pub writing: AtomicU64,
}

/// Names the documents of a batch: of many, the one that is first in the part.
fn describe_batch(part: &EncodedPart, batch: &Batch) -> String {
    let docid = |row: usize| &part.documents[part.windows.text(row)].docid;
    match batch.rows.as_slice() {
        [row] => format!("docid {}", docid(*row)),
        rows => {
            let first = rows.iter().min().map_or("", |&row| docid(row));
            format!("{} texts, docid {first} the first", rows.len())
        }
    }
}

/// Adds the time since `started` and returns the present.
fn add_elapsed(total: &AtomicU64, started: Instant) -> Instant {
    let now = Instant::now();
    let nanoseconds = (now - started).as_nanos();
    let nanoseconds = u64::try_from(nanoseconds).unwrap_or(u64::MAX);
    total.fetch_add(nanoseconds, Ordering::Relaxed);
    now
}

/// A part of the corpus, encoded.
#[derive(Debug)]
pub struct EncodedPart {
    /// Number of the part, from 0, in input order.
    pub index: usize,
    /// SHA-256 of the part's input, see [`TextPart::input_sha256`].
    pub input_sha256: String,
    documents: Vec<Document>,
    windows: TextWindows,
    vectors: Vec<OnceLock<SparseVector>>,
    /// What is known of documents that have several windows, by their places.
    joins: HashMap<usize, Mutex<WindowJoin>>,
    pruning: Pruning,
    batches_left: AtomicUsize,
    fallbacks: AtomicU64,
    quantizing: AtomicU64,
}

/// The windows of a document that are encoded so far.
#[derive(Debug)]
struct WindowJoin {
    /// Windows that are yet to come.
    left: usize,
    vector: SparseVector,
}

/// A document of an encoded part.
#[derive(Debug, Clone, Copy)]
pub struct EncodedDocument<'a> {
    /// The document's docid.
    pub docid: &'a str,
    /// The document's text; empty unless it was asked for.
    pub text: &'a str,
    /// The document's tokens.
    pub tokens: &'a Tokens,
    /// The windows that the document was encoded in; 1 for one that is not too long.
    pub windows: usize,
    /// The tokens of those windows, special ones included.
    pub encoded_tokens: u64,
    /// The document's weights.
    pub vector: &'a SparseVector,
}

impl EncodedPart {
    /// Records how long a sink needed to quantize this part.
    pub fn quantized_in(&self, time: Duration) {
        let nanoseconds = u64::try_from(time.as_nanos()).unwrap_or(u64::MAX);
        self.quantizing.fetch_add(nanoseconds, Ordering::Relaxed);
    }

    /// Returns how many texts the screening of the head did not suit.
    #[must_use]
    pub fn fallbacks(&self) -> u64 {
        self.fallbacks.load(Ordering::Relaxed)
    }

    /// Returns the number of windows of all documents.
    #[must_use]
    pub fn windows(&self) -> usize {
        self.windows.len()
    }

    /// Takes the vectors of a batch; returns the documents that became whole, and the tokens of the batch.
    fn put(&self, batch: KeptBatch) -> (u64, u64) {
        let (mut whole, mut tokens) = (0, 0);
        for (&row, vector) in batch.rows.iter().zip(batch.vectors) {
            tokens += self.windows.length(row) as u64;
            let text = self.windows.text(row);
            let joined = match self.joins.get(&text) {
                Some(join) => self.join(join, vector),
                None => Some(vector),
            };
            if let Some(vector) = joined {
                // Each document becomes whole only once, so the place is empty.
                let _ = self.vectors[text].set(vector);
                whole += 1;
            }
        }
        self.fallbacks.fetch_add(batch.fallbacks, Ordering::Relaxed);
        (whole, tokens)
    }

    /// Adds the vector of a window; returns that of the document after the last one.
    fn join(&self, join: &Mutex<WindowJoin>, vector: SparseVector) -> Option<SparseVector> {
        let join = &mut *join.lock().unwrap_or_else(PoisonError::into_inner);
        join.vector.take_larger(vector);
        join.left -= 1;
        (join.left == 0).then(|| {
            let mut vector = std::mem::take(&mut join.vector);
            self.pruning.apply(&mut vector);
            vector
        })
    }

    /// Returns the documents in input order.
    pub fn documents(&self) -> impl Iterator<Item = EncodedDocument<'_>> {
        static EMPTY: SparseVector = SparseVector(Vec::new());
        let texts = self.windows.texts().iter().enumerate();
        let rest = texts.zip(&self.vectors);
        self.documents
            .iter()
            .zip(rest)
            .map(|(document, ((text, tokens), vector))| {
                let windows = self.windows.of_text(text);
                EncodedDocument {
                    docid: &document.docid,
                    text: &document.text,
                    tokens,
                    windows: windows.len(),
                    encoded_tokens: windows.map(|row| self.windows.length(row) as u64).sum(),
                    // A blank text is in no batch and has no term.
                    vector: vector.get().unwrap_or(&EMPTY),
                }
            })
    }
}

/// Receives the encoded parts, from several threads and in any order.
pub trait PartSink: Sync {
    /// Writes a part.
    ///
    /// # Errors
    /// Whatever keeps it from being written; the run ends.
    fn write(&self, part: &EncodedPart) -> anyhow::Result<()>;

    /// Returns the batches of a part that an earlier run encoded.
    ///
    /// # Errors
    /// If what was kept cannot be read; the run ends.
    fn recall(&self, _part: &EncodedPart) -> anyhow::Result<Vec<KeptBatch>> {
        Ok(Vec::new())
    }

    /// Keeps a batch of a part that is not whole yet, for a run that goes on after a kill.
    ///
    /// # Errors
    /// Whatever keeps it from being written; the run ends.
    fn keep(&self, _part: &EncodedPart, _batch: &KeptBatch) -> anyhow::Result<()> {
        Ok(())
    }
}

type Work = (Arc<EncodedPart>, Batch);

/// What all stages of a run share.
struct Stages<'a> {
    encoder: &'a SpladeEncoder,
    /// True if the sink needs the texts.
    keep_text: bool,
    progress: &'a EncodeProgress,
    /// Tells when the user asks for an end.
    stop: Stop,
    /// True once a stage failed.
    failed: AtomicBool,
    /// What the first stage to fail reported.
    failure: Mutex<Option<anyhow::Error>>,
}

/// Encodes everything that `reader` gives. `keep_text` says whether the sink needs the texts.
///
/// # Errors
/// The first failure of any stage, after all threads have ended; parts that were given to the sink
/// before stay written. [`crate::stop::Interrupted`] if the user asked for an end.
pub fn run(
    encoder: &SpladeEncoder,
    reader: &mut PartReader,
    keep_text: bool,
    progress: &EncodeProgress,
    sink: &dyn PartSink,
) -> anyhow::Result<()> {
    let stages = Stages {
        encoder,
        keep_text,
        progress,
        stop: reader.stop().clone(),
        failed: AtomicBool::new(false),
        failure: Mutex::new(None),
    };
    let (work_tx, work_rx) = unbounded::<Work>();
    let (done_tx, done_rx) = unbounded::<Arc<EncodedPart>>();
    let (permit_tx, permit_rx) = bounded::<()>(PARTS_IN_FLIGHT);
    for _ in 0..PARTS_IN_FLIGHT {
        // The channel has room for all of them.
        let _ = permit_tx.try_send(());
    }
    thread::scope(|scope| {
        for _ in 0..encoder.workers() {
            let (work, done) = (work_rx.clone(), done_tx.clone());
            let stages = &stages;
            scope.spawn(move || stages.record_failure(stages.encode(&work, &done, sink)));
        }
        for _ in 0..encoder.workers().div_ceil(4) {
            let (done, permits) = (done_rx.clone(), permit_tx.clone());
            let stages = &stages;
            scope.spawn(move || stages.record_failure(stages.write(&done, &permits, sink)));
        }
        // What the threads hold now are the only other ends: each stage ends when the one before did.
        drop((work_rx, done_rx, permit_tx));
        stages.record_failure(stages.read(reader, &permit_rx, &work_tx, &done_tx, sink));
        drop((work_tx, done_tx));
    });
    let failure = stages.failure.into_inner();
    match failure.unwrap_or_else(PoisonError::into_inner) {
        Some(error) => Err(error),
        None => Ok(()),
    }
}

impl Stages<'_> {
    /// Keeps the first failure and makes all stages stop.
    fn record_failure(&self, result: anyhow::Result<()>) {
        if let Err(error) = result {
            let failure = self.failure.lock();
            failure
                .unwrap_or_else(PoisonError::into_inner)
                .get_or_insert(error);
            self.failed.store(true, Ordering::Relaxed);
        }
    }

    /// Returns true after a failure, or if the user asks for an end, which is then recorded as one.
    fn stopped(&self) -> bool {
        if let Err(interrupted) = self.stop.check() {
            self.record_failure(Err(interrupted.into()));
        }
        self.failed.load(Ordering::Relaxed)
    }

    /// Reads parts, tokenizes them and hands out their batches.
    fn read(
        &self,
        reader: &mut PartReader,
        permits: &Receiver<()>,
        work: &Sender<Work>,
        done: &Sender<Arc<EncodedPart>>,
        sink: &dyn PartSink,
    ) -> anyhow::Result<()> {
        while self.await_permit(permits) {
            let started = Instant::now();
            let Some(part) = reader.next_part()? else {
                break;
            };
            add_elapsed(&self.progress.reading, started);
            let part = self.tokenize(part)?;
            let batches = self.recall(&part, sink)?;
            part.batches_left.store(batches.len(), Ordering::Release);
            let part = Arc::new(part);
            // A closed channel means that a stage failed, and that failure is the one to report.
            if batches.is_empty() {
                let _ = done.send(Arc::clone(&part));
            }
            for batch in batches {
                let _ = work.send((Arc::clone(&part), batch));
            }
        }
        Ok(())
    }

    /// Plans the batches of a part and takes the vectors of those that an earlier run encoded; returns the others.
    fn recall(&self, part: &EncodedPart, sink: &dyn PartSink) -> anyhow::Result<Vec<Batch>> {
        let kept = sink.recall(part)?;
        let mut kept: HashMap<Vec<usize>, KeptBatch> = kept
            .into_iter()
            .map(|batch| (batch.rows.clone(), batch))
            .collect();
        let mut batches = self.encoder.plan(&part.windows);
        batches.retain(|batch| match kept.remove(&batch.rows) {
            Some(kept) => {
                part.put(kept);
                false
            }
            None => true,
        });
        Ok(batches)
    }

    /// Waits for a permit; returns false if the run has ended. Looks up from time to time, because no permit
    /// comes after a failure.
    fn await_permit(&self, permits: &Receiver<()>) -> bool {
        while !self.stopped() {
            match permits.recv_timeout(Duration::from_millis(100)) {
                Ok(()) => return true,
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return false,
            }
        }
        false
    }

    /// Tokenizes the documents of a part.
    fn tokenize(&self, part: TextPart) -> anyhow::Result<EncodedPart> {
        let mut documents = part.documents;
        self.progress
            .read
            .fetch_add(documents.len() as u64, Ordering::Relaxed);
        let started = Instant::now();
        let tokens = documents
            .par_iter()
            .map(|document| {
                self.stop.check()?;
                self.encoder
                    .tokens(&document.text)
                    .with_context(|| format!("docid {}", document.docid))
            })
            .collect::<anyhow::Result<Vec<_>>>()?;
        add_elapsed(&self.progress.tokenizing, started);
        let blank = tokens.iter().filter(|tokens| tokens.blank).count() as u64;
        self.progress.documents.fetch_add(blank, Ordering::Relaxed);
        if !self.keep_text {
            for document in &mut documents {
                document.text = String::new();
            }
        }
        let windows = self.encoder.windows(tokens);
        let lefts = (0..documents.len()).map(|text| (text, windows.of_text(text).len()));
        let joins = lefts.filter(|(_, left)| *left > 1).map(|(text, left)| {
            let vector = SparseVector::default();
            (text, Mutex::new(WindowJoin { left, vector }))
        });
        let joins = joins.collect();
        Ok(EncodedPart {
            index: part.index,
            input_sha256: part.input_sha256,
            vectors: (0..documents.len()).map(|_| OnceLock::new()).collect(),
            documents,
            joins,
            pruning: self.encoder.pruning(),
            windows,
            batches_left: AtomicUsize::new(0),
            fallbacks: AtomicU64::new(0),
            quantizing: AtomicU64::new(0),
        })
    }

    /// Encodes batches until there are no more.
    fn encode(
        &self,
        work: &Receiver<Work>,
        done: &Sender<Arc<EncodedPart>>,
        sink: &dyn PartSink,
    ) -> anyhow::Result<()> {
        for (part, batch) in work {
            if self.stopped() {
                break;
            }
            fault::count_batch();
            let encoded = self
                .encoder
                .encode_batch(&batch, &part.windows)
                .with_context(|| describe_batch(&part, &batch))?;
            let stats = self.progress.stats.lock();
            stats
                .unwrap_or_else(PoisonError::into_inner)
                .add(&encoded.stats);
            let encoded = KeptBatch {
                rows: batch.rows,
                vectors: encoded.vectors,
                fallbacks: encoded.stats.fallbacks,
            };
            // The last one makes the part whole, and is written with it.
            if part.batches_left.load(Ordering::Acquire) > 1 {
                sink.keep(&part, &encoded)?;
            }
            let (documents, tokens) = part.put(encoded);
            self.progress
                .documents
                .fetch_add(documents, Ordering::Relaxed);
            self.progress.tokens.fetch_add(tokens, Ordering::Relaxed);
            if part.batches_left.fetch_sub(1, Ordering::AcqRel) == 1 {
                let _ = done.send(part);
            }
        }
        Ok(())
    }

    /// Gives whole parts to the sink until there are no more.
    fn write(
        &self,
        done: &Receiver<Arc<EncodedPart>>,
        permits: &Sender<()>,
        sink: &dyn PartSink,
    ) -> anyhow::Result<()> {
        for part in done {
            if self.stopped() {
                break;
            }
            let started = Instant::now();
            sink.write(&part)?;
            add_elapsed(&self.progress.writing, started);
            let quantizing = part.quantizing.load(Ordering::Relaxed);
            self.progress
                .quantizing
                .fetch_add(quantizing, Ordering::Relaxed);
            drop(part);
            // The reader may have ended.
            let _ = permits.try_send(());
        }
        Ok(())
    }
}
