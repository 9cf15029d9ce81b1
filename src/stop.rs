//! Asking a run to stop, from a signal or another thread.

use std::io::{self, Read};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use thiserror::Error;

/// A handle on a run; clones ask the same run.
#[derive(Debug, Clone, Default)]
pub struct Stop {
    requested: Arc<AtomicBool>,
    /// How many questions are answered with no, for tests that stop everywhere.
    #[cfg(test)]
    patience: Option<Arc<std::sync::atomic::AtomicUsize>>,
}

/// The run was asked to stop and did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("interrupted")]
pub struct Interrupted;

impl Stop {
    /// Asks for a stop; what is whole stays.
    pub fn request(&self) {
        self.requested.store(true, Ordering::Relaxed);
    }

    /// True if a stop was asked for.
    #[must_use]
    pub fn requested(&self) -> bool {
        #[cfg(test)]
        if let Some(left) = &self.patience
            && left
                .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |n| n.checked_sub(1))
                .is_err()
        {
            return true;
        }
        self.requested.load(Ordering::Relaxed)
    }

    /// Ends the caller's work where a stop was asked for.
    ///
    /// # Errors
    /// [`Interrupted`].
    pub fn check(&self) -> Result<(), Interrupted> {
        if self.requested() {
            Err(Interrupted)
        } else {
            Ok(())
        }
    }
}

#[cfg(test)]
impl Stop {
    /// Asks for a stop after so many questions whether one was asked for.
    pub(crate) fn after(questions: usize) -> Self {
        Self {
            patience: Some(Arc::new(questions.into())),
            ..Self::default()
        }
    }
}

/// Reads until a stop is asked for; that is an error of the kind [`io::ErrorKind::Other`] with [`Interrupted`] in it.
pub(crate) struct UntilStop<'a, R> {
    /// What is read.
    pub(crate) inner: R,
    /// Asks for the stop.
    pub(crate) stop: &'a Stop,
}

impl<R: Read> Read for UntilStop<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.stop.check().map_err(io::Error::other)?;
        self.inner.read(buffer)
    }
}
