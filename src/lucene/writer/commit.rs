//! Puts segments into the folder of an index, and makes the commit point that names them.
//!
//! Segments get their numbers in order and are linked (or copied, where links are not possible) into the folder, or
//! merged into fewer. The commit point is written last: before it there is no index in the folder, after it there is a
//! whole one.

use std::path::Path;

use crate::durable::{fault, regular_metadata};
use crate::lucene::error::{LuceneError, Result};
use crate::lucene::formats::commit_point::{CommitEntry, UserData};
use crate::lucene::formats::segment_name::SegmentName;
use crate::lucene::formats::{commit_point, segment_info};
use crate::lucene::limits::MAX_DOCUMENTS;
use crate::lucene::origin::IndexOrigin;
use crate::lucene::reader::segment_reader::SegmentReader;
use crate::lucene::reader::term_merge;
use crate::lucene::statistics::{IndexSummary, Totals};
use crate::lucene::writer::merge;
use crate::stop::{Stop, UntilStop};

/// Settings of a commit.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct CommitOptions {
    /// The most segments that the index may have: neighboring ones are merged. 1 is Lucene's "force merge", `None`
    /// merges nothing.
    pub max_segments: Option<usize>,
}

/// Makes an index of segments in `dir`, which says that it has this origin, if one is given, unless a stop is asked for. The
/// temporary file of the commit point is written in `temporary`.
pub(crate) fn commit(
    dir: &Path,
    temporary: &Path,
    readers: &[SegmentReader],
    mut totals: Totals,
    options: CommitOptions,
    origin: Option<&IndexOrigin>,
    stop: &Stop,
) -> Result<IndexSummary> {
    totals.documents = count_documents(readers)?;
    if readers.len() > 1 {
        term_merge::check_docids(readers, stop)?;
    }
    let terms = term_merge::count_terms(readers, stop)?;
    let mut ids = Vec::new();
    let mut bytes = 0;
    let groups = group_segments(readers, options.max_segments.unwrap_or(usize::MAX));
    for (number, group) in (0..).zip(groups) {
        let name = SegmentName::new(dir, number);
        match group {
            [segment] => link_segment(segment, &name, stop)?,
            group => merge::merge(group, name.clone(), stop)?,
        }
        let id = segment_info::read_id(&name)?;
        bytes += SegmentReader::open(CommitEntry { segment: name, id })?.bytes()?;
        ids.push(id);
    }
    let user_data = origin.map_or_else(UserData::new, IndexOrigin::to_user_data);
    stop.check()?;
    bytes += commit_point::write(dir, temporary, &ids, &user_data)?;
    Ok(IndexSummary {
        totals,
        terms,
        segments: ids.len(),
        bytes,
    })
}

fn count_documents(readers: &[SegmentReader]) -> Result<u64> {
    let documents = readers
        .iter()
        .map(|reader| u64::from(reader.documents))
        .sum();
    if documents > u64::from(MAX_DOCUMENTS) {
        return Err(LuceneError::TooMany {
            what: "more than 2,147,483,519 documents in one index",
        });
    }
    Ok(documents)
}

/// Puts a segment into another folder and under another name: its files are linked or copied, and the segment info,
/// which has the name in it, is written again.
fn link_segment(segment: &SegmentReader, name: &SegmentName, stop: &Stop) -> Result<()> {
    for extension in SegmentName::extensions().filter(|extension| *extension != "si") {
        let (from, to) = (segment.name.file(extension), name.file(extension));
        regular_metadata(&from)?;
        fault::point("a link")?;
        if fs_err::hard_link(&from, &to).is_err() {
            copy(&from, &to, stop)?;
        }
    }
    segment_info::write(name, &segment.id, segment.documents)
}

/// Copies a file and writes it to disk.
fn copy(from: &Path, to: &Path, stop: &Stop) -> Result<()> {
    let mut reader = UntilStop {
        inner: fs_err::File::open(from)?,
        stop,
    };
    let mut file = fs_err::File::create(to)?;
    std::io::copy(&mut reader, &mut file).map_err(|error| match stop.check() {
        Ok(()) => error.into(),
        Err(interrupted) => LuceneError::from(interrupted),
    })?;
    Ok(file.sync_all()?)
}

/// Cuts segments into at most `max_groups` groups of neighbors with about the same number of documents.
fn group_segments(segments: &[SegmentReader], max_groups: usize) -> Vec<&[SegmentReader]> {
    if segments.len() <= max_groups.max(1) {
        return segments.chunks(1).collect();
    }
    let documents: u64 = segments
        .iter()
        .map(|segment| u64::from(segment.documents))
        .sum();
    let documents_per_group = documents.div_ceil(max_groups.max(1) as u64);
    let mut groups = Vec::new();
    let mut begin = 0;
    let mut seen = 0;
    for (i, segment) in segments.iter().enumerate() {
        seen += u64::from(segment.documents);
        let last = i + 1 == segments.len();
        if last
            || (seen >= documents_per_group * (groups.len() as u64 + 1)
                && groups.len() + 1 < max_groups)
        {
            groups.push(&segments[begin..=i]);
            begin = i + 1;
        }
    }
    groups
}
