//! Which texts are encoded together.

use super::text_windows::TextWindows;

/// How large a batch may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BatchBudget {
    /// Most tokens of a batch, padding included. A longer text makes a batch of its own.
    pub tokens: usize,
    /// Most texts of a batch: its pooled weights are texts x vocabulary.
    pub texts: usize,
    /// The length of a batch is rounded up to a multiple of this, but not over `longest`.
    pub length_multiple: usize,
    /// Most tokens that a text can have.
    pub longest: usize,
}

impl Default for BatchBudget {
    /// Suits the CPU, where the logits of one slice of the vocabulary must stay in the second-level cache.
    fn default() -> Self {
        Self {
            tokens: 1024,
            texts: 64,
            length_multiple: 1,
            longest: usize::MAX,
        }
    }
}

/// Texts, or windows of texts, that are encoded together, padded to the longest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Batch {
    /// Places of the windows in the part.
    pub rows: Vec<usize>,
    /// Tokens of the longest text, rounded up where the budget says so.
    pub length: usize,
}

impl Batch {
    /// Cuts a part into batches: longest texts first, so that a batch has little padding and the last
    /// batches of a run are the cheap ones. Depends on the lengths and the budget alone, so that the
    /// same part always gives the same batches. Blank texts are in none.
    #[must_use]
    pub fn plan(texts: &TextWindows, budget: BatchBudget) -> Vec<Self> {
        let mut order: Vec<usize> = (0..texts.len()).filter(|&i| !texts.is_blank(i)).collect();
        order.sort_by_key(|&i| (std::cmp::Reverse(texts.length(i)), i));
        let mut batches: Vec<Self> = Vec::new();
        for i in order {
            match batches.last_mut() {
                Some(batch)
                    if batch.rows.len() < budget.texts
                        && (batch.rows.len() + 1) * batch.length <= budget.tokens =>
                {
                    batch.rows.push(i);
                }
                _ => {
                    let tokens = texts.length(i);
                    let rounded = tokens.next_multiple_of(budget.length_multiple.max(1));
                    batches.push(Self {
                        rows: vec![i],
                        length: rounded.min(budget.longest).max(tokens),
                    });
                }
            }
        }
        batches
    }

    /// Returns two batches of about half the texts each.
    pub(super) fn halves(&self, texts: &TextWindows) -> (Self, Self) {
        let (first, second) = self.rows.split_at(self.rows.len() / 2);
        let half = |rows: &[usize]| Self {
            rows: rows.to_vec(),
            length: rows.iter().map(|&row| texts.length(row)).max().unwrap_or(0),
        };
        (half(first), half(second))
    }

    /// Returns token ids and mask, each `[rows, length]`, padded with id 0 on the right.
    #[must_use]
    pub fn tensors(&self, texts: &TextWindows) -> (Vec<i64>, Vec<i64>) {
        let size = self.rows.len() * self.length;
        let (mut ids, mut mask) = (Vec::with_capacity(size), Vec::with_capacity(size));
        for (done, &row) in self.rows.iter().enumerate() {
            ids.extend(texts.ids(row).map(i64::from));
            mask.resize(ids.len(), 1);
            ids.resize((done + 1) * self.length, 0);
            mask.resize(ids.len(), 0);
        }
        (ids, mask)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::encoder::tokens::Tokens;
    use proptest::prelude::*;

    fn texts(lengths: &[usize]) -> TextWindows {
        let text = |&length: &usize| Tokens {
            ids: vec![7; length],
            blank: length == 0,
            ..Tokens::default()
        };
        TextWindows::cut(lengths.iter().map(text).collect(), usize::MAX, None)
    }

    #[test]
    fn pads_on_the_right() {
        let texts = texts(&[2, 3]);
        let budget = BatchBudget {
            tokens: 6,
            texts: 9,
            ..BatchBudget::default()
        };
        let batches = Batch::plan(&texts, budget);
        assert_eq!(batches.len(), 1);
        let (ids, mask) = batches[0].tensors(&texts);
        assert_eq!(ids, [7, 7, 7, 7, 7, 0]);
        assert_eq!(mask, [1, 1, 1, 1, 1, 0]);
    }

    proptest! {
        #[test]
        fn every_text_is_in_one_batch_within_the_budget(
            lengths in prop::collection::vec(0usize..700, 0..200),
            tokens in 1usize..2000,
            most in 1usize..70,
            multiple in prop::sample::select(vec![1usize, 8]),
            longest in 695usize..720,
        ) {
            let texts = texts(&lengths);
            let budget = BatchBudget { tokens, texts: most, length_multiple: multiple, longest };
            let batches = Batch::plan(&texts, budget);
            let mut seen: Vec<usize> = batches.iter().flat_map(|b| b.rows.clone()).collect();
            seen.sort_unstable();
            let expected: Vec<usize> = (0..lengths.len()).filter(|&i| lengths[i] > 0).collect();
            prop_assert_eq!(seen, expected);
            for batch in &batches {
                prop_assert!(batch.rows.len() <= most);
                prop_assert!(batch.rows.len() == 1 || batch.rows.len() * batch.length <= tokens);
                prop_assert!(batch.rows.iter().all(|&i| lengths[i] <= batch.length));
                let tokens = batch.rows.iter().map(|&i| lengths[i]).max().unwrap();
                prop_assert_eq!(batch.length, tokens.next_multiple_of(multiple).min(longest.max(tokens)));
            }
        }
    }
}
