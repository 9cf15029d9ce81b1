//! Documents of the collection taken as queries: what another step does to rankings is seen by ranking.

use std::collections::{BTreeMap, HashMap};

use super::ranking::Ranking;
use super::setting::{Setting, Unit};
use crate::impact::{Impact, Quantizer, SparseVector, TermWeight};

/// Documents that are taken as queries.
pub(super) const QUERIES: usize = 50;
/// Terms of each that are kept, the heaviest: about as many as an expanded question has.
const QUERY_TERMS: usize = 20;

/// How much a term weighs in a query: unchanged, and with each setting.
#[derive(Debug, Clone)]
struct QueryTerm {
    query: usize,
    weights: Vec<f64>,
}

/// The queries, by term.
#[derive(Debug, Default)]
pub(super) struct Queries {
    count: usize,
    terms: HashMap<String, usize>,
    lists: Vec<Vec<QueryTerm>>,
}

impl Queries {
    /// Takes documents, each a list of terms and numbers, as queries.
    pub fn new(documents: Vec<Vec<(String, f32)>>, unit: Unit, quantizers: &[Quantizer]) -> Self {
        let mut lists: BTreeMap<String, Vec<QueryTerm>> = BTreeMap::new();
        let count = documents.len();
        for (query, mut terms) in documents.into_iter().enumerate() {
            terms.sort_by(|a, b| b.1.total_cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
            terms.truncate(QUERY_TERMS);
            let numbers: Vec<f32> = terms.iter().map(|term| term.1).collect();
            let weights = Weights::new(&numbers, unit, quantizers);
            for (at, (term, _)) in terms.into_iter().enumerate() {
                let weights = weights.of(at).collect();
                lists
                    .entry(term)
                    .or_default()
                    .push(QueryTerm { query, weights });
            }
        }
        let mut queries = Self {
            count,
            ..Self::default()
        };
        for (term, list) in lists {
            queries.terms.insert(term, queries.lists.len());
            queries.lists.push(list);
        }
        queries
    }

    /// Returns how many there are.
    pub fn len(&self) -> usize {
        self.count
    }

    /// Returns the list of queries that have a term.
    pub fn list(&self, term: &str) -> Option<usize> {
        self.terms.get(term).copied()
    }
}

/// The numbers of one text: unchanged, and what each setting makes of them.
pub(super) struct Weights {
    unchanged: Vec<f32>,
    by_setting: Vec<Vec<Impact>>,
}

impl Weights {
    /// Quantizes the numbers of a text with each setting. A number too large for a setting counts as left out there.
    pub fn new(numbers: &[f32], unit: Unit, quantizers: &[Quantizer]) -> Self {
        let vector = SparseVector(
            (0..)
                .zip(numbers)
                .map(|(term, &number)| TermWeight {
                    term,
                    weight: scaled(number, unit),
                })
                .collect(),
        );
        Self {
            unchanged: numbers.to_vec(),
            by_setting: quantizers
                .iter()
                .map(|quantizer| quantizer.quantize(&vector).unwrap_or_default())
                .collect(),
        }
    }

    /// Returns the impacts that a setting leaves.
    pub fn impacts(&self, setting: usize) -> &[Impact] {
        &self.by_setting[setting]
    }

    /// Returns the weights of the term at a place: unchanged, then with each setting.
    fn of(&self, at: usize) -> impl Iterator<Item = f64> {
        let wanted = u32::try_from(at).unwrap_or(u32::MAX);
        let impacts = self.by_setting.iter().map(move |impacts| {
            let found = impacts.binary_search_by_key(&wanted, |impact| impact.term);
            found.map_or(0.0, |found| f64::from(impacts[found].impact))
        });
        std::iter::once(f64::from(self.unchanged[at])).chain(impacts)
    }
}

#[allow(
    clippy::cast_possible_truncation,
    reason = "the nearest float is meant"
)]
fn scaled(number: f32, unit: Unit) -> f32 {
    match unit {
        Unit::Weights | Unit::Unknown => number,
        Unit::Impacts(weight) => (f64::from(number) * weight) as f32,
    }
}

/// The rankings of all queries by each kind of weight, and room to score one document.
#[derive(Debug, Default)]
pub(super) struct Rankings {
    kinds: usize,
    /// By query, then by kind: unchanged weights first, then each setting.
    rankings: Vec<Ranking>,
    scores: Vec<f64>,
}

impl Rankings {
    /// Prepares empty rankings.
    pub fn new(queries: &Queries, settings: usize) -> Self {
        let kinds = settings + 1;
        Self {
            kinds,
            rankings: vec![Ranking::default(); queries.len() * kinds],
            scores: vec![0.0; queries.len() * kinds],
        }
    }

    /// Scores a document; `lists` says for each of its terms which queries have it.
    pub fn score(
        &mut self,
        docid: &str,
        weights: &Weights,
        lists: impl Iterator<Item = Option<usize>>,
        queries: &Queries,
    ) {
        self.scores.fill(0.0);
        for (at, list) in lists.enumerate() {
            let Some(list) = list else { continue };
            for (kind, weight) in weights.of(at).enumerate() {
                for term in &queries.lists[list] {
                    self.scores[term.query * self.kinds + kind] += weight * term.weights[kind];
                }
            }
        }
        for query in 0..queries.len() {
            let scores = &self.scores[query * self.kinds..][..self.kinds];
            for (kind, &score) in scores.iter().enumerate() {
                if score <= 0.0 {
                    continue;
                }
                let others = || {
                    if kind == 0 {
                        scores[1..].to_vec()
                    } else {
                        Vec::new()
                    }
                };
                self.rankings[query * self.kinds + kind].offer(score, docid, others);
            }
        }
    }

    /// Takes in the rankings of other documents.
    pub fn merge(&mut self, other: Self) {
        for (own, other) in self.rankings.iter_mut().zip(other.rankings) {
            own.merge(other);
        }
    }

    /// Compares the rankings of a setting with those of unchanged weights.
    pub fn compare(&self, setting: usize, unit: Unit, with: &Setting) -> RankingChange {
        let scale = with.quantization.step.value() / unit.weight();
        let queries = self.rankings.chunks(self.kinds.max(1));
        let mut change = RankingChange::default();
        let mut ranked = 0.0;
        for kinds in queries {
            let (unchanged, changed) = (&kinds[0], &kinds[setting + 1]);
            if unchanged.best().is_empty() {
                continue;
            }
            ranked += 1.0;
            change.tied += changed.tied();
            change.score_error += mean(unchanged.best().iter().map(|document| {
                (document.others[setting] * scale * scale / document.score - 1.0).abs()
            }));
            let top = |ranking: &'_ Ranking| -> Vec<String> {
                let best = ranking.best().iter().take(TOP);
                best.map(|document| document.docid.clone()).collect()
            };
            let (before, after) = (top(unchanged), top(changed));
            change.kept += mean(before.iter().map(|docid| f64::from(after.contains(docid))));
        }
        change.divided_by(ranked)
    }

    /// Returns the share of tied documents by unchanged weights.
    pub fn tied_unchanged(&self) -> f64 {
        let rankings = self.rankings.iter().step_by(self.kinds.max(1));
        mean(
            rankings
                .filter(|ranking| !ranking.best().is_empty())
                .map(Ranking::tied),
        )
    }
}

/// Documents at the top that are compared by name.
const TOP: usize = 10;

/// What a setting does to rankings, as means over the queries.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct RankingChange {
    /// Share of the first 100 documents whose score another of them has too.
    pub tied: f64,
    /// Relative difference of the scores of the first 100 documents.
    pub score_error: f64,
    /// Share of the first 10 documents that stay among the first 10.
    pub kept: f64,
}

impl RankingChange {
    fn divided_by(self, count: f64) -> Self {
        use super::exact::ratio;
        Self {
            tied: ratio(self.tied, count),
            score_error: ratio(self.score_error, count),
            kept: ratio(self.kept, count),
        }
    }
}

fn mean(values: impl Iterator<Item = f64>) -> f64 {
    let (mut sum, mut count) = (0.0, 0.0);
    for value in values {
        sum += value;
        count += 1.0;
    }
    super::exact::ratio(sum, count)
}
