//! Writes an index: parts side by side, then one commit.
//!
//! While it is being written, an index folder holds only a folder `unfinished`:
//!
//! ```text
//! unfinished/lock             locked by the process that writes
//! unfinished/run              what the caller says the run is made of, so that another run does not go on with it
//! unfinished/part-00007/_0.*  segments of a part
//! unfinished/part-00007/part.json   written last, when the part is whole
//! ```
//!
//! The commit gives the segments of all parts their numbers, in the order of the parts, and links them into the index
//! folder (or merges them into fewer); then it writes `segments_1` under another name, syncs, and renames it. Before
//! that moment there is no index in the folder, after it there is a whole one. `unfinished` is removed last.
//!
//! A run that was killed leaves `unfinished`: [`IndexWriter::create`] clears it, [`IndexWriter::resume`] keeps the
//! whole parts.

use std::path::{Path, PathBuf};

use rayon::iter::{IntoParallelRefIterator, ParallelIterator};

use super::error::{LuceneError, Result};
use super::names::SegmentName;
use super::output::write_synced;
use super::part_writer::{PartSummary, PartWriter};
use super::segment_reader::SegmentReader;
use super::segments::{self, CommitEntry};
use super::vocabulary::TermDictionary;
use super::{Totals, merge, segment_info, term_merge};
use crate::durable::fault;
use crate::durable::{FileLock, LockFailure, parent_of, sync_folder};

/// Name of the folder for what is not committed.
const UNFINISHED: &str = "unfinished";
/// Name of the file in it that says what the run is.
const RUN: &str = "run";

/// Settings of a commit.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct CommitOptions {
    /// At most so many segments: neighbouring ones are merged. 1 is Lucene's "force merge", `None` merges nothing.
    pub max_segments: Option<usize>,
}

/// What is in a finished index.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize)]
pub struct IndexSummary {
    /// Sums over all documents.
    #[serde(flatten)]
    pub totals: Totals,
    /// Different terms.
    pub terms: u64,
    /// Segments.
    pub segments: usize,
    /// Bytes of all files.
    pub bytes: u64,
}

/// An index that is being written.
#[derive(Debug)]
pub struct IndexWriter {
    dir: PathBuf,
    unfinished: PathBuf,
    /// Whether this writer made the folder of the index.
    made: bool,
    _lock: FileLock,
}

impl IndexWriter {
    /// Begins an index in a folder that does not exist, or is empty, or holds what a killed run left: that is cleared,
    /// unless [`resume`](Self::resume) could go on with it.
    ///
    /// # Errors
    ///
    /// [`LuceneError::NotEmpty`], [`LuceneError::OtherRun`], [`LuceneError::Locked`] or [`LuceneError::Io`].
    pub fn create(dir: &Path) -> Result<Self> {
        if dir.join(UNFINISHED).join(RUN).exists() {
            return Err(LuceneError::OtherRun {
                path: dir.to_owned(),
            });
        }
        let writer = Self::open(dir)?;
        for entry in fs_err::read_dir(&writer.unfinished)? {
            let entry = entry?;
            if entry.file_name() == "lock" {
                continue;
            }
            if entry.file_type()?.is_dir() {
                fs_err::remove_dir_all(entry.path())?;
            } else {
                fs_err::remove_file(entry.path())?;
            }
        }
        Ok(writer)
    }

    /// Begins an index, or goes on with one that a killed run left. `run` says what the index is made of, such as a hash
    /// of input and settings; whole parts of the same run are kept.
    ///
    /// # Errors
    ///
    /// [`LuceneError::OtherRun`] if the unfinished index is of another run, and as [`create`](Self::create).
    pub fn resume(dir: &Path, run: &str) -> Result<Self> {
        let unfinished = dir.join(UNFINISHED);
        let path = unfinished.join(RUN);
        let known = match fs_err::read_to_string(&path) {
            Ok(known) => Some(known),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => None,
            Err(error) => return Err(error.into()),
        };
        match known {
            Some(known) if known == run => {}
            Some(_) => {
                return Err(LuceneError::OtherRun {
                    path: dir.to_owned(),
                });
            }
            None => {
                let writer = Self::create(dir)?;
                let pending = unfinished.join("run.pending");
                write_synced(&pending, run.as_bytes())?;
                fault::point("a rename")?;
                fs_err::rename(pending, path)?;
                sync_folder(&unfinished)?;
                return Ok(writer);
            }
        }
        let writer = Self::open(dir)?;
        for entry in fs_err::read_dir(&writer.unfinished)? {
            let entry = entry?;
            let part = entry.path();
            let is_part = entry.file_name().to_string_lossy().starts_with("part-");
            if is_part && !PartSummary::path(&part).exists() {
                fs_err::remove_dir_all(part)?;
            }
        }
        Ok(writer)
    }

    /// Takes the folder, which must hold nothing but an unfinished index, and clears what a killed commit left.
    fn open(dir: &Path) -> Result<Self> {
        let made = !dir.exists();
        if dir.is_file() {
            return Err(LuceneError::NoFolder {
                path: dir.to_owned(),
            });
        }
        fs_err::create_dir_all(dir)?;
        let unfinished = dir.join(UNFINISHED);
        let ours = unfinished.join("lock").exists();
        let mut left = Vec::new();
        for entry in fs_err::read_dir(dir)? {
            let entry = entry?;
            let name = entry.file_name();
            let name = name.to_string_lossy();
            if ours && (name.starts_with('_') || name == "pending_segments_1") {
                left.push(entry.path());
            } else if name != UNFINISHED || !(ours || is_empty(&unfinished)?) {
                return Err(LuceneError::NotEmpty {
                    path: dir.to_owned(),
                });
            }
        }
        fs_err::create_dir_all(&unfinished)?;
        let lock = match FileLock::acquire(&unfinished.join("lock")) {
            Ok(lock) => lock,
            Err(LockFailure::Held) => {
                return Err(LuceneError::Locked {
                    path: dir.to_owned(),
                });
            }
            Err(LockFailure::Io(error)) => return Err(error.into()),
        };
        for path in left {
            fs_err::remove_file(path)?;
        }
        Ok(Self {
            dir: dir.to_owned(),
            unfinished,
            made,
            _lock: lock,
        })
    }

    /// A folder for what the caller notes of its run, gone when the index is committed or discarded.
    #[must_use]
    pub fn records(dir: &Path) -> PathBuf {
        dir.join(UNFINISHED).join("records")
    }

    /// True if there is an unfinished index that [`resume`](Self::resume) may go on with.
    #[must_use]
    pub fn is_begun(dir: &Path) -> bool {
        dir.join(UNFINISHED).join(RUN).exists()
    }

    /// True if there is a whole index.
    #[must_use]
    pub fn is_committed(dir: &Path) -> bool {
        segments::exists(dir)
    }

    /// Removes what a run leaves that was killed just after its commit.
    ///
    /// # Errors
    ///
    /// [`LuceneError::Io`].
    pub fn clear_committed(dir: &Path) -> Result<()> {
        let unfinished = dir.join(UNFINISHED);
        if Self::is_committed(dir) && unfinished.is_dir() {
            fs_err::remove_dir_all(unfinished)?;
        }
        Ok(())
    }

    /// Where a part lies.
    #[must_use]
    pub fn part_dir(&self, number: u64) -> PathBuf {
        self.unfinished.join(format!("part-{number:05}"))
    }

    /// What is in a part, if it is whole: every byte of it is read and compared with the checksums.
    ///
    /// # Errors
    ///
    /// [`LuceneError::Io`]; [`LuceneError::Corrupt`], after which the part can be [written again](Self::part).
    pub fn finished_part(&self, number: u64) -> Result<Option<PartSummary>> {
        let dir = self.part_dir(number);
        if !PartSummary::path(&dir).exists() {
            return Ok(None);
        }
        let summary = PartSummary::read(&dir)?;
        for reader in open_part(&dir, &summary)? {
            reader.verify_all()?;
        }
        Ok(Some(summary))
    }

    /// Begins a part, whose documents come after those of parts with smaller numbers. Parts may be written by several
    /// threads at a time. With a vocabulary, its numbers are those of the postings; without, the part has a growing
    /// dictionary of its own. A segment ends when it takes `segment_memory` bytes. The bytes of a part depend on its
    /// documents alone. What is there of a part of this number is removed.
    ///
    /// # Errors
    ///
    /// [`LuceneError::Io`].
    pub fn part<'a>(
        &self,
        number: u64,
        vocabulary: Option<&'a TermDictionary>,
        segment_memory: usize,
    ) -> Result<PartWriter<'a>> {
        let dir = self.part_dir(number);
        if dir.exists() {
            fs_err::remove_dir_all(&dir)?;
        }
        fault::point("a new folder")?;
        fs_err::create_dir(&dir)?;
        Ok(PartWriter::new(dir, vocabulary, segment_memory))
    }

    /// Makes the whole parts an index.
    ///
    /// # Errors
    ///
    /// [`LuceneError::DuplicateDocid`] if documents of different segments have the same docid, or [`LuceneError::Io`].
    /// The unfinished index stays then; [`discard`](Self::discard) removes it.
    pub fn commit(&self, options: CommitOptions) -> Result<IndexSummary> {
        let mut totals = Totals::default();
        let mut readers = Vec::new();
        for dir in self.whole_parts()? {
            let summary = PartSummary::read(&dir)?;
            totals += summary.totals;
            readers.extend(open_part(&dir, &summary)?);
        }
        self.commit_segments(&readers, totals, options)
    }

    /// Folders of the whole parts, by number.
    fn whole_parts(&self) -> Result<Vec<PathBuf>> {
        let mut parts = Vec::new();
        for entry in fs_err::read_dir(&self.unfinished)? {
            let path = entry?.path();
            let name = path.file_name().and_then(|name| name.to_str());
            let number = name
                .and_then(|name| name.strip_prefix("part-"))
                .and_then(|number| number.parse::<u64>().ok());
            if let Some(number) = number
                && PartSummary::path(&path).exists()
            {
                parts.push((number, path));
            }
        }
        parts.sort();
        Ok(parts.into_iter().map(|part| part.1).collect())
    }

    pub(super) fn commit_segments(
        &self,
        readers: &[SegmentReader],
        mut totals: Totals,
        options: CommitOptions,
    ) -> Result<IndexSummary> {
        let documents: u64 = readers
            .iter()
            .map(|reader| u64::from(reader.documents))
            .sum();
        if documents > u64::from(super::MAX_DOCUMENTS) {
            return Err(LuceneError::TooMany {
                what: "more than 2,147,483,519 documents in one index",
            });
        }
        if readers.len() > 1 {
            term_merge::check_docids(readers)?;
        }
        let terms = term_merge::count_terms(readers)?;
        let mut ids = Vec::new();
        let mut bytes = 0;
        for (number, group) in groups(readers, options.max_segments.unwrap_or(usize::MAX))
            .into_iter()
            .enumerate()
        {
            let name = SegmentName::new(&self.dir, number as u64);
            match group {
                [segment] => adopt(segment, &name)?,
                group => merge::merge(group, name.clone())?,
            }
            let id = segment_info::read_id(&name)?;
            bytes += SegmentReader::open(CommitEntry { segment: name, id })?.bytes()?;
            ids.push(id);
        }
        totals.documents = documents;
        segments::commit(&self.dir, &ids)?;
        bytes += fs_err::metadata(self.dir.join("segments_1"))?.len();
        fault::point("the end of an unfinished index")?;
        fs_err::remove_dir_all(&self.unfinished)?;
        sync_folder(&self.dir)?;
        sync_folder(parent_of(&self.dir))?;
        Ok(IndexSummary {
            totals,
            terms,
            segments: ids.len(),
            bytes,
        })
    }

    /// Removes the unfinished index, and the folder if this writer made it. An index that was committed stays.
    ///
    /// # Errors
    ///
    /// [`LuceneError::Io`].
    pub fn discard(self) -> Result<()> {
        if segments::exists(&self.dir) {
            return Ok(());
        }
        fs_err::remove_dir_all(&self.unfinished)?;
        for entry in fs_err::read_dir(&self.dir)? {
            let entry = entry?;
            if entry.file_name().to_string_lossy().starts_with('_') {
                fs_err::remove_file(entry.path())?;
            }
        }
        if self.made {
            fs_err::remove_dir(&self.dir)?;
        }
        Ok(())
    }
}

/// Joins indexes of ours into a new one: their segments are linked (or copied, where links are not possible) under new
/// names, in order, without decoding postings, unless fewer segments are wanted than there are.
///
/// # Errors
///
/// [`LuceneError::NoIndex`], [`LuceneError::NotOurs`] or [`LuceneError::Corrupt`] for an input, [`LuceneError::DuplicateDocid`] if they share a
/// docid, and those of [`IndexWriter::create`] for the output.
pub fn merge_indexes(
    inputs: &[PathBuf],
    output: &Path,
    options: CommitOptions,
) -> Result<IndexSummary> {
    let mut readers = Vec::new();
    let mut totals = Totals::default();
    for input in inputs {
        for entry in segments::read(input)? {
            let reader = SegmentReader::open(entry)?;
            let contents = reader.field(super::field_infos::CONTENTS)?;
            totals.postings += contents.postings;
            totals.impact_sum += contents.total_freq;
            readers.push(reader);
        }
    }
    // What is damaged is told now, and not when the inputs are gone.
    readers.par_iter().try_for_each(SegmentReader::verify_all)?;
    let writer = IndexWriter::create(output)?;
    match writer.commit_segments(&readers, totals, options) {
        Ok(summary) => Ok(summary),
        Err(error) => {
            // The first error is the one to tell.
            writer.discard().ok();
            Err(error)
        }
    }
}

/// Opens the segments of a part.
fn open_part(dir: &Path, summary: &PartSummary) -> Result<Vec<SegmentReader>> {
    (0..summary.segments)
        .map(|number| {
            let segment = SegmentName::new(dir, number);
            let id = segment_info::read_id(&segment)?;
            SegmentReader::open(CommitEntry { segment, id })
        })
        .collect()
}

/// Whether a folder has nothing in it, or does not exist.
fn is_empty(dir: &Path) -> Result<bool> {
    Ok(!dir.exists() || fs_err::read_dir(dir)?.next().is_none())
}

/// Takes a segment into another folder and under another name: files are linked or copied, the segment info, which has
/// the name in it, is written again.
fn adopt(segment: &SegmentReader, name: &SegmentName) -> Result<()> {
    for extension in SegmentName::extensions().filter(|extension| *extension != "si") {
        let (from, to) = (segment.name.file(extension), name.file(extension));
        fault::point("a link")?;
        if fs_err::hard_link(&from, &to).is_err() {
            fs_err::copy(&from, &to)?;
            fs_err::File::open(&to)?.sync_all()?;
        }
    }
    segment_info::write(name, &segment.id, segment.documents)
}

/// Cuts segments into at most `most` runs of neighbours with about the same number of documents.
fn groups(segments: &[SegmentReader], most: usize) -> Vec<&[SegmentReader]> {
    if segments.len() <= most.max(1) {
        return segments.chunks(1).collect();
    }
    let documents: u64 = segments
        .iter()
        .map(|segment| u64::from(segment.documents))
        .sum();
    let share = documents.div_ceil(most.max(1) as u64);
    let mut groups = Vec::new();
    let mut begin = 0;
    let mut seen = 0;
    for (i, segment) in segments.iter().enumerate() {
        seen += u64::from(segment.documents);
        let last = i + 1 == segments.len();
        if last || (seen >= share * (groups.len() as u64 + 1) && groups.len() + 1 < most) {
            groups.push(&segments[begin..=i]);
            begin = i + 1;
        }
    }
    groups
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use proptest::prelude::*;

    use super::*;

    type Documents = Vec<BTreeSet<(String, u32)>>;

    fn write_part(writer: &IndexWriter, number: u64, documents: &Documents, first: usize) {
        let mut part = writer.part(number, None, 1 << 20).unwrap();
        for (doc, vector) in documents.iter().enumerate() {
            let mut postings: BTreeMap<u32, u32> = BTreeMap::new();
            for (term, impact) in vector {
                postings.insert(part.intern(term).unwrap(), *impact);
            }
            let postings: Vec<_> = postings.into_iter().collect();
            part.add(&format!("d{}", first + doc), None, &postings)
                .unwrap();
        }
        part.finish().unwrap();
    }

    fn files(dir: &Path) -> BTreeMap<String, Vec<u8>> {
        let entries = fs_err::read_dir(dir).unwrap();
        entries
            .map(|entry| entry.unwrap())
            .map(|entry| {
                let name = entry.file_name().to_string_lossy().into_owned();
                (name, fs_err::read(entry.path()).unwrap())
            })
            .collect()
    }

    const ONE: CommitOptions = CommitOptions {
        max_segments: Some(1),
    };

    #[test]
    fn whole_parts_survive_and_are_checked() {
        let dir = tempfile::tempdir().unwrap();
        let index = dir.path().join("index");
        let documents: Documents =
            vec![BTreeSet::from([("a".to_owned(), 1), ("b".to_owned(), 7)]); 300];
        let writer = IndexWriter::resume(&index, "this run").unwrap();
        write_part(&writer, 0, &documents, 0);
        write_part(&writer, 1, &documents, 300);
        let half = writer.part(2, None, 1 << 20).unwrap();
        // As if the process had died here.
        drop((half, writer));
        assert!(matches!(
            IndexWriter::resume(&index, "another run"),
            Err(LuceneError::OtherRun { .. })
        ));
        let writer = IndexWriter::resume(&index, "this run").unwrap();
        let whole = |number| writer.finished_part(number);
        assert_eq!(whole(0).unwrap().unwrap().totals.documents, 300);
        assert_eq!(whole(2).unwrap(), None);
        let path = writer.part_dir(1).join("_0_Lucene90_0.doc");
        let mut bytes = fs_err::read(&path).unwrap();
        let middle = bytes.len() / 2;
        bytes[middle] ^= 4;
        fs_err::write(&path, bytes).unwrap();
        assert!(matches!(whole(1), Err(LuceneError::Corrupt { .. })));
        write_part(&writer, 1, &documents, 300);
        write_part(&writer, 2, &documents, 600);
        let summary = writer.commit(CommitOptions::default()).unwrap();
        assert_eq!((summary.totals.documents, summary.segments), (900, 3));

        let other = dir.path().join("other");
        let writer = IndexWriter::create(&other).unwrap();
        for number in [2, 0, 1] {
            write_part(&writer, number, &documents, number as usize * 300);
        }
        writer.commit(CommitOptions::default()).unwrap();
        assert!(files(&index) == files(&other));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]
        #[test]
        fn merged_parts_are_the_index_of_all_documents(
            documents in prop::collection::vec(prop::collection::btree_set(("[a-d]{1,3}|\\PC{1,2}", 1_u32..400), 0..12), 1..700),
            cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..4),
        ) {
            // Documents without terms are left out, and an index of none has no segment to compare.
            prop_assume!(documents.iter().any(|vector| !vector.is_empty()));
            let dir = tempfile::tempdir().unwrap();
            let (one, many) = (dir.path().join("one"), dir.path().join("many"));
            let writer = IndexWriter::create(&one).unwrap();
            write_part(&writer, 0, &documents, 0);
            let whole = writer.commit(ONE).unwrap();

            let writer = IndexWriter::create(&many).unwrap();
            let mut ends: Vec<usize> = cuts.iter().map(|cut| cut.index(documents.len())).collect();
            ends.push(documents.len());
            ends.sort_unstable();
            let mut begin = 0;
            for (number, end) in (0..).zip(ends) {
                write_part(&writer, number, &documents[begin..end].to_vec(), begin);
                begin = end;
            }
            prop_assert_eq!(writer.commit(ONE).unwrap(), whole);
            prop_assert!(files(&one) == files(&many));
        }
    }
}
