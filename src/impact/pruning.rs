//! Leaving out small weights before quantization.

use std::str::FromStr;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::vector::SparseVector;

/// The settings that say which terms of a vector stay. By default all do.
///
/// Each rule keeps the heaviest terms down to some point, and the one that keeps fewest decides. Of equal terms the
/// smaller token id counts as heavier.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub struct Pruning {
    /// The number of terms that stay at most, the heaviest.
    pub top_k: Option<usize>,
    /// The smallest weight that stays, before normalization and step.
    pub min_weight: Option<f32>,
    /// The share of the text's whole weight that stays: as few terms as have at least that share together.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub keep_mass: Option<Share>,
}

impl Pruning {
    /// Removes the terms that do not stay, and keeps the order by token id.
    pub fn apply(&self, vector: &mut SparseVector) {
        let most = self.top_k.unwrap_or(usize::MAX);
        if self.keep_mass.is_none() && vector.len() <= most {
            self.drop_light(vector);
            return;
        }
        vector
            .0
            .sort_by(|a, b| b.weight.total_cmp(&a.weight).then(a.term.cmp(&b.term)));
        let enough = self.keep_mass.map_or(usize::MAX, |share| {
            share.enough(vector.0.iter().map(|entry| entry.weight))
        });
        vector.0.truncate(most.min(enough));
        self.drop_light(vector);
        vector.0.sort_by_key(|entry| entry.term);
    }

    /// Returns true if all terms stay.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Returns the rules that have the effect of these and then others; `None` if there are none, as the share of a weight
    /// that was pruned before is not one of the whole weight.
    #[must_use]
    pub fn then(&self, next: &Self) -> Option<Self> {
        if next.keep_mass.is_some() && !self.is_empty() {
            return None;
        }
        let fewer = |a: Option<usize>, b: Option<usize>| match (a, b) {
            (Some(a), Some(b)) => Some(a.min(b)),
            (a, b) => a.or(b),
        };
        let heavier = |a: Option<f32>, b: Option<f32>| match (a, b) {
            (Some(a), Some(b)) => Some(a.max(b)),
            (a, b) => a.or(b),
        };
        Some(Self {
            top_k: fewer(self.top_k, next.top_k),
            min_weight: heavier(self.min_weight, next.min_weight),
            keep_mass: next.keep_mass.or(self.keep_mass),
        })
    }

    fn drop_light(&self, vector: &mut SparseVector) {
        if let Some(min) = self.min_weight {
            vector.0.retain(|entry| entry.weight >= min);
        }
    }
}

/// A share: over 0 and at most 1.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "f64")]
pub struct Share(f64);

/// The error for a number that is no share.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("must be a number over 0 and at most 1")]
pub struct NoShare;

impl Share {
    /// Returns the share as a number.
    #[must_use]
    pub fn value(self) -> f64 {
        self.0
    }

    /// Returns how many of the weights, heaviest first, have the share of all together.
    fn enough(self, weights: impl Iterator<Item = f32> + Clone) -> usize {
        let total: f64 = weights.clone().map(f64::from).sum();
        let mut sum = 0.0;
        let mut count = 0;
        for weight in weights {
            if sum >= self.0 * total {
                break;
            }
            sum += f64::from(weight);
            count += 1;
        }
        count
    }
}

impl TryFrom<f64> for Share {
    type Error = NoShare;

    fn try_from(value: f64) -> Result<Self, NoShare> {
        if value > 0.0 && value <= 1.0 {
            Ok(Self(value))
        } else {
            Err(NoShare)
        }
    }
}

impl FromStr for Share {
    type Err = NoShare;

    fn from_str(text: &str) -> Result<Self, NoShare> {
        text.parse::<f64>().map_err(|_| NoShare)?.try_into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::impact::vector::TermWeight;
    use proptest::prelude::*;

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
            ..Pruning::default()
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
            ..Pruning::default()
        };
        assert_eq!(terms(pruning), [1, 2]);
        let only_minimum = Pruning {
            min_weight: Some(1.0),
            ..Pruning::default()
        };
        assert_eq!(terms(only_minimum), [0, 1, 2, 3]);
    }

    fn mass(share: &str) -> Pruning {
        Pruning {
            keep_mass: Some(share.parse().unwrap()),
            ..Pruning::default()
        }
    }

    #[test]
    fn keeps_as_few_terms_as_have_the_share() {
        // The whole weight is 8.5, its heaviest terms 3, 2, 2, 1 and 0.5.
        assert_eq!(terms(mass("0.3")), [1]);
        assert_eq!(terms(mass("0.58")), [1, 2]);
        assert_eq!(terms(mass("0.59")), [1, 2, 3]);
        assert_eq!(terms(mass("1")), [0, 1, 2, 3, 4]);
        for bad in ["0", "-1", "1.01", "nan", "x"] {
            assert!(bad.parse::<Share>().is_err());
        }
    }

    #[test]
    fn a_share_of_what_was_pruned_is_none_of_the_whole() {
        let top = Pruning {
            top_k: Some(3),
            ..Pruning::default()
        };
        assert_eq!(top.then(&mass("0.5")), None);
        assert_eq!(
            mass("0.5").then(&top),
            Some(Pruning {
                top_k: Some(3),
                ..mass("0.5")
            })
        );
    }

    proptest! {
        #[test]
        fn two_prunings_are_the_one_they_are_joined_to(
            weights in prop::collection::vec(1u8..9, 0..12),
            tops in prop::array::uniform2(prop::option::of(0usize..12)),
            minima in prop::array::uniform2(prop::option::of(0f32..8.0)),
            share in prop::option::of(1u8..=10),
        ) {
            let whole = SparseVector(
                (0..)
                    .zip(weights)
                    .map(|(term, weight)| TermWeight { term, weight: f32::from(weight) })
                    .collect(),
            );
            let share = share.map(|tenths| Share::try_from(f64::from(tenths) / 10.0).unwrap());
            let pruning = |i: usize, keep_mass| Pruning { top_k: tops[i], min_weight: minima[i], keep_mass };
            let (first, second) = (pruning(0, share), pruning(1, None));
            let mut twice = whole.clone();
            first.apply(&mut twice);
            second.apply(&mut twice);
            let mut once = whole;
            first.then(&second).unwrap().apply(&mut once);
            prop_assert_eq!(once, twice);
        }
    }
}
