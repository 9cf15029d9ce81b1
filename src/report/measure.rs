//! A collection -> its report's numbers: one pass over the files, many at the same time.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use rayon::prelude::*;

use super::collection::{Facts, OpenCollection};
use super::distribution::Distribution;
use super::error::ReportError;
use super::exact::{number, ratio};
use super::expansion::{Expansion, TextTerms};
use super::memory::{self, MemoryRow, Sizes};
use super::queries::{QUERIES, Queries, RankingChange};
use super::setting::{Setting, Unit, settings};
use super::tally::{Plan, Tally};
use super::term_table::TermRow;
use crate::corpus::ReadProgress;
use crate::impact::Quantizer;
use crate::lucene::is_index;
use crate::pipeline::EncodeProgress;
use crate::stop::Stop;

/// What a report is made of.
#[derive(Debug, Clone, Default)]
pub struct ReportOptions {
    /// A collection: an output folder of ours, a folder of JSON Lines, or a file.
    pub collection: PathBuf,
    /// The Lucene index of the collection.
    pub index: Option<PathBuf>,
    /// The folder of the model that encoded the texts, to tell which terms are expansions.
    pub model: Option<PathBuf>,
    /// Files that are read at the same time. The numbers do not depend on it.
    pub threads: usize,
    /// Asks the run to stop.
    pub stop: Stop,
}

/// Is told when reading begins: what a display can watch.
pub type Started<'a> = dyn FnMut(ReadProgress, Arc<EncodeProgress>) + 'a;

/// The numbers of a collection.
#[derive(Debug, Clone, PartialEq)]
pub struct Report {
    /// The collection's own name: the last part of its path.
    pub name: String,
    /// What the collection says of itself.
    pub facts: Facts,
    /// What its numbers stand for.
    pub unit: Unit,
    /// Documents.
    pub documents: u64,
    /// Documents among them without terms.
    pub empty: u64,
    /// Terms over all documents.
    pub postings: u64,
    /// Sum of all weights or impacts.
    pub weight: f64,
    /// Number of terms in the vocabulary.
    pub vocabulary: usize,
    /// True if only the terms that occur were counted for that, for want of another source.
    pub vocabulary_counted: bool,
    /// Terms of each document.
    pub lengths: Distribution,
    /// All weights or impacts.
    pub weights: Distribution,
    /// The terms that occur, by descending number of documents.
    pub terms: Vec<TermRow>,
    /// Terms that are not in the texts, or why that is not known.
    pub expansion: Result<Expansion, NoExpansion>,
    /// What the vectors take.
    pub memory: Vec<MemoryRow>,
    /// Documents taken as queries for the columns about rankings.
    pub queries: usize,
    /// Share of tied documents in rankings by the collection's own numbers.
    pub tied: f64,
    /// What other quantizations would give.
    pub steps: Vec<StepRow>,
}

/// Why nothing can be said of expansion terms.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoExpansion {
    /// There is no tokenizer to cut texts into terms.
    NoModel,
    /// The collection has no texts.
    NoTexts,
}

/// What another quantization would give.
#[derive(Debug, Clone, PartialEq)]
pub struct StepRow {
    /// The quantization.
    pub setting: Setting,
    /// Postings that would be left.
    pub postings: u64,
    /// Sum of the impacts.
    pub impact_sum: u64,
    /// What would become of rankings.
    pub ranking: RankingChange,
}

/// Measures a collection.
///
/// Memory grows with the vocabulary, not with the number of documents. The result does not depend on the number of
/// threads.
///
/// # Errors
/// [`ReportError`]: the first line that cannot be used, a folder that is no collection or no index, a stop.
pub fn measure(options: &ReportOptions, started: &mut Started<'_>) -> Result<Report, ReportError> {
    let open = OpenCollection::open(&options.collection)?;
    let index = options.index.as_deref().map(index_bytes).transpose()?;
    let text = options
        .model
        .as_deref()
        .map(|model| TextTerms::open(model, open.facts.max_length))
        .transpose()?;
    let plan = plan(&open, text)?;
    started(open.read.clone(), Arc::clone(&plan.progress));
    let tally = tally(&open, &plan, options)?;
    Ok(conclude(options, &open, &plan, index, tally))
}

fn plan(open: &OpenCollection, text: Option<TextTerms>) -> Result<Plan, ReportError> {
    let samples = sample(open)?;
    let unit = open.unit.unwrap_or_else(|| guess(&samples));
    let settings = settings(unit, open.facts.largest_weight);
    let quantizers: Vec<Quantizer> = settings
        .iter()
        .map(|setting| Quantizer::new(setting.quantization, 0.0))
        .collect();
    Ok(Plan {
        queries: Queries::new(samples, unit, &quantizers),
        unit,
        settings,
        quantizers,
        text,
        progress: Arc::default(),
    })
}

/// Takes the documents that serve as queries, from the beginnings of files all over the collection.
fn sample(open: &OpenCollection) -> Result<Vec<Vec<(String, f32)>>, ReportError> {
    let files = open.sources.len().clamp(1, QUERIES);
    let each = QUERIES.div_ceil(files);
    let mut samples = Vec::new();
    for i in 0..files {
        if let Some(source) = open.sources.get(i * open.sources.len() / files) {
            samples.extend(open.beginning(source, each)?);
        }
    }
    samples.truncate(QUERIES);
    Ok(samples)
}

/// Tells weights from impacts where no manifest does.
fn guess(samples: &[Vec<(String, f32)>]) -> Unit {
    let mut numbers = samples.iter().flatten().map(|(_, number)| number);
    if numbers.all(|number| number.fract() == 0.0) {
        Unit::Unknown
    } else {
        Unit::Weights
    }
}

fn tally<'p>(
    open: &OpenCollection,
    plan: &'p Plan,
    options: &ReportOptions,
) -> Result<Tally<'p>, ReportError> {
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(options.threads.max(1))
        .build()
        .map_err(|error| ReportError::Threads(error.to_string()))?;
    // Each thread takes a tally that no other uses, so there are no more of them than threads.
    let idle: Mutex<Vec<Tally<'p>>> = Mutex::default();
    let take = || idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
    pool.install(|| {
        open.sources.par_iter().try_for_each(|source| {
            let mut tally = take().unwrap_or_else(|| Tally::new(plan));
            open.visit(source, &options.stop, &mut tally)?;
            idle.lock()
                .unwrap_or_else(PoisonError::into_inner)
                .push(tally);
            Ok::<_, ReportError>(())
        })
    })?;
    let mut all = Tally::new(plan);
    for tally in idle.into_inner().unwrap_or_else(PoisonError::into_inner) {
        all.merge(tally);
    }
    Ok(all)
}

fn conclude(
    options: &ReportOptions,
    open: &OpenCollection,
    plan: &Plan,
    index: Option<u64>,
    tally: Tally<'_>,
) -> Report {
    let terms = tally.terms.into_rows();
    let known = open
        .facts
        .vocabulary
        .or(plan.text.as_ref().map(TextTerms::vocabulary));
    let vocabulary = known.unwrap_or(terms.len());
    let sizes = Sizes {
        documents: tally.documents,
        postings: tally.postings,
        vocabulary: vocabulary as u64,
        collection: open.bytes,
        index,
    };
    let steps = plan.settings.iter().enumerate().map(|(at, setting)| {
        let counts = tally.settings[at];
        StepRow {
            setting: setting.clone(),
            postings: counts.postings,
            impact_sum: counts.impact_sum,
            ranking: tally.rankings.compare(at, plan.unit, setting),
        }
    });
    Report {
        name: name_of(&options.collection),
        facts: open.facts.clone(),
        unit: plan.unit,
        documents: tally.documents,
        empty: tally.empty,
        postings: tally.postings,
        weight: tally.weight.value(),
        vocabulary,
        vocabulary_counted: known.is_none(),
        lengths: tally.lengths,
        weights: tally.weights,
        terms,
        expansion: match (&plan.text, tally.expansion.told()) {
            (None, _) => Err(NoExpansion::NoModel),
            (Some(_), None) => Err(NoExpansion::NoTexts),
            (Some(_), Some(expansion)) => Ok(expansion),
        },
        memory: memory::compare(&sizes),
        queries: plan.queries.len(),
        tied: tally.rankings.tied_unchanged(),
        steps: steps.collect(),
    }
}

impl Report {
    /// Returns the mean number of terms of a document.
    #[must_use]
    pub fn terms_per_document(&self) -> f64 {
        ratio(number(self.postings), number(self.documents))
    }

    /// Returns the share of a dense vector's cells that hold a weight.
    #[must_use]
    pub fn density(&self) -> f64 {
        ratio(
            number(self.postings),
            number(self.documents) * number(self.vocabulary as u64),
        )
    }

    /// Returns true if the collection holds impacts.
    #[must_use]
    pub fn holds_impacts(&self) -> bool {
        self.unit != Unit::Weights
    }
}

/// Returns the last part of a path, also of one that ends in `..`.
fn name_of(path: &Path) -> String {
    let whole = path.canonicalize();
    let whole = whole.as_deref().unwrap_or(path);
    whole.file_name().map_or_else(
        || path.to_string_lossy().into_owned(),
        |name| name.to_string_lossy().into_owned(),
    )
}

fn index_bytes(folder: &Path) -> Result<u64, ReportError> {
    let failed = |error| ReportError::Index {
        path: folder.to_owned(),
        error,
    };
    if !is_index(folder) {
        return Err(ReportError::NoIndex {
            path: folder.to_owned(),
        });
    }
    let mut bytes = 0;
    for entry in std::fs::read_dir(folder).map_err(failed)? {
        let meta = entry.and_then(|entry| entry.metadata()).map_err(failed)?;
        if meta.is_file() {
            bytes += meta.len();
        }
    }
    Ok(bytes)
}
