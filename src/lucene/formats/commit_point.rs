//! Commit point: `segments_N`, N in base 36 and one more at every commit; ours is `segments_1`.
//!
//! ```text
//! vint x3 version 9.0.0 · vint 9 (major version that made the index) · be64 1 (counter of commits)
//! vlong next number for a segment · be32 segments · vint x3 least version 9.0.0, if there are segments
//! per segment
//!   string name · 16 bytes id · string "Lucene90" · be64 -1 · be32 0 · be64 -1 · be64 -1 · be32 0
//!   u8 1 · 16 bytes id of its part in this commit · set of no files · be32 0
//! map of no user data
//! ```
//!
//! The file is the commit: a folder of segments without it is no index. So it is written last, and appears whole.

use std::path::{Path, PathBuf};

use crate::durable::{sync_folder, write_whole};
use crate::lucene::error::{LuceneError, Result};
use crate::lucene::formats::segment_name::SegmentName;
use crate::lucene::store::input::open_small;
use crate::lucene::store::output::{Id, derived_id, put_footer, put_index_header};
use crate::lucene::store::primitives::PutBytes;

const CODEC: &str = "segments";
const VERSION: u32 = 10;
/// Codec of our segments: the newest one that every Lucene from 9.0 to 10.x reads.
const SEGMENT_CODEC: &str = "Lucene90";

/// Writes the commit point of segments, which lie in the folder under the numbers 0, 1, 2 …; returns its bytes. Its
/// temporary file is made in `temporary`, so that a killed commit leaves no file of another name among the segments.
pub(crate) fn write(dir: &Path, temporary: &Path, ids: &[Id]) -> Result<u64> {
    let count = u32::try_from(ids.len()).map_err(|_| LuceneError::TooMany {
        what: "more than 2^32 segments",
    })?;
    let mut out = Vec::new();
    put_index_header(
        CODEC,
        VERSION,
        &derived_id("splade-export commit 1", ids),
        "1",
        &mut out,
    );
    out.put(&[9, 0, 0, 9]);
    out.be64(1);
    out.vlen(ids.len());
    out.be32(count);
    if count > 0 {
        out.put(&[9, 0, 0]);
    }
    for (number, id) in ids.iter().enumerate() {
        out.string(SegmentName::new(dir, number as u64).name());
        out.put(id);
        out.string(SEGMENT_CODEC);
        out.be64(u64::MAX);
        out.be32(0);
        out.be64(u64::MAX);
        out.be64(u64::MAX);
        out.be32(0);
        out.u8(1);
        out.put(&derived_id("splade-export segment commit 1", &[*id]));
        out.vint(0);
        out.be32(0);
    }
    out.vint(0);
    put_footer(&mut out);

    sync_folder(dir)?;
    write_whole(temporary, &path(dir), &out)?;
    Ok(out.len() as u64)
}

fn path(dir: &Path) -> PathBuf {
    dir.join("segments_1")
}

/// Returns true if our commit was made.
pub(crate) fn exists(dir: &Path) -> bool {
    path(dir).exists()
}

/// A segment of a commit.
#[derive(Debug, Clone)]
pub(crate) struct CommitEntry {
    pub(crate) segment: SegmentName,
    pub(crate) id: Id,
}

/// Reads the newest commit of an index of ours.
pub(crate) fn read(dir: &Path) -> Result<Vec<CommitEntry>> {
    let mut newest: Option<(u64, String)> = None;
    let entries = match fs_err::read_dir(dir) {
        Ok(entries) => entries,
        Err(error)
            if matches!(
                error.kind(),
                std::io::ErrorKind::NotFound | std::io::ErrorKind::NotADirectory
            ) =>
        {
            return Err(LuceneError::NoIndex {
                path: dir.to_owned(),
            });
        }
        Err(error) => return Err(error.into()),
    };
    for entry in entries {
        let name = entry?.file_name();
        let suffix = name
            .to_str()
            .and_then(|name| name.strip_prefix("segments_"));
        if let Some((generation, suffix)) =
            suffix.and_then(|s| Some((u64::from_str_radix(s, 36).ok()?, s)))
            && newest
                .as_ref()
                .is_none_or(|(largest, _)| generation > *largest)
        {
            newest = Some((generation, suffix.to_owned()));
        }
    }
    let (_, suffix) = newest.ok_or_else(|| LuceneError::NoIndex {
        path: dir.to_owned(),
    })?;
    let path = dir.join(format!("segments_{suffix}"));
    let (mut input, _) = open_small(&path, CODEC, VERSION, None, &suffix)?;
    for _version in 0..3 {
        input.vint()?;
    }
    input.vint()?;
    input.be64()?;
    input.vlong()?;
    let count = input.be32()?;
    if count > 0 {
        for _least_version in 0..3 {
            input.vint()?;
        }
    }
    let mut segments = Vec::new();
    for _ in 0..count {
        let name = input.string()?;
        let segment = SegmentName::parse(dir, &name)
            .ok_or_else(|| input.corrupt("a segment has no proper name"))?;
        let mut id = Id::default();
        id.copy_from_slice(input.take(16)?);
        let codec = input.string()?;
        let generations = (
            input.be64()?,
            input.be32()?,
            input.be64()?,
            input.be64()?,
            input.be32()?,
        );
        if codec != SEGMENT_CODEC {
            return Err(LuceneError::not_ours(
                &path,
                format!("segment {name} has the codec {codec}"),
            ));
        }
        if generations != (u64::MAX, 0, u64::MAX, u64::MAX, 0) {
            return Err(LuceneError::not_ours(
                &path,
                format!("documents of segment {name} were deleted or changed"),
            ));
        }
        if input.u8()? == 1 {
            input.take(16)?;
        }
        if input.vint()? != 0 || input.be32()? != 0 {
            return Err(LuceneError::not_ours(
                &path,
                format!("fields of segment {name} were changed"),
            ));
        }
        segments.push(CommitEntry { segment, id });
    }
    Ok(segments)
}
