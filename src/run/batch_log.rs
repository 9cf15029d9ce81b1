//! Encoded batches of parts that are not whole yet, so that a kill costs little encoding.
//!
//! ```text
//! batches-00007    "SPLADEB1" · 64 bytes digest of the part's input, as hex · u64 documents of the part
//!   per batch      u32 length of the body · u32 CRC-32 of the body · body
//!   body           u64 texts the screening did not suit · u32 rows · per row: u32 row · u32 terms · (u32 id, f32 weight) each
//! ```
//!
//! All numbers are little-endian. A file is only appended to. What comes after the first batch that is not whole is cut
//! off when a run goes on. The weights are kept to the last bit, so the bytes of the outputs stay those of one run.

use std::collections::HashMap;
use std::io::{self, BufReader, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use fs_err::{File, OpenOptions};

use crate::durable::fault;
use crate::impact::{SparseVector, TermWeight};

const MAGIC: &[u8; 8] = b"SPLADEB1";
const PREFIX: &str = "batches-";
/// A power cut loses at most what was encoded in this time.
const SYNC_INTERVAL: Duration = Duration::from_secs(10);

/// The vectors of a batch.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct KeptBatch {
    /// Places of the texts in the part.
    pub rows: Vec<usize>,
    /// Their vectors.
    pub vectors: Vec<SparseVector>,
    /// Texts that the screening of the head did not suit.
    pub fallbacks: u64,
}

/// The logs of all parts that are being encoded.
#[derive(Debug)]
pub struct BatchLogs {
    folder: PathBuf,
    open: Mutex<HashMap<usize, Arc<Mutex<BatchLog>>>>,
}

#[derive(Debug)]
struct BatchLog {
    path: PathBuf,
    header: Vec<u8>,
    file: Option<File>,
    last_sync: Instant,
}

impl BatchLogs {
    /// Keeps the logs in a folder.
    #[must_use]
    pub fn new(folder: &Path) -> Self {
        Self {
            folder: folder.to_owned(),
            open: Mutex::default(),
        }
    }

    fn path(&self, number: usize) -> PathBuf {
        self.folder.join(format!("{PREFIX}{number:05}"))
    }

    /// Returns the batches of a part that an earlier run encoded, and begins to keep more of them. A log of other input is
    /// dropped.
    ///
    /// # Errors
    /// Those of the file system.
    pub fn recall(
        &self,
        number: usize,
        input_sha256: &str,
        documents: usize,
    ) -> io::Result<Vec<KeptBatch>> {
        let path = self.path(number);
        let mut header = MAGIC.to_vec();
        header.extend_from_slice(input_sha256.as_bytes());
        header.extend_from_slice(&(documents as u64).to_le_bytes());
        let (file, batches) = match OpenOptions::new().read(true).write(true).open(&path) {
            Ok(mut file) => {
                let (batches, end) = read_log(&mut file, &header, documents)?;
                file.set_len(end)?;
                file.seek(SeekFrom::Start(end))?;
                ((end > 0).then_some(file), batches)
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => (None, Vec::new()),
            Err(error) => return Err(error),
        };
        let log = BatchLog {
            path,
            header,
            file,
            last_sync: Instant::now(),
        };
        self.lock().insert(number, Arc::new(Mutex::new(log)));
        Ok(batches)
    }

    /// Keeps a batch of a part that was [recalled](Self::recall) before.
    ///
    /// # Errors
    /// Those of the file system.
    pub fn keep(&self, number: usize, batch: &KeptBatch) -> io::Result<()> {
        let Some(log) = self.lock().get(&number).cloned() else {
            return Ok(());
        };
        let record = encode(batch)?;
        let mut log = log.lock().unwrap_or_else(PoisonError::into_inner);
        log.append(&record)
    }

    /// Forgets the batches of a part that is whole.
    ///
    /// # Errors
    /// Those of the file system.
    pub fn remove(&self, number: usize) -> io::Result<()> {
        self.lock().remove(&number);
        match fs_err::remove_file(self.path(number)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            result => result,
        }
    }

    /// Returns true if there are batches of some part.
    #[must_use]
    pub fn any(&self) -> bool {
        fs_err::read_dir(&self.folder).is_ok_and(|entries| {
            entries.flatten().any(|entry| {
                let name = entry.file_name();
                name.to_string_lossy().starts_with(PREFIX)
            })
        })
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<usize, Arc<Mutex<BatchLog>>>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl BatchLog {
    fn append(&mut self, record: &[u8]) -> io::Result<()> {
        fault::point("a batch")?;
        let file = if let Some(file) = &mut self.file {
            file
        } else {
            let mut file = File::create(&self.path)?;
            file.write_all(&self.header)?;
            self.file.insert(file)
        };
        file.write_all(record)?;
        if self.last_sync.elapsed() >= SYNC_INTERVAL {
            fault::point("a sync")?;
            file.sync_data()?;
            self.last_sync = Instant::now();
        }
        Ok(())
    }
}

fn encode(batch: &KeptBatch) -> io::Result<Vec<u8>> {
    let mut record = vec![0; 8];
    record.extend_from_slice(&batch.fallbacks.to_le_bytes());
    put_count(&mut record, batch.rows.len())?;
    for (&row, vector) in batch.rows.iter().zip(&batch.vectors) {
        put_count(&mut record, row)?;
        put_count(&mut record, vector.len())?;
        for entry in &vector.0 {
            record.extend_from_slice(&entry.term.to_le_bytes());
            record.extend_from_slice(&entry.weight.to_le_bytes());
        }
    }
    let length = u32::try_from(record.len() - 8).map_err(|_| io::ErrorKind::FileTooLarge)?;
    let checksum = crc32fast::hash(&record[8..]);
    record[..4].copy_from_slice(&length.to_le_bytes());
    record[4..8].copy_from_slice(&checksum.to_le_bytes());
    Ok(record)
}

fn put_count(record: &mut Vec<u8>, count: usize) -> io::Result<()> {
    let count = u32::try_from(count).map_err(|_| io::ErrorKind::FileTooLarge)?;
    record.extend_from_slice(&count.to_le_bytes());
    Ok(())
}

/// Reads the whole batches of a log, and where they end; 0 if the log is of other input.
fn read_log(file: &mut File, header: &[u8], documents: usize) -> io::Result<(Vec<KeptBatch>, u64)> {
    let mut left = file.metadata()?.len();
    let mut input = BufReader::new(file);
    let mut found = vec![0; header.len()];
    if left < header.len() as u64 {
        return Ok((Vec::new(), 0));
    }
    input.read_exact(&mut found)?;
    if found != header {
        return Ok((Vec::new(), 0));
    }
    let mut end = header.len() as u64;
    left -= end;
    let mut batches = Vec::new();
    while left >= 8 {
        let mut frame = [0; 8];
        input.read_exact(&mut frame)?;
        let length = u64::from(u32::from_le_bytes([frame[0], frame[1], frame[2], frame[3]]));
        let checksum = u32::from_le_bytes([frame[4], frame[5], frame[6], frame[7]]);
        left -= 8;
        if length > left {
            break;
        }
        let mut body = Vec::new();
        input.by_ref().take(length).read_to_end(&mut body)?;
        let whole = crc32fast::hash(&body) == checksum;
        let Some(batch) = decode(&body, documents).filter(|_| whole) else {
            break;
        };
        batches.push(batch);
        left -= length;
        end += 8 + length;
    }
    Ok((batches, end))
}

/// Reads the body of a record; `None` if it is not one.
pub(crate) fn decode(body: &[u8], documents: usize) -> Option<KeptBatch> {
    let mut body = Body(body);
    let fallbacks = u64::from(body.u32()?) | u64::from(body.u32()?) << 32;
    let mut batch = KeptBatch {
        fallbacks,
        ..KeptBatch::default()
    };
    for _ in 0..body.u32()? {
        let row = body.u32()? as usize;
        if row >= documents {
            return None;
        }
        let mut entries = Vec::new();
        for _ in 0..body.u32()? {
            entries.push(TermWeight {
                term: body.u32()?,
                weight: f32::from_bits(body.u32()?),
            });
        }
        batch.rows.push(row);
        batch.vectors.push(SparseVector(entries));
    }
    body.0.is_empty().then_some(batch)
}

struct Body<'a>(&'a [u8]);

impl Body<'_> {
    fn u32(&mut self) -> Option<u32> {
        let (number, rest) = self.0.split_first_chunk::<4>()?;
        self.0 = rest;
        Some(u32::from_le_bytes(*number))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const DIGEST: &str = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

    fn batch(rows: &[(usize, Vec<(u32, f32)>)]) -> KeptBatch {
        KeptBatch {
            rows: rows.iter().map(|(row, _)| *row).collect(),
            vectors: rows
                .iter()
                .map(|(_, entries)| {
                    let entries = entries.iter();
                    SparseVector(
                        entries
                            .map(|&(term, weight)| TermWeight { term, weight })
                            .collect(),
                    )
                })
                .collect(),
            fallbacks: 3,
        }
    }

    fn rows() -> impl Strategy<Value = Vec<(usize, Vec<(u32, f32)>)>> {
        let entries = prop::collection::vec((any::<u32>(), 1e-9_f32..1e9), 0..9);
        prop::collection::vec((0usize..50, entries), 0..6)
    }

    proptest! {
        #[test]
        fn what_was_kept_is_recalled_up_to_where_the_file_was_cut(
            batches in prop::collection::vec(rows(), 1..6),
            cut in any::<prop::sample::Index>(),
        ) {
            let dir = tempfile::tempdir().unwrap();
            let batches: Vec<_> = batches.iter().map(|rows| batch(rows)).collect();
            let logs = BatchLogs::new(dir.path());
            prop_assert!(logs.recall(7, DIGEST, 50).unwrap().is_empty());
            prop_assert!(!logs.any());
            let mut ends = Vec::new();
            for batch in &batches {
                logs.keep(7, batch).unwrap();
                ends.push(fs_err::metadata(logs.path(7)).unwrap().len());
            }
            prop_assert!(logs.any());
            let recalled = BatchLogs::new(dir.path()).recall(7, DIGEST, 50).unwrap();
            prop_assert_eq!(&recalled, &batches);

            let length = cut.index(ends[ends.len() - 1] as usize) as u64;
            let file = OpenOptions::new().write(true).open(logs.path(7)).unwrap();
            file.set_len(length).unwrap();
            let whole = ends.iter().filter(|&&end| end <= length).count();
            let again = BatchLogs::new(dir.path());
            prop_assert_eq!(&again.recall(7, DIGEST, 50).unwrap(), &batches[..whole]);
            for batch in &batches[whole..] {
                again.keep(7, batch).unwrap();
            }
            let recalled = BatchLogs::new(dir.path()).recall(7, DIGEST, 50).unwrap();
            prop_assert_eq!(&recalled, &batches);
            let other = BatchLogs::new(dir.path());
            prop_assert!(other.recall(7, DIGEST, 51).unwrap().is_empty());
            other.remove(7).unwrap();
            prop_assert!(!other.any());
        }

        #[test]
        fn bytes_that_are_no_batch_are_refused(body in prop::collection::vec(any::<u8>(), 0..200)) {
            if let Some(batch) = decode(&body, 9) {
                prop_assert_eq!(&encode(&batch).unwrap()[8..], &body[..]);
            }
        }
    }
}
