//! The exact values of the columns that survived.
//!
//! Survivors are gathered in blocks of 64. The integers show which tokens can reach a column's
//! maximum, mostly one or two, and only those are multiplied in `f64`. Where the integers leave too
//! many (rows with outliers, hardly any difference between tokens), single precision with its own
//! bound sorts out the rest of that block first. Either way the maximum is one of `f64` products.

use super::bound::DocumentBound;
use super::pack::{BLOCK, PackedColumns};
use super::quantize::{GROUP, QuantizedRows};
use super::screen::{Kernel, Survivor};

/// An `f64` product costs about as much as this many `f32` products of a tile, which decides when
/// single precision is worth a pass over the whole block. Only speed depends on it.
const EXACT_COST: usize = 8;

/// Buffers of one worker.
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

#[derive(Debug, Clone, Copy)]
struct Candidate {
    token: u32,
    lane: u32,
}

/// A document on its way through the head.
#[derive(Clone, Copy)]
pub(super) struct Document<'a> {
    /// `T x H`.
    pub hidden: &'a [f32],
    /// The same rows in integers.
    pub rows: &'a QuantizedRows,
    /// Their bounds.
    pub bound: DocumentBound,
}

/// The head's data that refinement reads.
#[derive(Clone, Copy)]
pub(super) struct Columns<'a> {
    /// `V x H`.
    pub decoder: &'a [f32],
    /// `V`.
    pub bias: &'a [f32],
    /// The same in integers.
    pub packed: &'a PackedColumns,
    /// `H`.
    pub hidden: usize,
}

impl Columns<'_> {
    fn row(&self, column: usize) -> &[f32] {
        &self.decoder[column * self.hidden..][..self.hidden]
    }
}

/// What refinement did.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Counts {
    /// `f64` dot products.
    pub exact_dots: usize,
    /// Columns that went through single precision.
    pub float_columns: usize,
}

/// Appends `(column, weight)` for every survivor whose exact maximum is positive.
pub(super) fn refine(
    columns: Columns<'_>,
    document: Document<'_>,
    survivors: &[Survivor],
    kernel: &dyn Kernel,
    buffers: &mut Buffers,
    out: &mut Vec<(u32, f32)>,
) -> Counts {
    let tokens = document.rows.tokens;
    let mut counts = Counts::default();
    for block in survivors.chunks(BLOCK) {
        let limit = block.len() * tokens / EXACT_COST;
        if !integer_candidates(columns, document, block, kernel, buffers, limit) {
            float_candidates(columns, document, block, kernel, buffers);
            counts.float_columns += block.len();
        }
        counts.exact_dots += buffers.candidates.len();
        let mut best = [f64::NEG_INFINITY; BLOCK];
        for &Candidate { token, lane } in &buffers.candidates {
            let (token, lane) = (token as usize, lane as usize);
            let row = &document.hidden[token * columns.hidden..][..columns.hidden];
            let product = kernel.dot(row, columns.row(block[lane].column as usize));
            best[lane] = best[lane].max(product);
        }
        for (survivor, best) in block.iter().zip(best) {
            let logit = best + f64::from(columns.bias[survivor.column as usize]);
            if logit > 0.0 {
                out.push((survivor.column, weight(logit)));
            }
        }
    }
    counts
}

/// `log(1 + logit)` for a positive logit, never rounded down to zero.
fn weight(logit: f64) -> f32 {
    #[allow(
        clippy::cast_possible_truncation,
        reason = "the result is wanted in f32"
    )]
    let weight = logit.ln_1p() as f32;
    // A logit below the smallest f32: a weight is positive by contract.
    weight.max(f32::from_bits(1))
}

/// Collects the tokens that the integers cannot exclude; `false` if there are more than `limit`.
fn integer_candidates(
    columns: Columns<'_>,
    document: Document<'_>,
    block: &[Survivor],
    kernel: &dyn Kernel,
    buffers: &mut Buffers,
    limit: usize,
) -> bool {
    columns.packed.gather(
        block.iter().map(|survivor| survivor.column as usize),
        &mut buffers.weights,
        &mut buffers.sums,
    );
    let gathered = super::pack::Block {
        weights: &buffers.weights,
        sums: &buffers.sums,
    };
    let rows = document.rows;
    buffers
        .integer_scores
        .resize(rows.groups * GROUP, [0; BLOCK]);
    kernel.block_scores(gathered, rows, &mut buffers.integer_scores);

    // No score reaches this: lanes without a survivor have no candidates.
    let mut thresholds = [i32::MAX; BLOCK];
    for (threshold, survivor) in thresholds.iter_mut().zip(block) {
        let column = columns.packed.bound(survivor.column as usize);
        *threshold = document.bound.integer_threshold(&column, survivor.best);
    }
    buffers.candidates.clear();
    for (token, scores) in (0_u32..).zip(&buffers.integer_scores[..rows.tokens]) {
        let hits = scores
            .iter()
            .zip(&thresholds)
            .map(|(score, threshold)| score >= threshold)
            // Without a branch, so that it runs on vectors.
            .fold(false, |any, hit| any | hit);
        if !hits {
            continue;
        }
        for (lane, (score, threshold)) in (0_u32..).zip(scores.iter().zip(&thresholds)) {
            if score >= threshold {
                buffers.candidates.push(Candidate { token, lane });
            }
        }
        // A block always has at least one candidate a column.
        if buffers.candidates.len() > limit.max(2 * BLOCK) {
            return false;
        }
    }
    true
}

/// Collects the tokens that single precision cannot exclude.
fn float_candidates(
    columns: Columns<'_>,
    document: Document<'_>,
    block: &[Survivor],
    kernel: &dyn Kernel,
    buffers: &mut Buffers,
) {
    let rows = document.rows;
    buffers.columns.clear();
    buffers.columns.resize(columns.hidden, [0.0; BLOCK]);
    for (lane, survivor) in block.iter().enumerate() {
        let row = columns.row(survivor.column as usize);
        for (&value, out) in row.iter().zip(&mut buffers.columns) {
            out[lane] = value;
        }
    }
    buffers
        .float_scores
        .resize(rows.groups * GROUP, [0.0; BLOCK]);
    kernel.block_scores_f32(&buffers.columns, document.hidden, &mut buffers.float_scores);

    let scores = &buffers.float_scores[..rows.tokens];
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
            &columns.packed.bound(column),
            columns.bias[column],
            columns.hidden,
            best[lane],
        );
    }
    buffers.candidates.clear();
    for (token, scores) in (0_u32..).zip(scores) {
        let hits = scores
            .iter()
            .zip(&thresholds)
            .map(|(&score, &threshold)| reaches(score, threshold))
            .fold(false, |any, hit| any | hit);
        if !hits {
            continue;
        }
        for (lane, (score, threshold)) in
            (0_u32..).zip(scores.iter().zip(&thresholds[..block.len()]))
        {
            if reaches(*score, *threshold) {
                buffers.candidates.push(Candidate { token, lane });
            }
        }
    }
}

/// Not below; NaN reaches everything.
#[inline]
fn reaches(score: f32, threshold: f32) -> bool {
    let below = score < threshold;
    !below
}
