//! Sparse vectors over a vocabulary, in floats and in impacts.

use std::cmp::Ordering;

/// The largest impact: Lucene keeps it as a term frequency, a signed 32-bit integer.
pub const MAX_IMPACT: u32 = 0x7fff_ffff;

/// The weight of one term.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TermWeight {
    /// The term's token id, its column in the vocabulary.
    pub term: u32,
    /// The weight `log(1 + relu(logit))`, positive and finite.
    pub weight: f32,
}

/// The terms of a text that have a weight, by ascending token id, each term once.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct SparseVector(pub Vec<TermWeight>);

/// The impact of one term: how often a pseudo-document repeats it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Impact {
    /// The term's token id, its column in the vocabulary.
    pub term: u32,
    /// The number of repetitions, from 1 to [`MAX_IMPACT`].
    pub impact: u32,
}

impl SparseVector {
    /// Takes the positive values of a dense row of weights.
    ///
    /// # Errors
    /// Returns the first column with an infinite value or NaN: such a row is no vector.
    pub fn from_dense(row: &[f32]) -> Result<Self, u32> {
        let mut entries = Vec::new();
        // About one column in a hundred is positive, so most blocks of 16 are skipped by one test.
        // NaN compares false either way, so the test is for "all are zero or less".
        let (blocks, rest) = row.as_chunks::<16>();
        for (index, block) in blocks.iter().enumerate() {
            #[allow(
                clippy::needless_bitwise_bool,
                reason = "without a branch the test runs on vectors"
            )]
            let is_empty = block.iter().fold(true, |none, &w| none & (w <= 0.0));
            if is_empty {
                continue;
            }
            collect(block, index * 16, &mut entries)?;
        }
        collect(rest, blocks.len() * 16, &mut entries)?;
        Ok(Self(entries))
    }

    /// Takes each term of `other` that is missing or has a larger weight there. In which order vectors are joined so does
    /// not matter.
    pub fn take_larger(&mut self, other: Self) {
        if self.is_empty() {
            *self = other;
            return;
        }
        let mine = std::mem::take(&mut self.0);
        self.0.reserve(mine.len().max(other.len()));
        let (mut a, mut b) = (mine.into_iter().peekable(), other.0.into_iter().peekable());
        while let (Some(x), Some(y)) = (a.peek().copied(), b.peek().copied()) {
            let next = match x.term.cmp(&y.term) {
                Ordering::Less => a.next(),
                Ordering::Greater => b.next(),
                Ordering::Equal => {
                    b.next();
                    a.next();
                    Some(if y.weight > x.weight { y } else { x })
                }
            };
            self.0.extend(next);
        }
        self.0.extend(a.chain(b));
    }

    /// Returns the largest weight, 0 for an empty vector.
    #[must_use]
    pub fn max_weight(&self) -> f32 {
        self.0.iter().map(|entry| entry.weight).fold(0.0, f32::max)
    }

    /// Returns the number of terms.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Returns whether no term has a weight.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// Collects the positive values, of which the first one is in column `first`.
#[allow(
    clippy::cast_possible_truncation,
    reason = "a vocabulary has fewer than 2^32 entries"
)]
fn collect(values: &[f32], first: usize, entries: &mut Vec<TermWeight>) -> Result<(), u32> {
    for (i, &weight) in values.iter().enumerate() {
        let term = (first + i) as u32;
        if !weight.is_finite() {
            return Err(term);
        }
        if weight > 0.0 {
            entries.push(TermWeight { term, weight });
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_positive_values_in_column_order() {
        let mut row = vec![0.0; 50];
        row[3] = 1.5;
        row[16] = -1.0;
        row[49] = 0.25;
        let vector = SparseVector::from_dense(&row).unwrap();
        let entries: Vec<_> = vector.0.iter().map(|e| (e.term, e.weight)).collect();
        assert_eq!(entries, [(3, 1.5), (49, 0.25)]);
    }

    #[test]
    fn larger_weights_are_taken_in_any_order() {
        let vector = |entries: &[(u32, f32)]| {
            let entry = |&(term, weight)| TermWeight { term, weight };
            SparseVector(entries.iter().map(entry).collect())
        };
        let parts = [
            vector(&[(1, 0.5), (7, 2.0)]),
            vector(&[(1, 0.25), (3, 1.0), (9, 0.5)]),
            vector(&[]),
            vector(&[(0, 3.0), (7, 2.5)]),
        ];
        let whole = vector(&[(0, 3.0), (1, 0.5), (3, 1.0), (7, 2.5), (9, 0.5)]);
        for order in [[0_usize, 1, 2, 3], [3, 2, 1, 0], [2, 1, 3, 0]] {
            let mut joined = SparseVector::default();
            for at in order {
                joined.take_larger(parts[at].clone());
            }
            assert_eq!(joined, whole);
        }
    }

    #[test]
    fn finds_values_that_are_not_finite() {
        for bad in [f32::NAN, f32::INFINITY] {
            let mut row = vec![0.0; 40];
            row[20] = bad;
            assert_eq!(SparseVector::from_dense(&row), Err(20));
        }
    }
}
