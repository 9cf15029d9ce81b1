//! What a run reports while it goes on.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use super::timings::Timings;
use crate::corpus::{Inputs, PartReader, ReadProgress, ReadSummary};
use crate::encoder::SpladeEncoder;
use crate::pipeline::{self, EncodeProgress, PartSink};
use crate::run::Damaged;

/// What a run reports while it goes on.
#[derive(Debug)]
#[non_exhaustive]
pub enum Event {
    /// The files that are about to be read, and those beside them that are not.
    Found(Inputs),
    /// The first document is about to be read; a display can watch both counters.
    Started(ReadProgress, Arc<EncodeProgress>),
    /// Another run is writing to this output, and its end is waited for.
    Waiting(PathBuf),
    /// Parts of an earlier run are kept.
    Kept {
        /// Number of parts.
        parts: usize,
        /// Number of documents in them.
        documents: u64,
    },
    /// Everything was read.
    Read(ReadSummary),
    /// The last part was written.
    Ended(Timings),
    /// An earlier run completed everything, and it is as it was written.
    Finished,
    /// Something is done as it was asked for, and loses something.
    Warning(String),
    /// A part of an earlier run cannot be used and is written again.
    Damaged(Damaged),
}

/// Callback that receives events.
pub type EventHandler<'a> = dyn FnMut(Event) + 'a;

/// Encodes all parts of a reader and reports how long it took.
pub(super) fn encode_parts(
    encoder: &SpladeEncoder,
    reader: &mut PartReader,
    keep_text: bool,
    events: &mut EventHandler<'_>,
    sink: &dyn PartSink,
) -> anyhow::Result<()> {
    let progress: Arc<EncodeProgress> = Arc::default();
    let started = Instant::now();
    events(Event::Started(reader.progress(), Arc::clone(&progress)));
    pipeline::run(encoder, reader, keep_text, &progress, sink)?;
    let timings = Timings::new(&progress, started.elapsed(), encoder.workers());
    events(Event::Ended(timings));
    Ok(())
}
