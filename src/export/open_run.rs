//! Begins a run, or goes on with an earlier one.

use std::thread;
use std::time::{Duration, Instant};

use super::event::{Event, EventHandler};
use super::run_writer::RunWriter;
use crate::error::{Error, Result};
use crate::lucene::LuceneError;
use crate::output::{Output, OutputState, OutputSummary};
use crate::quote::{self, Name};
use crate::run::{
    Damaged, FinishedRun, Journal, PartKind, RunError, RunIdentity, RunSettings, SettingDifference,
};
use crate::stop::Stop;

/// Time between two looks at a lock that another run holds.
const LOCK_INTERVAL: Duration = Duration::from_millis(100);

/// What was found at the places of the outputs.
pub(super) enum ResumeOutcome {
    /// There is something to do.
    Writing(RunWriter),
    /// All was done by an earlier run, and is as it was written. An index alone does not keep what its run was.
    Finished(Option<FinishedRun>, Vec<OutputSummary>),
}

/// Returns what a run with these settings into these outputs is.
pub(super) fn run_identity(settings: RunSettings, outputs: &[Box<dyn Output>]) -> RunIdentity {
    let outputs = outputs
        .iter()
        .map(|output| (output.format().to_owned(), output.settings()));
    RunIdentity {
        settings,
        outputs: outputs.collect(),
    }
}

/// Waits until no other run writes to the first output, which has the journal, or `most` is over. A retry on another
/// machine may find the run that it replaces still alive.
pub(super) fn await_lock(
    outputs: &[Box<dyn Output>],
    most: Duration,
    stop: &Stop,
    events: &mut EventHandler<'_>,
) -> Result<()> {
    let Some(home) = outputs.first() else {
        return Ok(());
    };
    let folder = home.journal_folder();
    let started = Instant::now();
    let mut told = false;
    while started.elapsed() < most && Journal::is_locked(&folder) {
        stop.check()?;
        if !told {
            events(Event::Waiting(home.path().to_owned()));
            told = true;
        }
        thread::sleep(LOCK_INTERVAL);
    }
    Ok(())
}

/// Takes the places of new outputs, or, with `resume`, goes on with what an equal run left there.
pub(super) fn open_run(
    outputs: Vec<Box<dyn Output>>,
    identity: &RunIdentity,
    vocabulary: Option<&[String]>,
    resume: bool,
    on_damage: &mut dyn FnMut(Damaged),
) -> Result<ResumeOutcome> {
    let Some(home) = outputs.first() else {
        return Err(Error::setting(
            "nothing to write: name a collection, an index, or both",
        ));
    };
    if !resume {
        refuse_begun(&outputs)?;
    } else if home.state()? == OutputState::Finished {
        if let Some(finished) = inspect(&outputs, identity, on_damage)? {
            return Ok(finished);
        }
    } else {
        refuse_other(&**home, identity)?;
    }
    RunWriter::begin(outputs, identity, vocabulary, on_damage).map(ResumeOutcome::Writing)
}

/// Refuses what an unfinished run left: a new one would mix with it.
fn refuse_begun(outputs: &[Box<dyn Output>]) -> Result<()> {
    for output in outputs {
        if output.state()? == OutputState::Begun {
            let path = output.path().to_owned();
            return Err(if Journal::is_locked(&output.journal_folder()) {
                RunError::Locked { path }
            } else {
                RunError::Unfinished { path }
            }
            .into());
        }
    }
    Ok(())
}

/// Refuses to go on with what is not an unfinished run equal to this one.
fn refuse_other(home: &dyn Output, identity: &RunIdentity) -> Result<()> {
    let path = home.path();
    if home.state()? == OutputState::Foreign {
        let path = path.to_owned();
        return Err(RunError::NotOurs { path }.into());
    }
    if let Some(first) = Journal::identity(&home.journal_folder(), path)? {
        RunError::refuse(path, SettingDifference::between(&first, identity))?;
    }
    Ok(())
}

/// Verifies a finished run. Where parts of it are damaged, it becomes an unfinished one and `None` is returned.
fn inspect(
    outputs: &[Box<dyn Output>],
    identity: &RunIdentity,
    on_damage: &mut dyn FnMut(Damaged),
) -> Result<Option<ResumeOutcome>> {
    let Some((home, others)) = outputs.split_first() else {
        return Ok(None);
    };
    let path = home.path();
    let found = home.inspect()?;
    if let Some(settings) = found.settings() {
        let difference = SettingDifference::between(settings, &identity.settings);
        RunError::refuse(path, difference)?;
    }
    for output in outputs {
        if output.state()? == OutputState::Finished {
            output.check_run(&identity.settings)?;
        }
    }
    let folder = home.journal_folder();
    let left = folder.is_dir();
    if found.damaged.is_empty() {
        if left {
            Journal::open(folder, path)?.end()?;
        }
        let mut summaries = vec![found.summary];
        for output in others {
            summaries.push(inspect_other(&**home, &**output)?);
        }
        return Ok(Some(ResumeOutcome::Finished(found.run, summaries)));
    }
    found.damaged.into_iter().for_each(on_damage);
    let journal = Journal::open(folder, path)?;
    journal.begin(identity)?;
    if !others.is_empty() {
        // They were committed before this one.
        journal.record_commit()?;
    }
    for (number, part) in found.run.iter().flat_map(|run| &run.parts) {
        journal.record(PartKind::Final, *number, part)?;
    }
    home.reopen()?;
    Ok(None)
}

/// Verifies another output of a finished run.
fn inspect_other(home: &dyn Output, output: &dyn Output) -> Result<OutputSummary> {
    let problem = match output.inspect() {
        Ok(found) => match found.damaged.into_iter().next() {
            None => return Ok(found.summary),
            Some(damaged) => {
                let path = quote::path(&damaged.path);
                format!("{path}: {}", Name(&damaged.reason))
            }
        },
        Err(error) => match error.downcast_ref::<LuceneError>() {
            // The remedy of its message is one for an index without a collection.
            Some(LuceneError::Corrupt { path, what }) => {
                format!("{}: {}", quote::path(path), Name(what))
            }
            _ => error.to_string(),
        },
    };
    let command = output.remake_command();
    let command = if command.starts_with("index") {
        let [home, path] = [home.path(), output.path()].map(quote::shell_word);
        format!("splade-export {command} {home} --output {path}")
    } else {
        let home = quote::shell_word(home.path());
        format!("splade-export convert {home} with this `format` and the same `output`")
    };
    let (home, path) = (quote::path(home.path()), quote::path(output.path()));
    Err(Error::output(format!(
        "{problem}; {home} is whole, so remove {path} where it exists and make it of that: {command}"
    )))
}
