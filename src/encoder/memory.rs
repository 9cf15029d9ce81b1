//! An estimate of the memory that encoding takes, and what fits in less.

use super::batch::BatchBudget;
use super::error::EncodeError;
use crate::model::{Aggregation, GraphForm, Model, ModelSize, Operators, Precision};

/// Bytes of the program, ONNX Runtime's library, the tokenizer, and the texts and vectors of the parts in
/// flight.
const PROGRAM: u64 = 110 << 20;
/// Values per token that are alive at once beside the widest: inputs, outputs and residuals of an
/// operator.
const ALIVE: u64 = 6;
/// How many times what is alive at once the C library's allocator keeps, because shapes vary. Measured.
const RETAINED: u64 = 3;

/// Estimates the memory that a model takes on the CPU.
///
/// It counts what grows with model, batch and threads: the weights as they are kept for all threads and
/// as ONNX Runtime packs them, and the largest activations of each thread. Its constants were fitted to
/// the peak memory of models of 4 and 110 million parameters.
#[derive(Debug, Clone, Copy)]
pub struct MemoryPlan {
    size: ModelSize,
    screened: bool,
    precision: Precision,
    operators: Operators,
    max_length: usize,
}

impl MemoryPlan {
    /// Plans for a model in a form, with texts of at most `max_length` tokens.
    #[must_use]
    pub fn new(
        model: &Model,
        aggregation: Aggregation,
        form: GraphForm,
        max_length: usize,
    ) -> Self {
        let size = model.size();
        Self {
            size,
            screened: aggregation == Aggregation::Max && size.hidden > 0,
            precision: form.precision,
            operators: form.operators,
            max_length,
        }
    }

    /// Returns the bytes needed by `workers` threads with batches of this size.
    #[must_use]
    pub fn needed(&self, workers: usize, budget: BatchBudget) -> u64 {
        // Counts the weights of an exported graph per worker, because they are not shared. The factors
        // were measured; they include what reading and making a session hold at once.
        let exported = self.size.exported_bytes;
        let exported = exported * 5 / 2 + workers as u64 * exported * 5 / 4;
        PROGRAM + self.weights() + exported + workers as u64 * self.batch(budget)
    }

    /// Returns the bytes of the weights that all threads share.
    fn weights(&self) -> u64 {
        let size = &self.size;
        let layers = match self.precision {
            // Counts them once as they are and once packed.
            Precision::Fp32 => 8 * size.layer_weights,
            Precision::Fp16 => 10 * size.layer_weights,
            Precision::Int8 => 2 * size.layer_weights,
        };
        let decoder = size.decoder_weights
            * match (self.screened, size.tied) {
                // Counts the integers beside the word embeddings.
                (true, true) => 1,
                (true, false) => 5,
                (false, _) => 8,
            };
        layers + decoder + 4 * size.embedding_weights
    }

    /// Returns the bytes of one thread's activations.
    fn batch(&self, budget: BatchBudget) -> u64 {
        let size = &self.size;
        let length = self.max_length as u64;
        let tokens = (budget.tokens as u64)
            .min(budget.texts as u64 * length)
            .max(length);
        let widest = 2 * size.intermediate as u64 + ALIVE * size.hidden as u64;
        let scores = self.scores(tokens, budget).max(self.window_scores(tokens));
        // Counts whole logits for an exported graph.
        let logits = if size.hidden == 0 {
            2 * tokens * size.vocabulary as u64
        } else {
            0
        };
        let pooled = if self.screened {
            0
        } else {
            budget.texts as u64 * size.vocabulary as u64
        };
        4 * RETAINED * (tokens * widest + scores + logits + pooled) + 4 * tokens * self.blocks()
    }

    /// Returns the scores that attention of every token to all others has in memory at once.
    fn scores(&self, tokens: u64, budget: BatchBudget) -> u64 {
        let length = self.max_length as u64;
        let (texts, padded) = match (self.operators, self.size.rotary) {
            // Those of some rows at a time are nothing beside the rest.
            (Operators::Own, _) => return 0,
            (_, true) => {
                // Only texts that share a batch have all their scores in memory.
                let padded = length.min(budget.tokens as u64 / 2);
                (budget.tokens as u64 / padded.max(1), padded)
            }
            (_, false) => ((tokens / length.max(1)).max(1), length),
        };
        texts * self.size.heads as u64 * padded * padded * 2
    }

    /// Returns the scores of texts that are short beside a window: such a text is one block.
    fn window_scores(&self, tokens: u64) -> u64 {
        let length = self.max_length as u64;
        let padded = (self.size.window as u64).saturating_mul(4).min(length);
        let texts = (tokens / padded.max(1)).max(1);
        texts * self.size.heads as u64 * padded * padded * 2
    }

    /// Returns the values per token that attention within a window has beside those: keys and values with those of
    /// the neighboring blocks, as they are and by head, and the scores.
    fn blocks(&self) -> u64 {
        let size = &self.size;
        match size.window.min(self.max_length) {
            0 => 0,
            window => 12 * size.hidden as u64 + 6 * (size.heads * window) as u64,
        }
    }

    /// Returns the largest budget and number of threads within `limit` bytes.
    ///
    /// Batches are halved until two threads fit, whatever the number of threads is: weights differ by
    /// rounding from batch to batch, and must not depend on the machine. Then as many threads are used
    /// as fit.
    ///
    /// # Errors
    /// [`EncodeError::Memory`] if not even one thread with one text at a time fits.
    pub fn fit(
        &self,
        limit: u64,
        workers: usize,
        mut budget: BatchBudget,
    ) -> Result<(usize, BatchBudget), EncodeError> {
        while self.needed(2, budget) > limit && budget.tokens > self.max_length {
            budget.tokens = (budget.tokens / 2).max(self.max_length);
            budget.texts = (budget.texts / 2).max(1);
        }
        let fits = |workers: &usize| self.needed(*workers, budget) <= limit;
        match (1..=workers).rev().find(fits) {
            Some(workers) => Ok((workers, budget)),
            None => Err(EncodeError::Memory {
                limit,
                needed: self.needed(1, budget),
                max_length: self.max_length,
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn bert_base() -> MemoryPlan {
        MemoryPlan {
            size: ModelSize {
                hidden: 768,
                heads: 12,
                intermediate: 3072,
                vocabulary: 30_522,
                layer_weights: 85_000_000,
                embedding_weights: 23_800_000,
                decoder_weights: 23_400_000,
                rotary: false,
                window: 0,
                tied: true,
                exported_bytes: 0,
            },
            screened: true,
            precision: Precision::Fp32,
            operators: Operators::Plain,
            max_length: 256,
        }
    }

    proptest! {
        #[test]
        fn what_fits_is_within_the_limit(limit in 1u64 << 28..1 << 33, workers in 1usize..64) {
            let plan = bert_base();
            match plan.fit(limit, workers, BatchBudget::default()) {
                Ok((fitted, budget)) => {
                    prop_assert!(plan.needed(fitted, budget) <= limit);
                    prop_assert!((1..=workers).contains(&fitted));
                    prop_assert!(budget.tokens >= 256);
                }
                Err(EncodeError::Memory { needed, .. }) => prop_assert!(needed > limit),
                Err(other) => prop_assert!(false, "{}", other),
            }
        }
    }

    #[test]
    fn the_scores_of_a_text_alone_are_not_counted_with_rotary_positions() {
        let size = ModelSize {
            rotary: true,
            ..bert_base().size
        };
        let needed = |max_length| {
            let plan = MemoryPlan {
                size,
                max_length,
                ..bert_base()
            };
            plan.needed(1, BatchBudget::default())
        };
        let step = needed(4096) - needed(2048);
        assert_eq!(needed(8192) - needed(4096), 2 * step);
    }

    #[test]
    fn scores_are_counted_where_they_are_in_memory() {
        let needed = |operators, window, max_length| {
            let plan = MemoryPlan {
                size: ModelSize {
                    window,
                    ..bert_base().size
                },
                operators,
                max_length,
                ..bert_base()
            };
            plan.needed(1, BatchBudget::default())
        };
        let plain = needed(Operators::Plain, 0, 8192);
        let own = needed(Operators::Own, 0, 8192);
        assert!(plain > 19 << 30 && own < 3 << 30, "{plain} {own}");
        // A text that a window covers is one block.
        let covered = needed(Operators::Own, 2048, 8192);
        assert!(covered > 19 << 30, "{covered}");
        let endless = needed(Operators::Own, usize::MAX, 512);
        assert!(endless < 2 << 30, "{endless}");
    }

    #[test]
    fn batches_do_not_depend_on_threads() {
        let plan = bert_base();
        let limit = plan.needed(2, BatchBudget::default()) - 1;
        for (threads, fitted) in [(1, 1), (2, 2), (64, 3)] {
            let (workers, budget) = plan.fit(limit, threads, BatchBudget::default()).unwrap();
            assert_eq!((workers, budget.tokens), (fitted, 512));
        }
    }
}
