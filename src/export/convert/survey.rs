//! Reads collections through once, for what no manifest says.

use std::collections::{BTreeSet, HashSet};
use std::sync::{Arc, Mutex, PoisonError};

use rayon::prelude::*;
use sha2::{Digest, Sha256};

use super::source_part::SourcePart;
use crate::collection::{Contents, LineProblem, Lines, Weight, parse};
use crate::corpus::DocidSet;
use crate::digest::hex;
use crate::quote::Quoted;
use crate::stop::Stop;

/// What has to be known.
#[derive(Debug, Clone, Copy)]
pub(super) struct Wanted {
    /// All terms.
    pub(super) terms: bool,
    /// What a manifest would say.
    pub(super) facts: bool,
    /// Whether to make sure that no docid is used twice.
    pub(super) docids: bool,
}

/// What was found.
#[derive(Debug, Default)]
pub(super) struct Survey {
    /// Facts of each part, if they are wanted.
    pub(super) parts: Vec<PartFacts>,
    /// The terms, if they are wanted.
    pub(super) terms: BTreeSet<String>,
}

/// What is in a part.
#[derive(Debug)]
pub(super) struct PartFacts {
    pub(super) sha256: String,
    pub(super) documents: u64,
    pub(super) largest: f32,
    pub(super) has_floats: bool,
    terms: HashSet<String>,
}

impl Survey {
    /// Reads the parts, all at the same time, if anything is wanted.
    pub(super) fn of(parts: &[SourcePart], wanted: Wanted, stop: &Stop) -> anyhow::Result<Self> {
        if !wanted.terms && !wanted.facts && !wanted.docids {
            return Ok(Self::default());
        }
        let docids = Mutex::default();
        let surveyor = Surveyor {
            wanted,
            stop,
            docids: &docids,
        };
        let parts = parts.par_iter().map(|part| surveyor.read(part));
        let mut parts = parts.collect::<anyhow::Result<Vec<_>>>()?;
        let terms = parts.iter_mut().flat_map(|part| part.terms.drain());
        Ok(Self {
            terms: terms.collect(),
            parts,
        })
    }
}

struct Surveyor<'a> {
    wanted: Wanted,
    stop: &'a Stop,
    docids: &'a Mutex<DocidSet>,
}

impl Surveyor<'_> {
    fn read(&self, part: &SourcePart) -> anyhow::Result<PartFacts> {
        let mut lines = Lines::open(&part.source, &Arc::default())?;
        let mut sha256 = Sha256::new();
        let mut facts = PartFacts {
            sha256: String::new(),
            documents: 0,
            largest: 0.0,
            has_floats: false,
            terms: HashSet::new(),
        };
        while let Some(line) = lines.next_line()? {
            self.stop.check()?;
            if self.wanted.facts {
                sha256.update(line);
                sha256.update("\n");
            }
            if let Err(problem) = self.read_line(line, &mut facts) {
                return Err(problem.at(lines.place()).into());
            }
        }
        facts.sha256 = hex(&sha256.finalize());
        Ok(facts)
    }

    fn read_line(&self, line: &str, facts: &mut PartFacts) -> Result<(), LineProblem> {
        let document = parse(line, Contents::Read, |term, weight| {
            facts.largest = facts.largest.max(weight.positive(term)?);
            facts.has_floats |= matches!(weight, Weight::Float(_));
            if self.wanted.terms && !facts.terms.contains(term) {
                facts.terms.insert(term.to_owned());
            }
            Ok::<_, LineProblem>(())
        })?;
        facts.documents += 1;
        if self.wanted.docids {
            let mut docids = self.docids.lock().unwrap_or_else(PoisonError::into_inner);
            if !docids.insert(&document.docid) {
                return Err(LineProblem::Json(format!(
                    "the docid {} is used twice",
                    Quoted(&document.docid)
                )));
            }
        }
        Ok(())
    }
}
