//! Commit point: `segments_N`, where N is in base 36 and grows by one at every commit; ours is `segments_1`.
//!
//! ```text
//! vint x3 version 9.0.0 · vint 9 (major version that made the index) · be64 1 (counter of commits)
//! vlong next number for a segment · be32 segments · vint x3 least version 9.0.0, if there are segments
//! per segment
//!   string name · 16 bytes id · string "Lucene90" · be64 -1 · be32 0 · be64 -1 · be64 -1 · be32 0
//!   u8 1 · 16 bytes id of the segment's entry in this commit · set of no files · be32 0
//! map of user data
//! ```
//!
//! The file is the commit: a folder of segments without it is no index. So it is written last, and appears whole.

use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use crate::durable::{sync_folder, write_whole};
use crate::lucene::error::{LuceneError, Result};
use crate::lucene::formats::segment_name::SegmentName;
use crate::lucene::store::codec::{Codec, Id, derived_id, put_footer};
use crate::lucene::store::input::{Input, open_small};
use crate::lucene::store::primitives::PutBytes;

const PREFIX: &str = "segments_";
const NAME: &str = "segments";
const VERSION: u32 = 10;
const CODEC: Codec<'static> = Codec {
    name: NAME,
    version: VERSION,
    suffix: "1",
};
/// Codec of our segments: the newest one that every Lucene from 9.0 to 10.x reads.
const SEGMENT_CODEC: &str = "Lucene90";
/// What an entry holds for a segment of which nothing was deleted or changed: the generation of the deletions, their
/// number, the generations of changed field infos and doc values, and the number of deletions that may be undone.
const UNCHANGED: (u64, u32, u64, u64, u32) = (u64::MAX, 0, u64::MAX, u64::MAX, 0);

/// What a program keeps with a commit, by key.
pub(crate) type UserData = BTreeMap<String, String>;

/// A segment of a commit.
#[derive(Debug, Clone)]
pub(crate) struct CommitEntry {
    pub(crate) segment: SegmentName,
    pub(crate) id: Id,
}

/// What a commit point says.
#[derive(Debug)]
pub(crate) struct CommitPoint {
    pub(crate) segments: Vec<CommitEntry>,
    pub(crate) user_data: UserData,
    /// Length of the file.
    pub(crate) bytes: u64,
}

/// Writes the commit point of segments, which lie in the folder under the numbers 0, 1, 2 …, and returns its length.
/// Its temporary file is made in `temporary`, so that a killed commit leaves no such file among the segments.
pub(crate) fn write(dir: &Path, temporary: &Path, ids: &[Id], user_data: &UserData) -> Result<u64> {
    let bytes = encode(dir, ids, user_data)?;
    sync_folder(dir)?;
    write_whole(temporary, &path(dir), &bytes)?;
    Ok(bytes.len() as u64)
}

/// Returns true if a folder has an index that was committed.
#[must_use]
pub fn is_index(dir: &Path) -> bool {
    path(dir).exists()
}

fn path(dir: &Path) -> PathBuf {
    dir.join("segments_1")
}

fn encode(dir: &Path, ids: &[Id], user_data: &UserData) -> Result<Vec<u8>> {
    let count = u32::try_from(ids.len()).map_err(|_| LuceneError::TooMany {
        what: "more than 2^32 segments",
    })?;
    let mut out = Vec::new();
    CODEC.put_header(&commit_id(ids, user_data), &mut out);
    out.put(&[9, 0, 0, 9]);
    out.be64(1);
    out.vlen(ids.len());
    out.be32(count);
    if count > 0 {
        out.put(&[9, 0, 0]);
    }
    for (number, id) in (0..).zip(ids) {
        put_entry(&SegmentName::new(dir, number), id, &mut out);
    }
    let entries: Vec<_> = user_data
        .iter()
        .map(|(key, value)| (key.as_str(), value.as_str()))
        .collect();
    out.map(&entries);
    put_footer(&mut out);
    Ok(out)
}

/// Returns the id of the commit, which depends on all that is in it.
fn commit_id(ids: &[Id], user_data: &UserData) -> Id {
    let mut parts = ids.to_vec();
    for (key, value) in user_data {
        parts.push(derived_id(key, &[derived_id(value, &[])]));
    }
    derived_id("splade-export commit 1", &parts)
}

fn put_entry(segment: &SegmentName, id: &Id, out: &mut Vec<u8>) {
    out.string(segment.name());
    out.put(id);
    out.string(SEGMENT_CODEC);
    out.be64(UNCHANGED.0);
    out.be32(UNCHANGED.1);
    out.be64(UNCHANGED.2);
    out.be64(UNCHANGED.3);
    out.be32(UNCHANGED.4);
    out.u8(1);
    out.put(&derived_id("splade-export segment commit 1", &[*id]));
    out.vint(0);
    out.be32(0);
}

/// Reads the newest commit point of an index of ours.
pub(crate) fn read(dir: &Path) -> Result<CommitPoint> {
    let suffix = newest_suffix(dir)?.ok_or_else(|| LuceneError::NoIndex {
        path: dir.to_owned(),
    })?;
    let path = dir.join(format!("{PREFIX}{suffix}"));
    let codec = Codec {
        name: NAME,
        version: VERSION,
        suffix: &suffix,
    };
    let (mut input, _) = open_small(&path, codec, None)?;
    for _version in 0..3 {
        input.vint()?;
    }
    let _created_by = input.vint()?;
    let _counter = input.be64()?;
    let _next_number = input.vlong()?;
    let count = input.be32()?;
    if count > 0 {
        for _least_version in 0..3 {
            input.vint()?;
        }
    }
    let mut segments = Vec::new();
    for _ in 0..count {
        segments.push(read_entry(dir, &mut input)?);
    }
    let user_data = input.map()?.into_iter().collect();
    Ok(CommitPoint {
        segments,
        user_data,
        bytes: input.length(),
    })
}

/// Returns the N of the newest `segments_N` in a folder, if it has one.
fn newest_suffix(dir: &Path) -> Result<Option<String>> {
    let mut newest: Option<(u64, String)> = None;
    let entries = match fs_err::read_dir(dir) {
        Ok(entries) => entries,
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {
            return Ok(None);
        }
        Err(error) => return Err(error.into()),
    };
    for entry in entries {
        let name = entry?.file_name();
        let suffix = name.to_str().and_then(|name| name.strip_prefix(PREFIX));
        if let Some((generation, suffix)) =
            suffix.and_then(|suffix| Some((u64::from_str_radix(suffix, 36).ok()?, suffix)))
            && newest
                .as_ref()
                .is_none_or(|(largest, _)| generation > *largest)
        {
            newest = Some((generation, suffix.to_owned()));
        }
    }
    Ok(newest.map(|(_, suffix)| suffix))
}

/// Reads the entry of a segment. Deleted documents and changed fields are refused: we do not write them.
fn read_entry(dir: &Path, input: &mut Input) -> Result<CommitEntry> {
    let name = input.string()?;
    let segment = SegmentName::parse(dir, &name)
        .ok_or_else(|| input.corrupt("a segment has no proper name"))?;
    let mut id = Id::default();
    id.copy_from_slice(input.take(16)?);
    let codec = input.string()?;
    let state = (
        input.be64()?,
        input.be32()?,
        input.be64()?,
        input.be64()?,
        input.be32()?,
    );
    if codec != SEGMENT_CODEC {
        return Err(input.not_ours(format!("segment {name} has the codec {codec}")));
    }
    if state != UNCHANGED {
        return Err(input.not_ours(format!(
            "documents of segment {name} were deleted or changed"
        )));
    }
    if input.u8()? == 1 {
        input.take(16)?;
    }
    if input.vint()? != 0 || input.be32()? != 0 {
        return Err(input.not_ours(format!("fields of segment {name} were changed")));
    }
    Ok(CommitEntry { segment, id })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_commit_point_is_read_back() {
        let dir = tempfile::tempdir().unwrap();
        let dir = dir.path();
        let user_data = UserData::from([("b".to_owned(), "é".to_owned())]);
        let ids = [[1; 16], [2; 16]];
        let bytes = write(dir, dir, &ids, &user_data).unwrap();
        assert_eq!(fs_err::metadata(path(dir)).unwrap().len(), bytes);
        let found = read(dir).unwrap();
        assert_eq!(found.user_data, user_data);
        let names: Vec<_> = found
            .segments
            .iter()
            .map(|entry| (entry.segment.name(), entry.id))
            .collect();
        assert_eq!(names, [("_0", ids[0]), ("_1", ids[1])]);
    }

    #[test]
    fn the_newest_commit_point_is_the_one_with_the_largest_number() {
        let dir = tempfile::tempdir().unwrap();
        for name in [
            "segments_9",
            "segments_z",
            "segments_10",
            "segments_",
            "segments.gen",
        ] {
            fs_err::write(dir.path().join(name), "").unwrap();
        }
        let newest = newest_suffix(dir.path()).unwrap();
        assert_eq!(newest.as_deref(), Some("10"));
    }
}
