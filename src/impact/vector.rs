//! Sparse vectors over a vocabulary, in floats and in impacts.

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
    fn finds_values_that_are_not_finite() {
        for bad in [f32::NAN, f32::INFINITY] {
            let mut row = vec![0.0; 40];
            row[20] = bad;
            assert_eq!(SparseVector::from_dense(&row), Err(20));
        }
    }
}
