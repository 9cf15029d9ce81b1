//! Workers that are made when they are needed and kept for the next batch.

use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

use super::batch::Batch;
use super::batch_encoder::BatchEncoder;
use super::error::EncodeError;
use super::text_windows::TextWindows;
use super::worker::{EncodedBatch, Worker};

/// Keeps workers for each device, at most as many as a device may have threads. Making a worker costs a
/// session of ONNX Runtime, so that idle ones are kept.
pub struct WorkerPool {
    state: Mutex<State>,
    returned: Condvar,
}

struct State {
    /// Idle workers with the number of their device.
    idle: VecDeque<(usize, Worker)>,
    /// For each device, the workers that are idle, at work, or being made.
    existing: Vec<usize>,
    /// For each device, the most workers.
    limits: Vec<usize>,
}

/// The right to one worker, given back when it is dropped.
struct Place<'p> {
    pool: &'p WorkerPool,
    /// Number of the device.
    device: usize,
    /// The worker while it is not at work; `None` if it is yet to be made.
    worker: Option<Worker>,
}

impl WorkerPool {
    /// Makes a pool of at most `limit` workers per device, the first of each of which exists already.
    pub fn new(first: Vec<Worker>, limit: usize) -> Self {
        Self {
            state: Mutex::new(State {
                existing: vec![1; first.len()],
                limits: vec![limit.max(1); first.len()],
                idle: first.into_iter().enumerate().collect(),
            }),
            returned: Condvar::new(),
        }
    }

    /// Encodes a batch with an idle worker or a new one; waits for one if there may be no more, or if there is
    /// no memory for another. `encoders` has one for each device.
    ///
    /// # Errors
    /// [`EncodeError`] if ONNX Runtime refuses another session or fails on the batch.
    pub fn encode(
        &self,
        encoders: &[BatchEncoder],
        batch: &Batch,
        texts: &TextWindows,
    ) -> Result<EncodedBatch, EncodeError> {
        loop {
            let mut place = self.take();
            let encoder = &encoders[place.device];
            let worker = match place.worker.take() {
                Some(worker) => Ok(worker),
                None => encoder.graph.session().map(Worker::new),
            };
            match worker {
                Ok(mut worker) => {
                    let result = worker.encode(encoder, batch, texts);
                    place.worker = Some(worker);
                    return result;
                }
                Err(EncodeError::NoMemoryForModel { .. }) if self.make_do(place.device) => {}
                Err(error) => return Err(error),
            }
        }
    }

    /// Allows a device no more workers than it has beside the one that is being made; false if it has none.
    fn make_do(&self, device: usize) -> bool {
        let state = &mut *self.lock();
        let others = state.existing[device] - 1;
        if others > 0 {
            state.limits[device] = others;
        }
        others > 0
    }

    /// Takes the place of an idle worker, or a new one on the device with the fewest. Of several devices,
    /// that whose worker has been idle for the longest time has its turn; of one device, the worker whose
    /// memory is the warmest.
    fn take(&self) -> Place<'_> {
        let mut state = self.lock();
        loop {
            let idle = match state.existing.len() {
                1 => state.idle.pop_back(),
                _ => state.idle.pop_front(),
            };
            if let Some((device, worker)) = idle {
                return Place {
                    pool: self,
                    device,
                    worker: Some(worker),
                };
            }
            let more = (0..state.existing.len())
                .filter(|&device| state.existing[device] < state.limits[device]);
            if let Some(device) = more.min_by_key(|&device| state.existing[device]) {
                state.existing[device] += 1;
                return Place {
                    pool: self,
                    device,
                    worker: None,
                };
            }
            let waited = self.returned.wait(state);
            state = waited.unwrap_or_else(PoisonError::into_inner);
        }
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
            Some(worker) => state.idle.push_back((self.device, worker)),
            None => state.existing[self.device] -= 1,
        }
        self.pool.returned.notify_one();
    }
}
