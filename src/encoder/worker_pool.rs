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
    devices: Vec<DeviceWorkers>,
}

/// The workers of a device.
#[derive(Clone, Copy)]
struct DeviceWorkers {
    /// How many are idle, at work, or being made.
    existing: usize,
    /// How many there may be.
    limit: usize,
}

/// The right to one worker, given back when it is dropped.
struct Place<'p> {
    pool: &'p WorkerPool,
    /// Number of the device.
    device: usize,
    /// How many workers the device might have when this place was taken.
    limit: usize,
    /// The worker while it is not at work; `None` if it is yet to be made.
    worker: Option<Worker>,
    /// True if the place is no more.
    is_given_up: bool,
}

/// Tells whether there was too little memory for a worker or a text alone.
fn is_short_of_memory<T>(result: &Result<T, EncodeError>) -> bool {
    matches!(
        result,
        Err(EncodeError::NoMemoryForModel { .. } | EncodeError::NoMemoryForText { .. })
    )
}

impl WorkerPool {
    /// Makes a pool of at most `limit` workers per device, the first of each of which exists already.
    pub fn new(first: Vec<Worker>, limit: usize) -> Self {
        Self {
            state: Mutex::new(State {
                devices: vec![
                    DeviceWorkers {
                        existing: 1,
                        limit: limit.max(1),
                    };
                    first.len()
                ],
                idle: first.into_iter().enumerate().collect(),
            }),
            returned: Condvar::new(),
        }
    }

    /// Encodes a batch with an idle worker or a new one; waits for one if there may be no more. Where memory
    /// does not suffice for all, workers give way to others until the last is alone. `encoders` has one for each
    /// device.
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
            let result = worker.and_then(|mut worker| {
                let result = worker.encode(encoder, batch, texts);
                if !is_short_of_memory(&result) {
                    place.worker = Some(worker);
                }
                result
            });
            // What the worker had in memory is free by now.
            if !(is_short_of_memory(&result) && self.give_way(place)) {
                return result;
            }
        }
    }

    /// Gives up a place for good, and its worker, where its device has others: they have the memory that is
    /// missing. Returns true if another try may succeed: in their places, or because one of them gave way
    /// meanwhile.
    fn give_way(&self, mut place: Place<'_>) -> bool {
        let mut state = self.lock();
        let device = &mut state.devices[place.device];
        if device.existing > 1 {
            device.existing -= 1;
            device.limit = device.existing;
            place.is_given_up = true;
            return true;
        }
        device.limit < place.limit
    }

    /// Takes the place of an idle worker, or a new one on the device with the fewest. Of several devices,
    /// that whose worker has been idle for the longest time has its turn; of one device, the worker whose
    /// memory is the warmest.
    fn take(&self) -> Place<'_> {
        let mut state = self.lock();
        loop {
            let idle = match state.devices.len() {
                1 => state.idle.pop_back(),
                _ => state.idle.pop_front(),
            };
            if let Some((device, worker)) = idle {
                return self.place(&state, device, Some(worker));
            }
            let devices = state.devices.iter_mut().enumerate();
            let more = devices.filter(|(_, workers)| workers.existing < workers.limit);
            if let Some((device, workers)) = more.min_by_key(|(_, workers)| workers.existing) {
                workers.existing += 1;
                return self.place(&state, device, None);
            }
            let waited = self.returned.wait(state);
            state = waited.unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn place(&self, state: &State, device: usize, worker: Option<Worker>) -> Place<'_> {
        Place {
            pool: self,
            device,
            limit: state.devices[device].limit,
            worker,
            is_given_up: false,
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
            None if self.is_given_up => {}
            None => state.devices[self.device].existing -= 1,
        }
        self.pool.returned.notify_one();
    }
}
