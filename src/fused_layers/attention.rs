//! Attention of a text's tokens to all of them, from queries, keys and values as the linear layers left
//! them.
//!
//! For each head, keys are transposed into panels of as many tokens as a tile has columns, and values
//! copied, so that both lie one after the other. Then for a few queries at a time:
//!
//! ```text
//! scores   [queries, length]   a tile for each panel of keys
//! weights                      exp(score - largest), not yet divided by their sum
//! context  [queries, d]        added up over blocks of keys, divided by the sum at the end
//! ```
//!
//! The order of every sum depends on the text's length alone: not on padding, and on no other text.

use super::functions::Functions;
use super::product::Rows;
use super::vector::{GROUP, Tile, Vector, tile};

/// Queries whose scores are computed before their context: a panel of keys is read once for all.
const QUERIES: usize = 4 * GROUP;
/// Keys whose values are added to the context at a time: they stay in the first-level cache.
const KEYS: usize = 128;

/// How many rows before it is needed a row is asked for.
const AHEAD: usize = 8;

/// The size of an attention.
#[derive(Clone, Copy)]
pub(super) struct Shape {
    pub heads: usize,
    /// Values in a head.
    pub size: usize,
    /// The text's first row.
    pub first: usize,
    /// Its number of tokens.
    pub length: usize,
}

/// Memory for one head of a text, kept between calls.
#[derive(Default)]
pub(super) struct Scratch {
    queries: Vec<f32>,
    keys: Vec<f32>,
    values: Vec<f32>,
    scores: Vec<f32>,
    context: Vec<f32>,
}

/// How the values of a head are laid out.
#[derive(Clone, Copy)]
struct Layout {
    /// `d`, to whole vectors.
    size: usize,
    /// Tokens in a panel.
    panel: usize,
    /// The text's length, to whole panels.
    scores: usize,
}

impl Layout {
    fn new<V: Vector>(shape: Shape) -> Self {
        let panel = V::TILE * V::LANES;
        Self {
            size: shape.size.next_multiple_of(V::LANES),
            panel,
            scores: shape.length.next_multiple_of(panel),
        }
    }
}

impl Scratch {
    #[inline(never)]
    fn reserve(&mut self, shape: Shape, layout: Layout) {
        grow(&mut self.queries, QUERIES * layout.size);
        grow(&mut self.keys, layout.scores * layout.size);
        grow(&mut self.values, shape.length * layout.size);
        grow(&mut self.scores, QUERIES * layout.scores);
        grow(&mut self.context, QUERIES * layout.size);
    }
}

fn grow(values: &mut Vec<f32>, len: usize) {
    if values.len() < len {
        values.resize(len, 0.0);
    }
}

/// Writes the context of a text's tokens to `out`, `[rows, heads · size]`.
#[inline(always)]
pub(super) unsafe fn attend<V: Vector, P: Rows<V>>(
    [queries, keys, values]: [P; 3],
    shape: Shape,
    out: *mut f32,
    scratch: &mut Scratch,
) {
    let layout = Layout::new::<V>(shape);
    scratch.reserve(shape, layout);
    for head in 0..shape.heads {
        // SAFETY: as for `Vector`; the text's rows are within the products, and the scratch has room.
        unsafe {
            pack_keys::<V, P>(keys, shape, layout, head, scratch);
            copy_rows::<V, P>(
                values,
                (shape.first, shape.length),
                (head * shape.size, shape.size),
                1.0,
                scratch.values.as_mut_ptr(),
            );
            let mut query = 0;
            while query < shape.length {
                let count = QUERIES.min(shape.length - query);
                copy_rows::<V, P>(
                    queries,
                    (shape.first + query, count),
                    (head * shape.size, shape.size),
                    scale(shape.size),
                    scratch.queries.as_mut_ptr(),
                );
                score::<V>(count, layout, scratch);
                let row = (shape.first + query) * shape.heads + head;
                add_context::<V>(count, shape, layout, scratch, out.add(row * shape.size));
                query += count;
            }
        }
    }
}

/// Returns `1 / √d`.
#[allow(
    clippy::cast_precision_loss,
    reason = "a head has at most some hundred values"
)]
fn scale(size: usize) -> f32 {
    1.0 / (size as f32).sqrt()
}

/// Copies a head's columns of some rows, times `scale`, to whole vectors.
#[inline(always)]
unsafe fn copy_rows<V: Vector, P: Rows<V>>(
    product: P,
    (first, rows): (usize, usize),
    (column, size): (usize, usize),
    scale: f32,
    mut to: *mut f32,
) {
    // SAFETY: as for `attend`.
    unsafe {
        let scale = V::splat(scale);
        for row in first..first + rows {
            product.prefetch(row + AHEAD, column, size);
            let values = product.row(row);
            let mut at = 0;
            while at < size {
                let value = product.at(values, column + at, size - at).mul(scale);
                value.store(to);
                to = to.add(V::LANES);
                at += V::LANES;
            }
        }
    }
}

/// Transposes a head's keys into panels `[d, tokens]`; tokens that only fill the last are zeros.
#[inline(always)]
unsafe fn pack_keys<V: Vector, P: Rows<V>>(
    keys: P,
    shape: Shape,
    layout: Layout,
    head: usize,
    scratch: &mut Scratch,
) {
    let panel = layout.panel * layout.size;
    let from = shape.length / layout.panel * panel;
    scratch.keys[from..layout.scores * layout.size].fill(0.0);
    // SAFETY: as for `attend`.
    unsafe {
        for token in 0..shape.length {
            let row = shape.first + token;
            keys.prefetch(row + AHEAD, head * shape.size, shape.size);
            let values = keys.row(row);
            let mut to = scratch.keys.as_mut_ptr();
            to = to.add(token / layout.panel * panel + token % layout.panel);
            let mut at = 0;
            while at < shape.size {
                let mut lanes = [0.0; 16];
                let value = keys.at(values, head * shape.size + at, shape.size - at);
                value.store(lanes.as_mut_ptr());
                for lane in &lanes[..V::LANES] {
                    *to = *lane;
                    to = to.add(layout.panel);
                }
                at += V::LANES;
            }
        }
    }
}

/// Computes the scores of some queries, to whole groups, with all keys.
#[inline(always)]
unsafe fn score<V: Vector>(queries: usize, layout: Layout, scratch: &mut Scratch) {
    let panels = layout.scores / layout.panel;
    for panel in 0..panels {
        let mut query = 0;
        while query < queries {
            // SAFETY: as for `attend`; there is room for whole groups of queries.
            unsafe {
                V::wide_tile(Tile {
                    a: scratch.queries.as_ptr().add(query * layout.size),
                    a_stride: layout.size,
                    b: scratch
                        .keys
                        .as_ptr()
                        .add(panel * layout.panel * layout.size),
                    b_stride: layout.panel,
                    depth: layout.size,
                    out: scratch
                        .scores
                        .as_mut_ptr()
                        .add(query * layout.scores + panel * layout.panel),
                    out_stride: layout.scores,
                    add: false,
                });
            }
            query += GROUP;
        }
    }
}

/// Makes weights of the scores and adds up the values.
#[inline(always)]
unsafe fn add_context<V: Vector>(
    queries: usize,
    shape: Shape,
    layout: Layout,
    scratch: &mut Scratch,
    out: *mut f32,
) {
    let mut sums = [0.0; QUERIES];
    // SAFETY: as for `attend`.
    unsafe {
        for (query, sum) in sums.iter_mut().enumerate().take(queries) {
            let scores = scratch.scores.as_mut_ptr().add(query * layout.scores);
            *sum = exponentials::<V>(scores, shape.length);
        }
        let mut key = 0;
        while key < shape.length {
            let count = KEYS.min(shape.length - key);
            let mut query = 0;
            while query < queries {
                let part = Tile {
                    a: scratch.scores.as_ptr().add(query * layout.scores + key),
                    a_stride: layout.scores,
                    b: scratch.values.as_ptr().add(key * layout.size),
                    b_stride: layout.size,
                    depth: count,
                    out: scratch.context.as_mut_ptr().add(query * layout.size),
                    out_stride: layout.size,
                    add: key > 0,
                };
                add_values::<V>(part, layout);
                query += GROUP;
            }
            key += count;
        }
        for (query, sum) in sums.iter().enumerate().take(queries) {
            let from = scratch.context.as_ptr().add(query * layout.size);
            let to = out.add(query * shape.heads * shape.size);
            let factor = V::splat(1.0 / sum);
            let mut at = 0;
            while at < shape.size {
                let value = V::load(from.add(at)).mul(factor);
                if shape.size - at >= V::LANES {
                    value.store(to.add(at));
                } else {
                    value.store_part(to.add(at), shape.size - at);
                }
                at += V::LANES;
            }
        }
    }
}

/// Computes a part of the context, in tiles as wide as there are and narrow ones for the rest.
#[inline(always)]
unsafe fn add_values<V: Vector>(part: Tile, layout: Layout) {
    let mut at = 0;
    // SAFETY: as for `attend`.
    unsafe {
        while at < layout.size {
            let tiles = Tile {
                b: part.b.add(at),
                out: part.out.add(at),
                ..part
            };
            if layout.size - at >= layout.panel {
                V::wide_tile(tiles);
                at += layout.panel;
            } else {
                tile::<V, 1>(tiles);
                at += V::LANES;
            }
        }
    }
}

/// Replaces the scores of a query by `exp(score - largest)` and returns their sum.
#[inline(always)]
unsafe fn exponentials<V: Vector>(scores: *mut f32, length: usize) -> f32 {
    // SAFETY: as for `attend`; scores go to whole panels, so to whole vectors.
    unsafe {
        let functions = Functions::new();
        let mut largest = V::splat(f32::NEG_INFINITY);
        let whole = length / V::LANES * V::LANES;
        let mut key = 0;
        while key < whole {
            largest = V::load(scores.add(key)).max(largest);
            key += V::LANES;
        }
        let rest = length - whole;
        if rest > 0 {
            let part = V::load_part(scores.add(whole), rest, f32::NEG_INFINITY);
            // What is beyond the text gets a weight that no sum with the largest weight, 1, can hold.
            part.store(scores.add(whole));
            largest = part.max(largest);
        }
        let largest = V::splat(largest.largest());
        let mut sum = V::splat(0.0);
        let mut key = 0;
        while key < length {
            let weight = functions.exp(V::load(scores.add(key)).sub(largest));
            weight.store(scores.add(key));
            sum = sum.add(weight);
            key += V::LANES;
        }
        sum.sum()
    }
}
