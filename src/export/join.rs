//! `splade-export join`: the collections, and indexes, of runs that made some parts each, -> one.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

use anyhow::Context;
use fs_err as fs;
use sha2::{Digest, Sha256};

use super::{Event, EventHandler, Exported, IndexSettings};
use crate::collection::{
    Accounting, CollectionError, CollectionWriter, Counts, DOCUMENTS, Home, Manifest, Opened,
    PartInfo, REJECTED, Run, SettingDifference, Share, Stage,
};
use crate::corpus::{PartSelection, RejectedRecord};
use crate::lucene::{ShardIndex, join_indexes};
use crate::stop::Stop;

/// What `join` reads and writes.
#[derive(Debug, Clone)]
pub struct JoinOptions {
    /// The folders of the shares, in any order.
    pub shares: Vec<PathBuf>,
    /// The folder to make.
    pub output: PathBuf,
    /// True to go on with what is there.
    pub resume: bool,
    /// The index to make, and those of the shares, in the order of [`JoinOptions::shares`].
    pub index: Option<(PathBuf, Vec<PathBuf>)>,
    /// What the index is like.
    pub settings: IndexSettings,
}

struct OpenShare {
    folder: PathBuf,
    manifest: Manifest,
    share: Share,
}

/// Makes one collection of shares: byte for byte that of one run that made all parts.
///
/// # Errors
/// Where shares were made with other settings or of other input, where a part is missing, there twice or damaged.
pub fn join(
    options: &JoinOptions,
    stop: &Stop,
    watch: &mut EventHandler<'_>,
) -> anyhow::Result<Exported> {
    if let Some((_, indexes)) = &options.index {
        anyhow::ensure!(
            indexes.len() == options.shares.len(),
            "{} collections but {} indexes: give each share's index, in the order of the shares",
            options.shares.len(),
            indexes.len()
        );
    }
    let shares = options
        .shares
        .iter()
        .map(|folder| open(folder))
        .collect::<anyhow::Result<Vec<_>>>()?;
    let first = shares.first().context("there is nothing to join")?;
    let run = whole(&first.manifest);
    for share in &shares {
        if let Some(difference) = SettingDifference::between(&run, &whole(&share.manifest)) {
            anyhow::bail!(
                "{} and {} are not of one run: {difference}",
                first.folder.display(),
                share.folder.display()
            );
        }
    }
    let parts = parts_of(&shares)?;
    check_input(&shares, &parts)?;
    let manifest = write(options, &shares, &parts, &run, stop, watch)?;
    let index = match &options.index {
        None => None,
        Some((output, folders)) => {
            let indexes: Vec<_> = shares
                .iter()
                .zip(folders)
                .map(|(share, folder)| ShardIndex {
                    folder: folder.clone(),
                    collection: share.folder.clone(),
                    origin: None,
                    parts: share
                        .manifest
                        .parts
                        .iter()
                        .filter_map(|part| {
                            let with_terms = part.counts.documents - part.counts.empty;
                            Some((part.index()?, with_terms))
                        })
                        .collect(),
                })
                .collect();
            Some(join_indexes(
                &indexes,
                output,
                options.settings.commit(),
                None,
            )?)
        }
    };
    Ok(Exported {
        manifest: Some(manifest),
        index,
    })
}

fn open(folder: &Path) -> anyhow::Result<OpenShare> {
    let mut manifest = Manifest::read(folder)?.ok_or_else(|| CollectionError::NoManifest {
        path: folder.to_owned(),
    })?;
    let share = manifest.share.take().with_context(|| {
        format!(
            "{}: this collection is not a share; only what was made with --parts can be joined",
            folder.display()
        )
    })?;
    Ok(OpenShare {
        folder: folder.to_owned(),
        manifest,
        share,
    })
}

/// The run that makes all parts.
fn whole(manifest: &Manifest) -> Run {
    let mut settings = manifest.settings.clone();
    settings.selection = PartSelection::All;
    Run {
        settings,
        index: None,
    }
}

/// Each part with the place of its file.
fn parts_of(shares: &[OpenShare]) -> anyhow::Result<BTreeMap<usize, (PathBuf, &PartInfo)>> {
    let mut parts = BTreeMap::new();
    for share in shares {
        for part in &share.manifest.parts {
            let index = part
                .index()
                .with_context(|| format!("{}: part {:?}", share.folder.display(), part.name))?;
            let path = share.folder.join(DOCUMENTS).join(&part.name);
            if let Some((first, _)) = parts.insert(index, (path.clone(), part)) {
                anyhow::bail!(
                    "part {index} is there twice: {} and {}; leave one of the shares out",
                    first.display(),
                    path.display()
                );
            }
        }
    }
    Ok(parts)
}

/// Nothing is missing, and all shares were made of the same input.
fn check_input(
    shares: &[OpenShare],
    parts: &BTreeMap<usize, (PathBuf, &PartInfo)>,
) -> anyhow::Result<()> {
    let ends = || {
        shares
            .iter()
            .filter_map(|share| Some((share, share.share.end.as_ref()?)))
    };
    let Some((_, end)) = ends().next() else {
        anyhow::bail!(
            "the last parts are missing: no share has reached the end of the input (part {} is the last one here)",
            parts.keys().next_back().map_or(0, |last| *last)
        );
    };
    let missing: Vec<_> = (0..end.parts)
        .filter(|index| !parts.contains_key(index))
        .collect();
    if let Some(index) = missing.first() {
        anyhow::bail!(
            "{} of {} parts are missing, the first is part {index}; add the shares that hold them",
            missing.len(),
            end.parts
        );
    }
    let differs = |share: &OpenShare| {
        anyhow::anyhow!(
            "{}: this share was made of other input than the others; make it again",
            share.folder.display()
        )
    };
    if let Some((share, _)) = ends().find(|(_, other)| *other != end) {
        return Err(differs(share));
    }
    for share in shares {
        let first = share.manifest.parts.first().and_then(PartInfo::index);
        let before = first
            .and_then(|index| index.checked_sub(1))
            .and_then(|index| parts.get(&index));
        if first.is_some()
            && share.share.before.as_ref() != before.map(|(_, part)| &part.input_sha256)
        {
            return Err(differs(share));
        }
    }
    Ok(())
}

fn write(
    options: &JoinOptions,
    shares: &[OpenShare],
    parts: &BTreeMap<usize, (PathBuf, &PartInfo)>,
    run: &Run,
    stop: &Stop,
    watch: &mut EventHandler<'_>,
) -> anyhow::Result<Manifest> {
    let home = Home::Collection(&options.output);
    let writer = if options.resume {
        let damaged = &mut |damaged| watch(Event::Damaged(damaged));
        match CollectionWriter::resume(home, run, damaged)? {
            Opened::Writing(writer) => *writer,
            Opened::Finished(manifest) => {
                watch(Event::Finished);
                return Ok(*manifest);
            }
        }
    } else {
        CollectionWriter::create(home, run)?
    };
    let written = copy(&writer, shares, parts, stop).and_then(|accounting| {
        let mut counts = Counts::default();
        for (_, part) in parts.values() {
            counts.add(&part.counts);
        }
        let manifest = Manifest {
            settings: run.settings.clone(),
            share: None,
            accounting,
            counts,
            parts: parts.values().map(|(_, part)| (*part).clone()).collect(),
        };
        writer.finish(&manifest)?;
        Ok(manifest)
    });
    written.map_err(|error| match writer.abandon() {
        0 => error,
        kept => error.context(format!(
            "{kept} parts are copied; go on with the same command and --resume"
        )),
    })
}

fn copy(
    writer: &CollectionWriter,
    shares: &[OpenShare],
    parts: &BTreeMap<usize, (PathBuf, &PartInfo)>,
    stop: &Stop,
) -> anyhow::Result<Accounting> {
    let done = writer.parts(Stage::Part);
    for (&index, (path, part)) in parts {
        stop.check()?;
        if done.get(&index) != Some(part) {
            writer.copy_part(index, path, part)?;
        }
    }
    let mut accounting = Accounting::default();
    for share in shares {
        accounting.read += share.manifest.accounting.read;
        accounting.written += share.manifest.accounting.written;
        accounting.rejected += share.manifest.accounting.rejected;
    }
    if accounting.rejected > 0 {
        let mut file = writer.rejected()?;
        merge_rejected(shares, |line| Ok(file.add_line(line)?))?;
        accounting.rejected_sha256 = Some(writer.keep_rejected(file)?);
    }
    Ok(accounting)
}

/// The rejected records of all shares in the order of the input.
fn merge_rejected(
    shares: &[OpenShare],
    mut each: impl FnMut(&str) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    let mut files = Vec::new();
    for share in shares {
        let Some(sha256) = &share.manifest.accounting.rejected_sha256 else {
            continue;
        };
        let path = share.folder.join(REJECTED);
        let mut file = Rejected {
            lines: BufReader::new(Hashing {
                file: fs::File::open(&path)?,
                sha256: Sha256::new(),
            }),
            next: None,
            path,
            expected: sha256.clone(),
        };
        file.advance()?;
        files.push(file);
    }
    loop {
        let next = files.iter_mut().filter(|file| file.next.is_some());
        let next = next.min_by_key(|file| file.next.as_ref().map_or(0, |(record, _)| *record));
        let Some(file) = next else {
            return Ok(());
        };
        if let Some((_, line)) = &file.next {
            each(line)?;
        }
        file.advance()?;
    }
}

struct Rejected {
    lines: BufReader<Hashing>,
    next: Option<(u64, String)>,
    path: PathBuf,
    expected: String,
}

struct Hashing {
    file: fs::File,
    sha256: Sha256,
}

impl Read for Hashing {
    fn read(&mut self, buf: &mut [u8]) -> std::io::Result<usize> {
        let n = self.file.read(buf)?;
        self.sha256.update(&buf[..n]);
        Ok(n)
    }
}

impl Rejected {
    fn advance(&mut self) -> anyhow::Result<()> {
        let mut line = String::new();
        self.next = None;
        if self.lines.read_line(&mut line)? == 0 {
            let found = crate::hex(&self.lines.get_ref().sha256.clone().finalize());
            anyhow::ensure!(
                found == self.expected,
                "{}: its SHA-256 is not that of what was written; make the share again",
                self.path.display()
            );
            return Ok(());
        }
        let record: RejectedRecord = serde_json::from_str(&line)
            .with_context(|| format!("{}: not a rejected record", self.path.display()))?;
        self.next = Some((record.record, line));
        Ok(())
    }
}
