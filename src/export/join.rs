//! Joins the outputs of runs that encoded some parts each.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use anyhow::Context;

use super::documents::{DocumentsSummary, abandon};
use super::event::{Event, EventHandler};
use super::open_run::{ResumeOutcome, await_lock, open_run, run_identity};
use super::rejected_merge::join_accounting;
use super::run_writer::RunWriter;
use crate::collection::{DOCUMENTS, MANIFEST, Manifest};
use crate::corpus::{PartSelection, ReadProgress};
use crate::error::Result;
use crate::output::{Output, ShardOutput};
use crate::pipeline::EncodeProgress;
use crate::quote::{self, Quoted};
use crate::run::{
    Accounting, FinishedRun, PartKind, PartRecord, RunSettings, SettingDifference, Shard,
};
use crate::stop::Stop;

/// What [`join_shards`] reads.
#[derive(Debug, Clone)]
pub struct JoinOptions {
    /// The collections of the shards, in any order.
    pub shards: Vec<PathBuf>,
    /// For each further output, those of the shards, in the order of [`JoinOptions::shards`].
    pub others: Vec<Vec<PathBuf>>,
    /// Whether to go on with what an interrupted run left.
    pub resume: bool,
    /// How long to wait for the end of another run that is writing to the collection, before going on with it.
    pub wait_for_lock: Duration,
}

struct OpenShard<'o> {
    /// The shard's outputs, its collection first.
    folders: Vec<&'o Path>,
    manifest: Manifest,
    shard: Shard,
    parts: BTreeMap<usize, PartRecord>,
}

impl OpenShard<'_> {
    fn collection(&self) -> &Path {
        self.folders.first().copied().unwrap_or(Path::new(""))
    }
}

/// A part and the shard that has it.
type FoundParts<'s> = BTreeMap<usize, (&'s OpenShard<'s>, &'s PartRecord)>;

/// Makes one output of the shards' outputs, for each of `outputs`: byte for byte those of one run that encoded all parts.
/// The first is the collection.
///
/// # Errors
/// If shards were made with other settings or of other input, or a part is missing, there twice or damaged.
pub fn join_shards(
    options: &JoinOptions,
    outputs: Vec<Box<dyn Output>>,
    stop: &Stop,
    events: &mut EventHandler<'_>,
) -> Result<DocumentsSummary> {
    let shards = open_shards(options, &outputs)?;
    let first = shards.first().context("there is nothing to join")?;
    let settings = whole(&first.manifest);
    for shard in &shards {
        if let Some(difference) = SettingDifference::between(&settings, &whole(&shard.manifest)) {
            return Err(anyhow::anyhow!(
                "{} and {} are not of one run: {difference}",
                quote::path(first.collection()),
                quote::path(shard.collection())
            )
            .into());
        }
    }
    let parts = find_parts(&shards)?;
    check_input(&shards, &parts)?;
    check_outputs(&shards, &outputs)?;
    let identity = run_identity(settings, &outputs);
    await_lock(&outputs, options.wait_for_lock, stop, events)?;
    let damaged = &mut |damaged| events(Event::Damaged(damaged));
    let writer = match open_run(outputs, &identity, None, options.resume, damaged)? {
        ResumeOutcome::Writing(writer) => writer,
        ResumeOutcome::Finished(run, outputs) => {
            events(Event::Finished);
            return Ok(DocumentsSummary { run, outputs });
        }
    };
    let progress = Progress::new(&parts);
    events(Event::Started(
        progress.read.clone(),
        Arc::clone(&progress.copied),
    ));
    let joined = copy(&writer, &shards, &parts, &progress, stop).and_then(|accounting| {
        let run = FinishedRun {
            settings: identity.settings,
            shard: None,
            accounting,
            parts: writer.parts(PartKind::Final),
        };
        let outputs = writer.commit(&run)?;
        Ok(DocumentsSummary {
            run: Some(run),
            outputs,
        })
    });
    joined.map_err(|error| abandon(writer, error).into())
}

fn open_shards<'o>(
    options: &'o JoinOptions,
    outputs: &[Box<dyn Output>],
) -> anyhow::Result<Vec<OpenShard<'o>>> {
    for folders in &options.others {
        anyhow::ensure!(
            folders.len() == options.shards.len(),
            "{} collections but {} indexes: give each shard's index, in the order of the shards",
            options.shards.len(),
            folders.len()
        );
    }
    let format = outputs.first().map_or("", |output| output.format());
    let shards = options.shards.iter().enumerate().map(|(number, folder)| {
        let mut folders = vec![folder.as_path()];
        folders.extend(options.others.iter().map(|others| others[number].as_path()));
        open(folders, folder, format)
    });
    shards.collect()
}

fn open<'o>(
    folders: Vec<&'o Path>,
    collection: &Path,
    format: &str,
) -> anyhow::Result<OpenShard<'o>> {
    let mut manifest = Manifest::require(collection)?;
    let shard = manifest.shard.take().with_context(|| {
        format!(
            "{}: this collection is not a shard; only what was made with `parts` can be joined",
            quote::path(collection)
        )
    })?;
    let mut parts = BTreeMap::new();
    for part in &manifest.parts {
        let number = part.number().with_context(|| {
            let manifest = quote::path(&collection.join(MANIFEST));
            let name = Quoted(&part.file.name);
            format!(
                "{manifest}: a part cannot be named {name}; make the shard again, in another folder"
            )
        })?;
        parts.insert(number, part.record(format));
    }
    Ok(OpenShard {
        folders,
        manifest,
        shard,
        parts,
    })
}

/// Returns the settings of the run that encodes all parts.
fn whole(manifest: &Manifest) -> RunSettings {
    RunSettings {
        selection: PartSelection::All,
        ..manifest.settings.clone()
    }
}

/// Finds each part in the one shard that has it.
fn find_parts<'s>(shards: &'s [OpenShard<'s>]) -> anyhow::Result<FoundParts<'s>> {
    let mut parts: FoundParts<'s> = BTreeMap::new();
    for shard in shards {
        for (&number, record) in &shard.parts {
            if let Some((first, _)) = parts.insert(number, (shard, record)) {
                anyhow::bail!(
                    "part {number} is there twice: in {} and in {}; leave one of the shards out",
                    quote::path(&first.collection().join(DOCUMENTS)),
                    quote::path(&shard.collection().join(DOCUMENTS))
                );
            }
        }
    }
    Ok(parts)
}

/// Checks that nothing is missing and that all shards were made of the same input.
fn check_input(shards: &[OpenShard<'_>], parts: &FoundParts<'_>) -> anyhow::Result<()> {
    let ends = || {
        shards
            .iter()
            .filter_map(|shard| Some((shard, shard.shard.end.as_ref()?)))
    };
    let Some((_, end)) = ends().next() else {
        anyhow::bail!(
            "the last parts are missing: no shard has reached the end of the input (part {} is the last one here)",
            parts.keys().next_back().map_or(0, |last| *last)
        );
    };
    let missing: Vec<_> = (0..end.parts)
        .filter(|number| !parts.contains_key(number))
        .collect();
    if let Some(number) = missing.first() {
        anyhow::bail!(
            "{} of {} parts are missing, the first is part {number}; add the shards that hold them",
            missing.len(),
            end.parts
        );
    }
    let differs = |shard: &OpenShard<'_>| {
        anyhow::anyhow!(
            "{}: this shard was made of other input than the others; make it again of the same input, in another folder",
            quote::path(shard.collection())
        )
    };
    if let Some((shard, _)) = ends().find(|(_, other)| *other != end) {
        return Err(differs(shard));
    }
    for shard in shards {
        let first = shard.parts.keys().next();
        let before = first
            .and_then(|number| number.checked_sub(1))
            .and_then(|number| parts.get(&number));
        let digest = before.map(|(_, part)| &part.input_sha256);
        if first.is_some() && shard.shard.before.as_ref() != digest {
            return Err(differs(shard));
        }
    }
    Ok(())
}

/// Checks that each output of a shard belongs to it.
fn check_outputs(shards: &[OpenShard<'_>], outputs: &[Box<dyn Output>]) -> Result<()> {
    for (number, output) in outputs.iter().enumerate() {
        let of_shards: Vec<_> = shards
            .iter()
            .map(|shard| ShardOutput {
                folder: shard.folders[number],
                home: shard.collection(),
                settings: &shard.manifest.settings,
                parts: &shard.parts,
            })
            .collect();
        output.check_shards(&of_shards)?;
    }
    Ok(())
}

/// How many documents were copied, for a display.
struct Progress {
    read: ReadProgress,
    copied: Arc<EncodeProgress>,
}

impl Progress {
    fn new(parts: &FoundParts<'_>) -> Self {
        let documents = parts.values().map(|(_, part)| part.counts.documents);
        Self {
            read: ReadProgress::of(documents.sum()),
            copied: Arc::default(),
        }
    }

    fn add(&self, documents: u64) {
        self.read.add(documents);
        self.copied.read.fetch_add(documents, Ordering::Relaxed);
        self.copied
            .documents
            .fetch_add(documents, Ordering::Relaxed);
    }
}

fn copy(
    writer: &RunWriter,
    shards: &[OpenShard<'_>],
    parts: &FoundParts<'_>,
    progress: &Progress,
    stop: &Stop,
) -> anyhow::Result<Accounting> {
    for (&number, (shard, record)) in parts {
        stop.check()?;
        writer.adopt_part(number, &shard.folders, record)?;
        progress.add(record.counts.documents);
    }
    let of_shards = shards.iter().map(|shard| {
        let accounting = shard.manifest.accounting.clone();
        (shard.collection().to_owned(), accounting)
    });
    join_accounting(writer, of_shards)
}
