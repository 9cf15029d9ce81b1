//! The corpus cut into parts, in input order.
//!
//! Where a part ends depends on the input and the part size alone: neither on which parts are wanted
//! nor on which were made before. Each part has a digest of all documents from the first of the corpus
//! to its own last, so that one comparison proves that two runs read the same up to there.
//!
//! A record that is rejected belongs to the part that is being filled; after the last document, to the
//! last part. So the shares of several runs account for each record once.

use std::collections::BTreeMap;

use sha2::{Digest, Sha256};

use super::error::{CorpusError, RecordError};
use super::rejected::Mark;
use super::{CorpusReader, Document, PartSelection, ReadProgress, RejectedFile};
use crate::stop::Stop;

/// A part ends early when it holds so many bytes of text, so that long documents do not fill memory.
const MAX_PART_BYTES: usize = 256 << 20;

/// What becomes of a record that cannot be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum OnError {
    /// It ends the reading.
    #[default]
    Stop,
    /// It is written to `rejected.jsonl`.
    Skip {
        /// More than so many end the reading.
        max_errors: Option<u64>,
    },
}

/// How a corpus is cut.
#[derive(Debug, Clone, Copy)]
pub struct PartOptions {
    /// Most documents of a part.
    pub part_size: usize,
    /// Which parts are wanted.
    pub selection: PartSelection,
    /// What becomes of bad records.
    pub on_error: OnError,
}

impl PartOptions {
    /// All parts, of this size; the first bad record ends the reading.
    #[must_use]
    pub fn whole(part_size: usize) -> Self {
        Self {
            part_size,
            selection: PartSelection::All,
            on_error: OnError::Stop,
        }
    }
}

/// A part that was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TextPart {
    /// Its number, from 0, in input order.
    pub index: usize,
    /// Its documents in input order.
    pub documents: Vec<Document>,
    /// SHA-256 over all documents up to its last, in hexadecimal.
    pub input_sha256: String,
}

/// Where the input was left.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ReadSummary {
    /// Records that belong to the parts that are wanted: documents and rejected ones.
    pub read: u64,
    /// Rejected ones among them.
    pub rejected: u64,
    /// The digest before the first wanted part; `None` if that is the first of all.
    pub before: Option<String>,
    /// Number of all parts and the last digest, if the end of the input was reached.
    pub end: Option<(usize, String)>,
}

/// Reads the parts that are wanted and not made yet.
pub struct PartReader {
    reader: CorpusReader,
    options: PartOptions,
    stop: Stop,
    made: BTreeMap<usize, String>,
    rejected: Option<RejectedFile>,
    digest: Chain,
    records: u64,
    next: usize,
    ended: bool,
    summary: ReadSummary,
}

impl PartReader {
    /// Reads from `reader`.
    #[must_use]
    pub fn new(reader: CorpusReader, options: PartOptions, stop: Stop) -> Self {
        Self {
            reader,
            options,
            stop,
            made: BTreeMap::new(),
            rejected: None,
            digest: Chain::default(),
            records: 0,
            next: 0,
            ended: false,
            summary: ReadSummary::default(),
        }
    }

    /// Parts that were made before, with their digests: they are read and compared, not returned.
    #[must_use]
    pub fn with_made(mut self, made: BTreeMap<usize, String>) -> Self {
        self.made = made;
        self
    }

    /// Where rejected records are written.
    #[must_use]
    pub fn with_rejected(mut self, file: RejectedFile) -> Self {
        self.rejected = Some(file);
        self
    }

    /// The next part to be made, or `None` at the end.
    ///
    /// # Errors
    /// [`CorpusError`] at a file that cannot be read, at a record that ends the reading, and where a part
    /// that was made before was made of other documents.
    pub fn next_part(&mut self) -> Result<Option<TextPart>, CorpusError> {
        while !self.ended {
            let index = self.next;
            if let Some(documents) = self.read_part(index)? {
                return Ok(Some(TextPart {
                    index,
                    documents,
                    input_sha256: self.digest.hex(),
                }));
            }
        }
        if let Some(&last) = self.made.keys().next_back() {
            return Err(CorpusError::OtherInput { part: last });
        }
        Ok(None)
    }

    /// A handle on how far the reading has come.
    #[must_use]
    pub fn progress(&self) -> ReadProgress {
        self.reader.progress()
    }

    /// What ends the reading early.
    #[must_use]
    pub fn stop(&self) -> &Stop {
        &self.stop
    }

    /// What was read, and the file of rejected records.
    #[must_use]
    pub fn finish(self) -> (ReadSummary, Option<RejectedFile>) {
        (self.summary, self.rejected)
    }

    /// Reads to the end of a part; gives its documents if it is to be made.
    fn read_part(&mut self, index: usize) -> Result<Option<Vec<Document>>, CorpusError> {
        let selection = self.options.selection;
        let wanted = selection.contains(index);
        let to_make = wanted && !self.made.contains_key(&index);
        // Records before a part's first document are the last part's if there is no such document.
        let last_wanted = index
            .checked_sub(1)
            .is_some_and(|last| selection.contains(last));
        let begin = self.rejected.as_ref().map(RejectedFile::mark);
        let before = self.digest.hex();
        let mut rejected = 0;
        let mut documents = Vec::new();
        let mut trailing = None;
        let (mut count, mut bytes) = (0, 0);
        while count < self.options.part_size && bytes < MAX_PART_BYTES {
            self.stop.check()?;
            let Some(record) = self.reader.next_record()? else {
                self.ended = true;
                break;
            };
            self.records += 1;
            let document = match record {
                Ok(document) => document,
                Err(error) => {
                    if self.options.on_error == OnError::Stop {
                        return Err(CorpusError::Record(error));
                    }
                    if wanted || (count == 0 && last_wanted) {
                        rejected += 1;
                        if let Some(file) = &mut self.rejected {
                            file.add(self.records, &error)
                                .map_err(CorpusError::RejectedFile)?;
                        }
                    }
                    if wanted && self.is_over(rejected) {
                        return Err(self.too_many(error));
                    }
                    trailing = Some(error);
                    continue;
                }
            };
            if count == 0 && !wanted {
                // The records before it are this part's, and so another run's.
                rejected = 0;
                self.rewind(begin)?;
                if selection.is_past(index) {
                    self.ended = true;
                    return Ok(None);
                }
            }
            count += 1;
            bytes += document.text.len();
            self.digest.add(&document);
            if to_make {
                documents.push(document);
            }
        }
        if count == 0 {
            self.end_of_input(index, rejected, trailing, begin)?;
            return Ok(None);
        }
        self.digest.cut();
        self.next += 1;
        if self.ended {
            self.summary.end = Some((self.next, self.digest.hex()));
        }
        if wanted {
            if index > 0 && self.summary.read == 0 {
                self.summary.before = Some(before);
            }
            self.summary.read += count as u64 + rejected;
            self.summary.rejected += rejected;
        }
        if let Some(made) = self.made.remove(&index)
            && made != self.digest.hex()
        {
            return Err(CorpusError::OtherInput { part: index });
        }
        Ok(to_make.then_some(documents))
    }

    fn end_of_input(
        &mut self,
        parts: usize,
        rejected: u64,
        last: Option<RecordError>,
        begin: Option<Mark>,
    ) -> Result<(), CorpusError> {
        self.summary.end = Some((parts, self.digest.hex()));
        if self.options.selection.contains(parts.saturating_sub(1)) {
            self.summary.read += rejected;
            self.summary.rejected += rejected;
            match last {
                Some(last) if self.is_over(0) => Err(self.too_many(last)),
                _ => Ok(()),
            }
        } else {
            self.rewind(begin)
        }
    }

    fn most(&self) -> u64 {
        match self.options.on_error {
            OnError::Skip {
                max_errors: Some(most),
            } => most,
            _ => u64::MAX,
        }
    }

    fn is_over(&self, more: u64) -> bool {
        self.summary.rejected + more > self.most()
    }

    fn too_many(&self, last: RecordError) -> CorpusError {
        CorpusError::TooManyErrors {
            most: self.most(),
            last,
        }
    }

    fn rewind(&mut self, mark: Option<Mark>) -> Result<(), CorpusError> {
        match (&mut self.rejected, mark) {
            (Some(file), Some(mark)) => file.rewind(mark).map_err(CorpusError::RejectedFile),
            _ => Ok(()),
        }
    }
}

/// A hash of the hash before and of the documents since.
#[derive(Default)]
struct Chain {
    last: [u8; 32],
    open: Option<Sha256>,
}

impl Chain {
    fn add(&mut self, document: &Document) {
        let hasher = self
            .open
            .get_or_insert_with(|| Sha256::new().chain_update(self.last));
        for text in [&document.docid, &document.text] {
            hasher.update((text.len() as u64).to_le_bytes());
            hasher.update(text);
        }
    }

    /// Ends a part.
    fn cut(&mut self) {
        if let Some(hasher) = self.open.take() {
            self.last = hasher.finalize().into();
        }
    }

    /// As of the last cut.
    fn hex(&self) -> String {
        crate::hex(&self.last)
    }
}
