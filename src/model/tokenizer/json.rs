//! `tokenizer.json`, read so that no file can break or stop the program.
//!
//! The library that reads it trusts the file: it panics on some, takes gigabytes or minutes for others. So the file is
//! taken apart first, only what has a bounded size and effect is put together again, and the library reads that, in a
//! thread of its own whose panics are errors and whose time is limited.

use std::path::Path;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::Duration;

use tokenizers::Tokenizer;

use super::file::TokenizerFile;
use super::probe;
use crate::model::error::ModelError;
use crate::panic_guard::catch_panic;

/// Largest file. Those of the largest multilingual vocabularies have 50 MB.
const MAX_BYTES: u64 = 128 << 20;
/// Longest time for loading and for the probes. Real tokenizers take a second or two.
const MAX_TIME: Duration = Duration::from_secs(if cfg!(fuzzing) { 15 } else { 60 });

/// A tokenizer, and how much longer it can make a text.
pub(crate) struct CheckedTokenizer {
    /// The tokenizer, with neither truncation nor padding nor dropout.
    pub tokenizer: Tokenizer,
    /// Most bytes that normalizing makes of one byte of a text.
    pub expansion: u64,
}

/// Reads and checks a `tokenizer.json`.
///
/// # Errors
/// [`ModelError::Broken`] if it is damaged, too large, or would take too long.
pub(crate) fn open_json(path: &Path) -> Result<CheckedTokenizer, ModelError> {
    let broken = |reason: String| ModelError::broken(path, reason);
    let metadata = fs_err::metadata(path).map_err(|e| broken(e.to_string()))?;
    if !metadata.is_file() {
        return Err(broken("is not a file".to_owned()));
    }
    if metadata.len() > MAX_BYTES {
        return Err(broken(format!(
            "a tokenizer of {} MB; {} MB is the most that is read",
            metadata.len() >> 20,
            MAX_BYTES >> 20
        )));
    }
    let bytes = fs_err::read(path).map_err(|e| broken(e.to_string()))?;
    read_json(&bytes).map_err(broken)
}

/// Reads and checks the bytes of a `tokenizer.json`.
///
/// # Errors
/// What is wrong with it.
pub(crate) fn read_json(bytes: &[u8]) -> Result<CheckedTokenizer, String> {
    let file = TokenizerFile::parse(bytes)?;
    let checked = file.check()?;
    let bytes = file.to_bytes()?;
    let (sender, receiver) = mpsc::channel();
    let load = move || {
        // The receiver may have given up.
        let _ = sender.send(catch_panic(|| load(&bytes, &checked.probes)));
    };
    thread::Builder::new()
        .name("tokenizer".to_owned())
        .spawn(load)
        .map_err(|e| e.to_string())?;
    let tokenizer = match receiver.recv_timeout(MAX_TIME) {
        Ok(Ok(loaded)) => loaded?,
        Ok(Err(panic)) => return Err(format!("not a usable tokenizer: {panic}")),
        Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => {
            return Err(format!(
                "not a usable tokenizer: it was not ready after {} seconds",
                MAX_TIME.as_secs()
            ));
        }
    };
    Ok(CheckedTokenizer {
        tokenizer,
        expansion: checked.expansion,
    })
}

fn load(bytes: &[u8], probes: &[char]) -> Result<Tokenizer, String> {
    let tokenizer = Tokenizer::from_bytes(bytes).map_err(|e| e.to_string())?;
    probe::run(&tokenizer, probes)?;
    Ok(tokenizer)
}
