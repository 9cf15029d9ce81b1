//! The kernel in plain Rust, for every processor and as the reference for the others.
//!
//! Compilers turn loops over arrays of floats into vectors on every target, loops over widened bytes
//! on few. So the integers are multiplied as floats: products and sums of up to [`EXACT_WIDTH`] of
//! them stay below `2^24`, where `f32` holds every integer, and come out exact.

use super::arithmetic::Kernel;
use super::dot_lanes::{DOT_LANES, add_tail, sum_lanes};
use crate::screened_head::layout::{BLOCK, Block, GROUP, QUAD};
use crate::screened_head::rows::QuantizedRows;

/// Number of terms of a sum of integer products that `f32` computes without rounding:
/// `127^2 * 1024 < 2^24` (a quad may hold -128 only where the bound is infinite anyway).
const EXACT_WIDTH: usize = 1024;

/// Number of columns in a tile.
const TILE: usize = 16;
/// Number of tokens in a tile: two by 16 columns are eight 128-bit accumulators.
const TILE_TOKENS: usize = 2;

/// The kernel in plain Rust.
pub(in crate::screened_head) struct Portable;

impl Kernel for Portable {
    fn block_max(&self, block: Block<'_>, rows: &QuantizedRows, best: &mut [i32; BLOCK]) {
        let mut scores = vec![[0; BLOCK]; rows.groups * GROUP];
        self.block_scores(block, rows, &mut scores);
        *best = [i32::MIN; BLOCK];
        for scores in &scores {
            for (best, &score) in best.iter_mut().zip(scores) {
                *best = (*best).max(score);
            }
        }
    }

    fn block_scores(&self, block: Block<'_>, rows: &QuantizedRows, scores: &mut [[i32; BLOCK]]) {
        let columns = column_floats(block);
        let width = columns.len();
        let mut group_rows = vec![0.0_f32; GROUP * width];
        let mut part = [[0.0_f32; BLOCK]; GROUP];
        let groups = rows.bytes.chunks_exact(rows.quads * GROUP * QUAD);
        for (group, scores) in groups.zip(scores.as_chunks_mut::<GROUP>().0) {
            row_floats(group, &mut group_rows);
            *scores = [[0; BLOCK]; GROUP];
            for from in (0..width).step_by(EXACT_WIDTH) {
                let to = width.min(from + EXACT_WIDTH);
                products(&columns[from..to], &group_rows[from..], width, &mut part);
                for (scores, part) in scores.iter_mut().zip(&part) {
                    for (score, &part) in scores.iter_mut().zip(part) {
                        #[allow(clippy::cast_possible_truncation, reason = "an integer below 2^24")]
                        {
                            *score += part as i32;
                        }
                    }
                }
            }
        }
    }

    fn block_scores_f32(
        &self,
        columns: &[[f32; BLOCK]],
        hidden: &[f32],
        scores: &mut [[f32; BLOCK]],
    ) {
        let width = columns.len();
        let groups = hidden.chunks(TILE_TOKENS * width);
        for (rows, scores) in groups.zip(scores.chunks_mut(TILE_TOKENS)) {
            let tokens = rows.len() / width;
            products(columns, rows, width, &mut scores[..tokens]);
        }
    }

    fn dot(&self, a: &[f32], b: &[f32]) -> f64 {
        let mut lanes = [0.0_f64; DOT_LANES];
        let (a_body, a_tail) = a.as_chunks::<DOT_LANES>();
        let (b_body, b_tail) = b.as_chunks::<DOT_LANES>();
        for (a, b) in a_body.iter().zip(b_body) {
            for lane in 0..DOT_LANES {
                lanes[lane] += f64::from(a[lane]) * f64::from(b[lane]);
            }
        }
        add_tail(&mut lanes, a_tail, b_tail);
        sum_lanes(lanes)
    }
}

/// Returns a block's integers as floats, `[padded width][64]`.
fn column_floats(block: Block<'_>) -> Vec<[f32; BLOCK]> {
    let mut columns = vec![[0.0_f32; BLOCK]; block.weights.len() / BLOCK];
    let quads = block.weights.as_chunks::<{ BLOCK * QUAD }>().0;
    for (quad, columns) in quads.iter().zip(columns.as_chunks_mut::<QUAD>().0) {
        for (lane, weights) in quad.as_chunks::<QUAD>().0.iter().enumerate() {
            for (&weight, column) in weights.iter().zip(columns.iter_mut()) {
                column[lane] = f32::from(weight);
            }
        }
    }
    columns
}

/// Writes a group's integers as floats, `[token][padded width]`.
fn row_floats(group: &[u8], rows: &mut [f32]) {
    let width = rows.len() / GROUP;
    for (quad, tokens) in group.as_chunks::<{ GROUP * QUAD }>().0.iter().enumerate() {
        for (token, bytes) in tokens.as_chunks::<QUAD>().0.iter().enumerate() {
            for (value, &byte) in rows[token * width + quad * QUAD..].iter_mut().zip(bytes) {
                *value = f32::from(byte) - 128.0;
            }
        }
    }
}

/// Computes all products of `scores.len()` rows, `stride` apart, with 64 columns `[terms][64]`.
fn products(columns: &[[f32; BLOCK]], rows: &[f32], stride: usize, scores: &mut [[f32; BLOCK]]) {
    for (pair, scores) in scores.chunks_mut(TILE_TOKENS).enumerate() {
        let first = pair * TILE_TOKENS * stride;
        // A single row at the end is taken twice.
        let second = first + (scores.len() - 1) * stride;
        let first = &rows[first..][..columns.len()];
        let second = &rows[second..][..columns.len()];
        for part in 0..BLOCK / TILE {
            let mut sums = [[0.0_f32; TILE]; TILE_TOKENS];
            for ((columns, &first), &second) in columns.iter().zip(first).zip(second) {
                let weights = &columns.as_chunks::<TILE>().0[part];
                for lane in 0..TILE {
                    sums[0][lane] += first * weights[lane];
                    sums[1][lane] += second * weights[lane];
                }
            }
            for (scores, sums) in scores.iter_mut().zip(sums) {
                scores.as_chunks_mut::<TILE>().0[part] = sums;
            }
        }
    }
}
