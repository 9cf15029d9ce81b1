//! The best documents of a query, kept while documents stream by.

use std::cmp::Ordering;

/// Documents kept of each ranking.
pub(super) const DEPTH: usize = 100;

/// A document with its score, and what else it scored.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Scored {
    pub score: f64,
    pub docid: String,
    /// Its scores with each setting, for the ranking by unchanged weights; else empty.
    pub others: Vec<f64>,
}

/// The best documents so far. Equal scores are ordered by docid, so the order of arrival does not matter.
#[derive(Debug, Clone, Default)]
pub(super) struct Ranking {
    /// Best first.
    best: Vec<Scored>,
}

impl Ranking {
    /// Takes a document in if it is good enough; `others` is asked for only then.
    pub fn offer(&mut self, score: f64, docid: &str, others: impl FnOnce() -> Vec<f64>) {
        if self.best.len() == DEPTH
            && self.best.last().is_some_and(|last| {
                compare((last.score, &last.docid), (score, docid)) != Ordering::Greater
            })
        {
            return;
        }
        self.insert(Scored {
            score,
            docid: docid.to_owned(),
            others: others(),
        });
    }

    fn insert(&mut self, scored: Scored) {
        let new = (scored.score, scored.docid.as_str());
        let at = self
            .best
            .partition_point(|old| compare((old.score, &old.docid), new) != Ordering::Greater);
        self.best.insert(at, scored);
        self.best.truncate(DEPTH);
    }

    /// Takes in all documents of another.
    pub fn merge(&mut self, other: Self) {
        for scored in other.best {
            self.insert(scored);
        }
    }

    /// Returns the documents, best first.
    pub fn best(&self) -> &[Scored] {
        &self.best
    }

    /// Returns the share of documents whose score another document of the ranking has too.
    pub fn tied(&self) -> f64 {
        let score = |at: Option<usize>| {
            at.and_then(|at| self.best.get(at))
                .map(|s| s.score.to_bits())
        };
        let tied = (0..self.best.len()).filter(|&at| {
            let own = score(Some(at));
            score(at.checked_sub(1)) == own || score(Some(at + 1)) == own
        });
        super::exact::ratio(
            super::exact::number(tied.count() as u64),
            super::exact::number(self.best.len() as u64),
        )
    }
}

/// Orders by descending score, then by docid.
fn compare(a: (f64, &str), b: (f64, &str)) -> Ordering {
    b.0.total_cmp(&a.0).then_with(|| a.1.cmp(b.1))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn ranking(scores: &[u32]) -> Ranking {
        let mut ranking = Ranking::default();
        for (i, &score) in scores.iter().enumerate() {
            ranking.offer(f64::from(score), &format!("d{i:04}"), Vec::new);
        }
        ranking
    }

    #[test]
    fn ties_are_counted() {
        assert!((ranking(&[3, 2, 2, 1, 2]).tied() - 0.6).abs() < 1e-12);
        assert!(ranking(&[]).tied().abs() < 1e-12);
    }

    proptest! {
        #[test]
        fn it_is_the_beginning_of_the_sorted_list(scores in prop::collection::vec(0u32..60, 0..400), cut in 0usize..400) {
            let whole = ranking(&scores);
            let mut sorted: Vec<_> = scores.iter().enumerate().map(|(i, &s)| (s, format!("d{i:04}"))).collect();
            sorted.sort_by(|a, b| b.0.cmp(&a.0).then(a.1.cmp(&b.1)));
            sorted.truncate(DEPTH);
            let found: Vec<_> = whole.best().iter().map(|s| (s.score as u32, s.docid.clone())).collect();
            prop_assert_eq!(found, sorted);
            let cut = cut.min(scores.len());
            let mut second = Ranking::default();
            for (i, &score) in scores.iter().enumerate().skip(cut) {
                second.offer(f64::from(score), &format!("d{i:04}"), Vec::new);
            }
            second.merge(ranking(&scores[..cut]));
            prop_assert_eq!(second.best(), whole.best());
        }
    }
}
