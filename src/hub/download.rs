//! Downloads that go on where they broke off, and are checked before they get their name.

use std::io::{Read, Seek, SeekFrom, Write};
use std::path::Path;
use std::thread;
use std::time::Duration;

use fs_err as fs;

use super::error::HubError;
use super::hash::Promise;
use super::http::{Answer, Ask, Client};
use super::progress::{HubEvent, Progress};
use crate::durable::{FileLock, LockFailure, create_folder, parent_of, sync_folder};

/// How long another process's download is left alone between two looks.
const LOOK: Duration = Duration::from_millis(100);

/// A file to be downloaded.
pub(super) struct Download<'a> {
    /// Its name, for messages.
    pub name: &'a str,
    pub url: &'a str,
    pub authorization: Option<&'a str>,
    pub size: Option<u64>,
    pub promise: Promise,
    /// Where it gets, once it is whole.
    pub target: &'a Path,
    /// Where it grows.
    pub partial: &'a Path,
    /// Attempts in a row without a new byte.
    pub attempts: u32,
    /// The pause before the second attempt.
    pub pause: Duration,
}

/// How an attempt failed.
enum Failure {
    /// Another attempt may go on.
    Again { reason: String, moved: bool },
    /// No attempt will do.
    Final(HubError),
}

impl Failure {
    fn again(reason: impl Into<String>) -> Self {
        Self::Again {
            reason: reason.into(),
            moved: false,
        }
    }
}

/// Waits until no other process downloads to the same place.
pub(super) fn lock(path: &Path, name: &str, progress: Progress<'_>) -> Result<FileLock, HubError> {
    create_folder(parent_of(path)).map_err(HubError::file(path))?;
    let mut told = false;
    loop {
        match FileLock::acquire(path) {
            Ok(lock) => return Ok(lock),
            Err(LockFailure::Io(error)) => return Err(HubError::file(path)(error)),
            Err(LockFailure::Held) => {}
        }
        if !told {
            progress(HubEvent::Waiting { name: name.into() });
            told = true;
        }
        thread::sleep(LOOK);
    }
}

impl Download<'_> {
    /// Downloads what is missing, checks the whole, and gives it its name. `refused` turns an answer that is no file
    /// into an error.
    ///
    /// # Errors
    /// [`HubError`]; what has come stays for the next run unless it is wrong.
    pub fn run(
        &self,
        client: &Client,
        refused: &dyn Fn(&Answer) -> HubError,
        progress: Progress<'_>,
    ) -> Result<(), HubError> {
        create_folder(parent_of(self.target)).map_err(HubError::file(self.target))?;
        let resumed = self.length() > 0;
        self.complete(client, refused, progress)?;
        match self.check() {
            Err(HubError::Corrupt { .. }) if resumed => {
                // The part that an earlier run left may be what is wrong.
                progress(HubEvent::Restarted(0));
                self.complete(client, refused, progress)?;
                self.check()?;
            }
            other => other?,
        }
        self.name_it().map_err(HubError::file(self.target))?;
        progress(HubEvent::Done {
            name: self.name.into(),
        });
        Ok(())
    }

    fn length(&self) -> u64 {
        fs::metadata(self.partial).map_or(0, |metadata| metadata.len())
    }

    fn complete(
        &self,
        client: &Client,
        refused: &dyn Fn(&Answer) -> HubError,
        progress: Progress<'_>,
    ) -> Result<(), HubError> {
        progress(HubEvent::File {
            name: self.name.into(),
            from: self.length(),
            size: self.size,
        });
        let mut failures = 0;
        loop {
            match self.attempt(client, refused, progress) {
                Ok(()) => return Ok(()),
                Err(Failure::Final(error)) => return Err(error),
                Err(Failure::Again { reason, moved }) => {
                    failures = if moved { 1 } else { failures + 1 };
                    if failures >= self.attempts {
                        return Err(HubError::BrokenOff {
                            file: self.name.into(),
                            attempts: failures,
                            reason,
                        });
                    }
                    progress(HubEvent::Retry {
                        name: self.name.into(),
                        reason,
                    });
                    thread::sleep(self.pause * (1 << (failures - 1).min(6)));
                }
            }
        }
    }

    /// Asks for what is missing, and writes what comes.
    fn attempt(
        &self,
        client: &Client,
        refused: &dyn Fn(&Answer) -> HubError,
        progress: Progress<'_>,
    ) -> Result<(), Failure> {
        let mut file = fs::OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .open(self.partial)
            .map_err(|e| self.failed(e))?;
        let mut at = self.length();
        if self.size.is_some_and(|size| at > size) {
            at = 0;
        }
        if self.size == Some(at) {
            return file.set_len(at).map_err(|e| self.failed(e));
        }
        let ask = Ask {
            url: self.url,
            authorization: self.authorization,
            accept: None,
            from: at,
        };
        let answer = client.get(ask).map_err(|e| Failure::again(e.0))?;
        let start = match answer.status {
            206 => start_of(&answer).unwrap_or(u64::MAX),
            200 => 0,
            // What is here is not the beginning of what is there.
            416 => u64::MAX,
            408 | 429 | 500..=599 => {
                return Err(Failure::again(format!("status {}", answer.status)));
            }
            _ => return Err(Failure::Final(refused(&answer))),
        };
        if start != at {
            file.set_len(0).map_err(|e| self.failed(e))?;
            progress(HubEvent::Restarted(0));
            if start != 0 {
                return Err(Failure::again(
                    "the host does not go on where it was asked to",
                ));
            }
        }
        let whole = answer.number("content-length").map(|rest| start + rest);
        let expected = self.size.or(whole);
        file.seek(SeekFrom::Start(start))
            .map_err(|e| self.failed(e))?;
        self.pour(answer.into_reader(), &mut file, start, expected, progress)
    }

    /// Writes what comes to the file, up to the expected end.
    fn pour(
        &self,
        mut from: impl Read,
        to: &mut fs::File,
        start: u64,
        expected: Option<u64>,
        progress: Progress<'_>,
    ) -> Result<(), Failure> {
        let mut buffer = vec![0; 1 << 16];
        let mut at = start;
        loop {
            let read = from.read(&mut buffer);
            let n = read.map_err(|e| Failure::Again {
                reason: e.to_string(),
                moved: at > start,
            })?;
            if n == 0 {
                break;
            }
            at += n as u64;
            if expected.is_some_and(|expected| at > expected) {
                // Nothing of it can be trusted.
                to.set_len(0).map_err(|e| self.failed(e))?;
                return Err(Failure::again("more bytes came than the file has"));
            }
            to.write_all(&buffer[..n]).map_err(|e| self.failed(e))?;
            progress(HubEvent::Bytes(n as u64));
        }
        match expected {
            Some(expected) if at < expected => Err(Failure::Again {
                reason: format!("it ended after {at} of {expected} bytes"),
                moved: at > start,
            }),
            _ => Ok(()),
        }
    }

    fn failed(&self, error: std::io::Error) -> Failure {
        Failure::Final(HubError::file(self.partial)(error))
    }

    /// Compares the whole with its hash; removes it if it is another.
    fn check(&self) -> Result<(), HubError> {
        let compared = self.promise.compare(self.partial);
        match compared.map_err(HubError::file(self.partial))? {
            Some((kind, expected, found)) if found != expected => {
                fs::remove_file(self.partial).map_err(HubError::file(self.partial))?;
                Err(HubError::Corrupt {
                    file: self.name.into(),
                    kind,
                    expected: expected.into(),
                    found,
                })
            }
            _ => Ok(()),
        }
    }

    fn name_it(&self) -> std::io::Result<()> {
        fs::File::open(self.partial)?.sync_all()?;
        fs::rename(self.partial, self.target)?;
        sync_folder(parent_of(self.target))
    }
}

/// Returns the first byte of a partial answer: `bytes 7-9/10`.
fn start_of(answer: &Answer) -> Option<u64> {
    let range = answer.header("content-range")?;
    let range = range.trim().strip_prefix("bytes")?.trim_start();
    range.split('-').next()?.parse().ok()
}
