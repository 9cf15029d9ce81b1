//! Why a run cannot begin or go on.

use std::io;
use std::path::PathBuf;

use thiserror::Error;

use super::difference::SettingDifference;
use crate::quote::{self, Name};

/// Why a run cannot begin or go on, and what to do.
#[derive(Debug, Error)]
#[non_exhaustive]
#[allow(missing_docs, reason = "each message says what the variant means")]
pub enum RunError {
    #[error("{path}: the output exists already and is never overwritten; choose another place or remove it", path = quote::path(path))]
    Exists { path: PathBuf },
    #[error(
        "{path}: the output exists already and is never overwritten; it is of a run that did not finish: go on with it by \
         `resume`, choose another place or remove it",
        path = quote::path(path)
    )]
    Unfinished { path: PathBuf },
    #[error("{path}: another run is writing to it; wait for its end, or choose another place", path = quote::path(path))]
    Locked { path: PathBuf },
    #[error(
        "{path}: there is neither manifest.json nor .unfinished in it, so it is no output that `resume` could go on with; \
         choose another place",
        path = quote::path(path)
    )]
    NotOurs { path: PathBuf },
    #[error("{path}: not a part of this run, and whatever lies there would be indexed; move it away", path = quote::path(path))]
    Stranger { path: PathBuf },
    #[error("{path}: `resume` goes on with the same run only, but {difference}; choose another place for a new one", path = quote::path(path))]
    OtherRun {
        path: PathBuf,
        difference: SettingDifference,
    },
    #[error("{path}: it was begun by a run with other settings or outputs; choose another `output`, or remove it", path = quote::path(path))]
    OtherOutputs { path: PathBuf },
    #[error("{path}: part {part} was made of other documents in the first run; choose another `output`", path = quote::path(path))]
    OtherInput { path: PathBuf, part: usize },
    #[error(
        "{path}: `resume` goes on with the same run only, and this index was made with another model or other options; \
         choose another place for a new one",
        path = quote::path(path)
    )]
    OtherIndex { path: PathBuf },
    #[error("{path}: cannot be read back: {reason}; remove {output} to start again", path = quote::path(path), output = quote::path(output), reason = Name(reason))]
    Journal {
        path: PathBuf,
        output: PathBuf,
        reason: String,
    },
    #[error(transparent)]
    Io(#[from] io::Error),
}

impl RunError {
    /// Returns [`RunError::OtherRun`] where there is a difference.
    pub(crate) fn refuse(
        path: &std::path::Path,
        difference: Option<SettingDifference>,
    ) -> Result<(), Self> {
        match difference {
            None => Ok(()),
            Some(difference) => Err(Self::OtherRun {
                path: path.to_owned(),
                difference,
            }),
        }
    }
}
