//! Checks a finished collection against its manifest, and its lines against what a line must be.

use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use rayon::prelude::*;

use super::document_line::Contents;
use super::error::{CollectionError, LineProblem};
use super::finding::{Finding, Remedy};
use super::lines::Lines;
use super::manifest::{Manifest, PartInfo};
use super::names::{DOCUMENTS, MANIFEST, REJECTED};
use super::parse::parse;
use crate::corpus::{DocidSet, PartSelection, ReadProgress, RejectedRecord, Source};
use crate::digest::sha256_until;
use crate::quote::Quoted;
use crate::run::{Counts, VectorKind};
use crate::stop::Stop;

impl Finding {
    /// Refuses a collection in which something is wrong, and says what mends it. Where several things are to be done, it is
    /// the first of them, and the next verification tells what is left.
    ///
    /// # Errors
    /// [`CollectionError::Problems`] if there are findings.
    pub fn refuse(collection: &Path, findings: &[Self]) -> Result<(), CollectionError> {
        let needs = |remedy| findings.iter().any(|finding| finding.remedy == remedy);
        let remedy = [Remedy::MoveAway, Remedy::Resume, Remedy::MakeAgain];
        match remedy.into_iter().find(|remedy| needs(*remedy)) {
            None => Ok(()),
            Some(remedy) => Err(CollectionError::Problems {
                path: collection.to_owned(),
                count: findings.len(),
                remedy,
            }),
        }
    }
}

/// Checks every file and every line of a finished collection; gives its manifest and what is wrong.
///
/// Checked are: size and SHA-256 of each part; that each line is a document with impacts (or weights) in range; counts of
/// documents, postings and impacts in each part and in all; that no docid is used twice; that all parts are there and
/// nothing else; `rejected.jsonl`; and that read = written + rejected.
///
/// # Errors
/// [`CollectionError`] if there is no manifest that could be compared with, or a stop was asked for.
pub fn verify(
    folder: &Path,
    stop: &Stop,
    started: &mut VerificationStarted<'_>,
) -> Result<(Manifest, Vec<Finding>), CollectionError> {
    let manifest = Manifest::require(folder)?;
    let checker = Checker {
        folder,
        stop,
        documents: Arc::default(),
        read: ReadProgress::of(manifest.parts.iter().map(|part| part.file.bytes).sum()),
        kind: manifest.settings.kind,
        docids: (0..SETS).map(|_| Mutex::default()).collect(),
    };
    started(checker.read.clone(), Arc::clone(&checker.documents));
    let mut findings: Vec<Finding> = manifest
        .parts
        .par_iter()
        .flat_map(|part| checker.part(part))
        .collect();
    stop.check()?;
    checker.sums(&manifest, &mut findings);
    checker.numbers(&manifest, &mut findings);
    checker.strangers(&manifest, &mut findings)?;
    checker.rejected(&manifest, &mut findings);
    stop.check()?;
    findings.sort_by(|a, b| a.path.cmp(&b.path));
    Ok((manifest, findings))
}

/// Receives, when the files are about to be read, what a display can watch: how much was read, and how many documents.
pub type VerificationStarted<'a> = dyn FnMut(ReadProgress, Arc<AtomicU64>) + 'a;

/// Sets of docids, by their last byte, so that threads seldom wait for each other.
const SETS: usize = 256;
/// The most problems that are told of one file.
const MAX_PROBLEMS: usize = 10;

struct Checker<'a> {
    folder: &'a Path,
    stop: &'a Stop,
    /// How much was read, in bytes and in documents.
    read: ReadProgress,
    documents: Arc<AtomicU64>,
    kind: VectorKind,
    docids: Vec<Mutex<DocidSet>>,
}

impl Checker<'_> {
    fn part(&self, part: &PartInfo) -> Vec<Finding> {
        let documents = self.folder.join(DOCUMENTS);
        let mut problems = Vec::new();
        let (path, remedy) = match part.file.place(&documents) {
            Err(damaged) => {
                problems.push(damaged.reason);
                (damaged.path, Remedy::Resume)
            }
            Ok(path) => {
                let checked = part.file.check_until(&documents, self.stop);
                let remedy = match &checked {
                    Ok(()) => Remedy::MakeAgain,
                    Err(_) => Remedy::Resume,
                };
                problems.extend(checked.err().map(|damaged| damaged.reason));
                self.content(part, &path, &mut problems);
                (path, remedy)
            }
        };
        let finding = |problem| Finding {
            path: path.clone(),
            problem,
            remedy,
        };
        problems.into_iter().map(finding).collect()
    }

    /// Reads a part's lines and, if all can be used, compares their sums with the manifest's.
    fn content(&self, part: &PartInfo, path: &Path, problems: &mut Vec<String>) {
        let mut found = Counts::default();
        match self.lines(path, &mut found, problems) {
            Ok(()) if problems.is_empty() => problems.extend(difference(&found, &part.counts)),
            Ok(()) => {}
            Err(error) => problems.push(error.to_string()),
        }
    }

    fn lines(
        &self,
        path: &Path,
        counts: &mut Counts,
        problems: &mut Vec<String>,
    ) -> Result<(), CollectionError> {
        let mut lines = Lines::open(&Source::file(path.to_owned()), self.read.bytes())?;
        while let Some(line) = lines.next_line()? {
            self.stop.check()?;
            self.documents.fetch_add(1, Ordering::Relaxed);
            let problem = self.line(line, counts).err();
            if let Some(problem) = problem {
                problems.push(format!("line {}: {problem}", lines.place().line));
                if problems.len() >= MAX_PROBLEMS {
                    problems.push("more problems may follow".to_owned());
                    return Ok(());
                }
            }
        }
        Ok(())
    }

    fn line(&self, line: &str, counts: &mut Counts) -> Result<(), String> {
        let mut postings = 0;
        let document = parse(line, Contents::Read, |term, weight| {
            postings += 1;
            match self.kind {
                VectorKind::Impacts => {
                    let impact = weight.impact(term)?;
                    counts.impact_sum += u64::from(impact);
                    counts.max_impact = counts.max_impact.max(impact);
                }
                VectorKind::Weights => {
                    weight.positive(term)?;
                }
            }
            Ok::<_, LineProblem>(())
        })
        .map_err(|problem| problem.to_string())?;
        counts.documents += 1;
        counts.postings += postings;
        counts.empty += u64::from(postings == 0);
        let set = document.docid.bytes().last().map_or(0, usize::from) % SETS;
        let mut set = self.docids[set]
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if set.insert(&document.docid) {
            Ok(())
        } else {
            Err(format!(
                "the docid {} is used twice",
                Quoted(&document.docid)
            ))
        }
    }

    fn sums(&self, manifest: &Manifest, findings: &mut Vec<Finding>) {
        let mut sum = Counts::default();
        for part in &manifest.parts {
            sum.add(&part.counts);
        }
        if sum != manifest.counts {
            findings.push(self.of_manifest("its counts are not the sums over its parts"));
        }
        let accounting = &manifest.accounting;
        if accounting.read != accounting.written + accounting.rejected
            || accounting.written != sum.documents
        {
            findings.push(self.of_manifest(&format!(
                "{} records were read, {} written and {} rejected, and the parts hold {}",
                accounting.read, accounting.written, accounting.rejected, sum.documents
            )));
        }
    }

    fn numbers(&self, manifest: &Manifest, findings: &mut Vec<Finding>) {
        let selection = manifest.settings.selection;
        let mut wanted = (0..).filter(|&number| selection.contains(number));
        for part in &manifest.parts {
            if part.number() != wanted.next() {
                let problem = format!("{} is not the part that comes next", part.file.name);
                findings.push(self.of_manifest(&problem));
                return;
            }
        }
        if let Some(end) = manifest.shard.as_ref().and_then(|shard| shard.end.as_ref())
            && selection != PartSelection::All
            && wanted.next().is_some_and(|next| next < end.parts)
        {
            findings.push(self.of_manifest("parts are missing at its end"));
        }
    }

    /// Whatever else lies among the parts would be indexed with them.
    fn strangers(
        &self,
        manifest: &Manifest,
        findings: &mut Vec<Finding>,
    ) -> Result<(), CollectionError> {
        let documents = self.folder.join(DOCUMENTS);
        for entry in fs_err::read_dir(documents).map_err(CollectionError::Folder)? {
            let path = entry.map_err(CollectionError::Folder)?.path();
            let name = path.file_name().map(|name| name.to_string_lossy());
            if !manifest
                .parts
                .iter()
                .any(|part| Some(part.file.name.as_str()) == name.as_deref())
            {
                findings.push(Finding {
                    path,
                    problem: "it is not in the manifest, but would be indexed".to_owned(),
                    remedy: Remedy::MoveAway,
                });
            }
        }
        Ok(())
    }

    fn rejected(&self, manifest: &Manifest, findings: &mut Vec<Finding>) {
        let path = self.folder.join(REJECTED);
        let accounting = &manifest.accounting;
        let mut remedy = Remedy::Resume;
        let problem = match &accounting.rejected_sha256 {
            None if path.exists() => {
                remedy = Remedy::MoveAway;
                "the manifest knows of no rejected records".to_owned()
            }
            None => return,
            Some(sha256) => match sha256_until(&path, self.stop) {
                Err(error) => error.to_string(),
                Ok(found) if found != *sha256 => {
                    "its SHA-256 is not that of what was written".to_owned()
                }
                Ok(_) => {
                    remedy = Remedy::MakeAgain;
                    match self.count_rejected(&path) {
                        Ok(lines) if lines == accounting.rejected => return,
                        Ok(lines) => format!(
                            "it has {lines} lines, the manifest says {}",
                            accounting.rejected
                        ),
                        Err(problem) => problem,
                    }
                }
            },
        };
        findings.push(Finding {
            path,
            problem,
            remedy,
        });
    }

    fn count_rejected(&self, path: &Path) -> Result<u64, String> {
        let mut lines = Lines::open(&Source::file(path.to_owned()), &Arc::default())
            .map_err(|e| e.to_string())?;
        let mut count = 0;
        while let Some(line) = lines.next_line().map_err(|e| e.to_string())? {
            self.stop.check().map_err(|e| e.to_string())?;
            count += 1;
            serde_json::from_str::<RejectedRecord>(line)
                .map_err(|e| format!("line {count}: {e}"))?;
        }
        Ok(count)
    }

    fn of_manifest(&self, problem: &str) -> Finding {
        Finding {
            path: self.folder.join(MANIFEST),
            problem: problem.to_owned(),
            remedy: Remedy::MakeAgain,
        }
    }
}

/// Returns the first sum in which a part's lines differ from the manifest. Those that the lines do not show are passed
/// over: how many texts were truncated, their tokens, and what the head had to do for them.
fn difference(found: &Counts, manifest: &Counts) -> Option<String> {
    let sums = [
        ("documents", found.documents, manifest.documents),
        ("documents without terms", found.empty, manifest.empty),
        ("postings", found.postings, manifest.postings),
        ("impacts in all", found.impact_sum, manifest.impact_sum),
        (
            "as the largest impact",
            found.max_impact.into(),
            manifest.max_impact.into(),
        ),
    ];
    let (what, found, manifest) = sums.into_iter().find(|(_, a, b)| a != b)?;
    Some(format!(
        "it has {found} {what}, the manifest says {manifest}"
    ))
}
