//! Workers that are made when they are needed and kept for the next batch.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

use super::batch::Batch;
use super::batch_encoder::BatchEncoder;
use super::error::EncodeError;
use super::tokens::Tokens;
use super::worker::{EncodedBatch, Worker};

/// Keeps at most as many workers as the encoder may have threads. Making a worker costs a session of
/// ONNX Runtime, so that idle ones are kept.
pub struct WorkerPool {
    state: Mutex<State>,
    returned: Condvar,
    limit: usize,
}

struct State {
    idle: Vec<Worker>,
    /// Workers that are idle, at work, or being made.
    existing: usize,
}

/// The right to one worker, given back when it is dropped.
struct Place<'p> {
    pool: &'p WorkerPool,
    /// The worker while it is not at work; `None` if it is yet to be made.
    worker: Option<Worker>,
}

impl WorkerPool {
    /// Makes a pool of at most `limit` workers, the first of which exists already.
    pub fn new(first: Worker, limit: usize) -> Self {
        Self {
            state: Mutex::new(State {
                idle: vec![first],
                existing: 1,
            }),
            returned: Condvar::new(),
            limit: limit.max(1),
        }
    }

    /// Encodes a batch with an idle worker or a new one; waits for one if there may be no more.
    ///
    /// # Errors
    /// [`EncodeError`] if ONNX Runtime refuses another session or fails on the batch.
    pub fn encode(
        &self,
        encoder: &BatchEncoder,
        batch: &Batch,
        texts: &[Tokens],
    ) -> Result<EncodedBatch, EncodeError> {
        let mut place = self.take();
        let mut worker = match place.worker.take() {
            Some(worker) => worker,
            None => Worker::new(encoder.graph.session()?),
        };
        let encoded = worker.encode(encoder, batch, texts);
        place.worker = Some(worker);
        encoded
    }

    fn take(&self) -> Place<'_> {
        let mut state = self.lock();
        while state.idle.is_empty() && state.existing == self.limit {
            let waited = self.returned.wait(state);
            state = waited.unwrap_or_else(PoisonError::into_inner);
        }
        let worker = state.idle.pop();
        state.existing += usize::from(worker.is_none());
        Place { pool: self, worker }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Place<'_> {
    /// Gives the worker back, or only its place if there is none: it could not be made, or panicked.
    fn drop(&mut self) {
        let mut state = self.pool.lock();
        match self.worker.take() {
            Some(worker) => state.idle.push(worker),
            None => state.existing -= 1,
        }
        self.pool.returned.notify_one();
    }
}
