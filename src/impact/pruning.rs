//! Leaving out small weights before quantization.

use serde::{Deserialize, Serialize};

use super::vector::SparseVector;

/// The settings that say which terms of a vector stay. By default all do.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub struct Pruning {
    /// The number of terms that stay at most, the heaviest; of equal ones the smaller token id stays.
    pub top_k: Option<usize>,
    /// The smallest weight that stays, before normalization and step.
    pub min_weight: Option<f32>,
}

impl Pruning {
    /// Removes the terms that do not stay, and keeps the order by token id.
    pub fn apply(&self, vector: &mut SparseVector) {
        if let Some(min) = self.min_weight {
            vector.0.retain(|entry| entry.weight >= min);
        }
        if let Some(k) = self.top_k
            && vector.len() > k
        {
            vector
                .0
                .sort_by(|a, b| b.weight.total_cmp(&a.weight).then(a.term.cmp(&b.term)));
            vector.0.truncate(k);
            vector.0.sort_by_key(|entry| entry.term);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::impact::vector::TermWeight;

    fn terms(pruning: Pruning) -> Vec<u32> {
        let weights = [1.0, 3.0, 2.0, 2.0, 0.5];
        let mut vector = SparseVector(
            (0..)
                .zip(weights)
                .map(|(term, weight)| TermWeight { term, weight })
                .collect(),
        );
        pruning.apply(&mut vector);
        vector.0.iter().map(|entry| entry.term).collect()
    }

    #[test]
    fn keeps_the_heaviest_in_token_order() {
        let top = |k| Pruning {
            top_k: Some(k),
            min_weight: None,
        };
        assert_eq!(terms(top(2)), [1, 2]);
        assert_eq!(terms(top(9)), [0, 1, 2, 3, 4]);
        assert_eq!(terms(top(0)), [0; 0]);
    }

    #[test]
    fn drops_what_is_below_the_minimum() {
        let pruning = Pruning {
            top_k: Some(2),
            min_weight: Some(1.0),
        };
        assert_eq!(terms(pruning), [1, 2]);
        let only_minimum = Pruning {
            top_k: None,
            min_weight: Some(1.0),
        };
        assert_eq!(terms(only_minimum), [0, 1, 2, 3]);
    }
}
