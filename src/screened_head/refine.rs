//! The exact values of the columns that survived.
//!
//! Survivors are gathered in blocks of 64. The integers show which tokens can reach a column's
//! maximum, mostly one or two, and only those are multiplied in `f64`. Where the integers leave too
//! many (rows with outliers, hardly any difference between tokens), single precision with its own
//! bound sorts out the rest of that block first. Either way the maximum is one of `f64` products.

use super::decoder::Decoder;
use super::document::Document;
use super::layout::{BLOCK, Block, GROUP};
use super::screen::Survivor;

/// An `f64` product costs about as much as this many `f32` products of a tile, which decides when
/// single precision is worth a pass over the whole block. Only speed depends on it.
const EXACT_COST: usize = 8;

/// The buffers that one worker uses again for every document.
#[derive(Debug)]
pub(super) struct Buffers {
    weights: Vec<i8>,
    sums: [i32; BLOCK],
    integer_scores: Vec<[i32; BLOCK]>,
    columns: Vec<[f32; BLOCK]>,
    float_scores: Vec<[f32; BLOCK]>,
    candidates: Vec<Candidate>,
}

impl Default for Buffers {
    fn default() -> Self {
        Self {
            weights: Vec::new(),
            sums: [0; BLOCK],
            integer_scores: Vec::new(),
            columns: Vec::new(),
            float_scores: Vec::new(),
            candidates: Vec::new(),
        }
    }
}

/// A product that may be the maximum of its column.
#[derive(Debug, Clone, Copy)]
struct Candidate {
    token: u32,
    /// The column's place in its block of survivors.
    lane: u32,
}

/// The work that refinement took.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Counts {
    /// Number of `f64` dot products.
    pub exact_dots: usize,
    /// Number of columns that went through single precision.
    pub float_columns: usize,
}

/// Appends `(column, weight)` for every survivor whose exact maximum is positive.
pub(super) fn refine(
    decoder: &Decoder<'_>,
    document: &Document<'_>,
    survivors: &[Survivor],
    buffers: &mut Buffers,
    out: &mut Vec<(u32, f32)>,
) -> Counts {
    let mut counts = Counts::default();
    for block in survivors.chunks(BLOCK) {
        if !buffers.collect_by_integers(decoder, document, block) {
            buffers.collect_by_floats(decoder, document, block);
            counts.float_columns += block.len();
        }
        counts.exact_dots += buffers.candidates.len();
        let best = exact_maxima(decoder, document, block, &buffers.candidates);
        for (survivor, best) in block.iter().zip(best) {
            let logit = best + f64::from(decoder.bias[survivor.column as usize]);
            if logit > 0.0 {
                out.push((survivor.column, weight(logit)));
            }
        }
    }
    counts
}

/// Returns the largest of the candidates' products for each survivor of a block.
fn exact_maxima(
    decoder: &Decoder<'_>,
    document: &Document<'_>,
    block: &[Survivor],
    candidates: &[Candidate],
) -> [f64; BLOCK] {
    let mut best = [f64::NEG_INFINITY; BLOCK];
    for &Candidate { token, lane } in candidates {
        let (token, lane) = (token as usize, lane as usize);
        let row = &document.hidden[token * decoder.width..][..decoder.width];
        let column = decoder.column(block[lane].column as usize);
        best[lane] = best[lane].max(decoder.kernel.dot(row, column));
    }
    best
}

/// Returns `log(1 + logit)` for a positive logit, never rounded down to zero.
fn weight(logit: f64) -> f32 {
    #[allow(
        clippy::cast_possible_truncation,
        reason = "the result is wanted in f32"
    )]
    let weight = logit.ln_1p() as f32;
    // A weight is positive by contract, also for a logit below the smallest f32.
    weight.max(f32::from_bits(1))
}

impl Buffers {
    /// Collects the tokens that the integers cannot exclude. Returns `false` if there are so many that
    /// single precision is worth its pass.
    fn collect_by_integers(
        &mut self,
        decoder: &Decoder<'_>,
        document: &Document<'_>,
        block: &[Survivor],
    ) -> bool {
        self.score_by_integers(decoder, document, block);
        // No score reaches `i32::MAX`: lanes without a survivor have no candidates.
        let mut thresholds = [i32::MAX; BLOCK];
        for (threshold, survivor) in thresholds.iter_mut().zip(block) {
            let column = decoder.packed.bound(survivor.column as usize);
            *threshold = document.bound.integer_threshold(&column, survivor.best);
        }
        let tokens = document.rows.tokens;
        // A block always has at least one candidate per column.
        let limit = (block.len() * tokens / EXACT_COST).max(2 * BLOCK);
        self.candidates.clear();
        for (token, scores) in (0_u32..).zip(&self.integer_scores[..tokens]) {
            let hits = scores
                .iter()
                .zip(&thresholds)
                .map(|(score, threshold)| score >= threshold)
                // The fold has no branch, so it runs on vectors.
                .fold(false, |any, hit| any | hit);
            if !hits {
                continue;
            }
            for (lane, (score, threshold)) in (0_u32..).zip(scores.iter().zip(&thresholds)) {
                if score >= threshold {
                    self.candidates.push(Candidate { token, lane });
                }
            }
            if self.candidates.len() > limit {
                return false;
            }
        }
        true
    }

    /// Gathers a block of survivors and computes their integer products with all tokens.
    fn score_by_integers(
        &mut self,
        decoder: &Decoder<'_>,
        document: &Document<'_>,
        block: &[Survivor],
    ) {
        decoder.packed.gather(
            block.iter().map(|survivor| survivor.column as usize),
            &mut self.weights,
            &mut self.sums,
        );
        let gathered = Block {
            weights: &self.weights,
            sums: &self.sums,
        };
        let rows = document.rows;
        self.integer_scores.resize(rows.groups * GROUP, [0; BLOCK]);
        decoder
            .kernel
            .block_scores(gathered, rows, &mut self.integer_scores);
    }

    /// Collects the tokens that single precision cannot exclude.
    fn collect_by_floats(
        &mut self,
        decoder: &Decoder<'_>,
        document: &Document<'_>,
        block: &[Survivor],
    ) {
        self.score_by_floats(decoder, document, block);
        let scores = &self.float_scores[..document.rows.tokens];
        let thresholds = float_thresholds(decoder, document, block, scores);
        self.candidates.clear();
        for (token, scores) in (0_u32..).zip(scores) {
            let hits = scores
                .iter()
                .zip(&thresholds)
                .map(|(&score, &threshold)| reaches(score, threshold))
                .fold(false, |any, hit| any | hit);
            if !hits {
                continue;
            }
            let scores = scores.iter().zip(&thresholds[..block.len()]);
            for (lane, (score, threshold)) in (0_u32..).zip(scores) {
                if reaches(*score, *threshold) {
                    self.candidates.push(Candidate { token, lane });
                }
            }
        }
    }

    /// Computes the products of a block of survivors with all tokens in single precision.
    fn score_by_floats(
        &mut self,
        decoder: &Decoder<'_>,
        document: &Document<'_>,
        block: &[Survivor],
    ) {
        self.columns.clear();
        self.columns.resize(decoder.width, [0.0; BLOCK]);
        for (lane, survivor) in block.iter().enumerate() {
            let column = decoder.column(survivor.column as usize);
            for (&value, out) in column.iter().zip(&mut self.columns) {
                out[lane] = value;
            }
        }
        self.float_scores
            .resize(document.rows.groups * GROUP, [0.0; BLOCK]);
        decoder
            .kernel
            .block_scores_f32(&self.columns, document.hidden, &mut self.float_scores);
    }
}

/// Returns for each survivor of a block the smallest score in single precision that may be its maximum.
fn float_thresholds(
    decoder: &Decoder<'_>,
    document: &Document<'_>,
    block: &[Survivor],
    scores: &[[f32; BLOCK]],
) -> [f32; BLOCK] {
    // NaN scores (an overflow inside the sum) are dropped here, and kept by the threshold below,
    // which such magnitudes put at minus infinity.
    let mut best = [f32::NEG_INFINITY; BLOCK];
    for scores in scores {
        for (best, &score) in best.iter_mut().zip(scores) {
            *best = best.max(score);
        }
    }
    let mut thresholds = [f32::INFINITY; BLOCK];
    for (lane, survivor) in block.iter().enumerate() {
        let column = survivor.column as usize;
        thresholds[lane] = document.bound.float_threshold(
            &decoder.packed.bound(column),
            decoder.bias[column],
            decoder.width,
            best[lane],
        );
    }
    thresholds
}

/// Returns whether a score is not below the threshold; NaN reaches everything.
#[inline]
fn reaches(score: f32, threshold: f32) -> bool {
    let below = score < threshold;
    !below
}
