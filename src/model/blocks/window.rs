//! Attention of each token to those within a window, in blocks, at a cost that grows with the length and
//! not with its square.
//!
//! The text is cut into `N` blocks of `C = min(w, L)` tokens, `w` being how far a token sees to each side.
//! The tokens of a block attend to it and to the two beside it, less those that are too far away:
//!
//! ```text
//! queries  [B, N, C, H]         block n
//! keys     [B, N, 3C, H]        blocks n - 1, n, n + 1
//! mask     [B · N, 1, C, 3C]    0 where |query - key| <= w and the key is a token, else -1e4
//! ```
//!
//! On the CPU a short text has one block without neighbors instead, whose mask is `[B, 1, L, L]`: copying keys and
//! values costs more there than it saves.

use super::attention::MASKED;
use super::builder::{EncoderBuilder, dim};
use crate::model::form::Operators;
use crate::model::graph::{Attr, Value};
use crate::model::onnx::data_type;

/// Most tokens of a text in one block, in windows to one side. Measured.
const SHORT: usize = 4;

/// The values that all layers with the same window share.
pub(super) struct Window {
    /// `C`, `[1]`
    block: Value,
    /// What is put around the batch so that it has whole blocks.
    query_pads: Value,
    /// The same with a block more on each side.
    key_pads: Value,
    /// `[B · N, 1, C, 3C]`, or `[B, 1, L, L]` for a short text.
    pub mask: Value,
    /// Whether the text is short, a bool.
    pub is_short: Value,
    /// `L`, `[1]`
    length: Value,
}

impl EncoderBuilder {
    /// Returns the values for a window in which a token sees `reach` tokens to each side.
    pub(super) fn window(&mut self, reach: usize) -> Window {
        let name = format!("window {reach}");
        let [block, query_pads, key_pads, mask, is_short, length] = self.shared(name, |builder| {
            let [block, length] = builder.block_length(reach);
            let [query_pads, key_pads, mask_pads] = builder.block_pads(&block, &length);
            let is_short = builder.is_short(reach, &length);
            let mask = match builder.operators {
                Operators::Fused => builder.block_mask(reach, &block, &mask_pads),
                Operators::Plain | Operators::Own => {
                    let padding = builder.additive_mask();
                    let outside = builder.graph.begin_branch();
                    let mask = builder.whole_mask(reach, &length, &padding);
                    let whole = builder.graph.end_branch(outside, &mask);
                    let outside = builder.graph.begin_branch();
                    let mask = builder.block_mask(reach, &block, &mask_pads);
                    let blocks = builder.graph.end_branch(outside, &mask);
                    builder.graph.either(&is_short, &whole, &blocks)
                }
            };
            [block, query_pads, key_pads, mask, is_short, length]
        });
        Window {
            block,
            query_pads,
            key_pads,
            mask,
            is_short,
            length,
        }
    }

    /// Writes `C` and `L`, `[1]` each.
    fn block_length(&mut self, reach: usize) -> [Value; 2] {
        let g = &mut self.graph;
        let (zero, one, two) = (g.ints(&[0]), g.ints(&[1]), g.ints(&[2]));
        let shape = g.node("Shape", &[&self.ids], &[]);
        let length = g.node("Slice", &[&shape, &one, &two, &zero], &[]);
        let reach = g.ints(&[dim(reach)]);
        [g.node("Min", &[&length, &reach], &[]), length]
    }

    /// Writes what is put around queries, keys and the mask so that they have whole blocks, and keys and
    /// the mask a block more on each side.
    fn block_pads(&mut self, block: &str, length: &str) -> [Value; 3] {
        let g = &mut self.graph;
        let no = &*g.ints(&[0]);
        // (-L) mod C: what is missing to whole blocks.
        let negative = g.node("Neg", &[length], &[]);
        let missing = g.node("Mod", &[&negative, block], &[]);
        let after = g.node("Add", &[&missing, block], &[]);
        let axis = [Attr::Int("axis", 0)];
        [
            g.node("Concat", &[no, no, no, no, &missing, no], &axis),
            g.node("Concat", &[no, block, no, no, &after, no], &axis),
            g.node("Concat", &[no, block, no, &after], &axis),
        ]
    }

    /// Writes whether a text is short.
    fn is_short(&mut self, reach: usize, length: &str) -> Value {
        let g = &mut self.graph;
        let most = g.ints(&[dim(SHORT.saturating_mul(reach))]);
        g.node("LessOrEqual", &[length, &most], &[])
    }

    /// Writes the mask of a text in one block.
    fn whole_mask(&mut self, reach: usize, length: &str, padding: &str) -> Value {
        let g = &mut self.graph;
        let (zero, one) = (g.int(0), g.int(1));
        let length = g.node("Squeeze", &[length], &[]);
        let tokens = g.node("Range", &[&zero, &length, &one], &[]);
        let distance = self.distance_mask(reach, &tokens, &tokens);
        self.graph.node("Add", &[padding, &distance], &[])
    }

    /// Writes the mask of a text in blocks.
    fn block_mask(&mut self, reach: usize, block: &str, pads: &str) -> Value {
        let g = &mut self.graph;
        let width = g.node("Squeeze", &[block], &[]);
        let (zero, one, three) = (g.int(0), g.int(1), g.int(3));
        let queries = g.node("Range", &[&zero, &width, &one], &[]);
        let queries = g.node("Add", &[&queries, &width], &[]);
        let all = g.node("Mul", &[&width, &three], &[]);
        let keys = g.node("Range", &[&zero, &all, &one], &[]);
        let distance = self.distance_mask(reach, &queries, &keys);
        let g = &mut self.graph;
        let mask = g.cast(&self.mask, data_type::FLOAT);
        let (one, masked) = (g.scalar(1.0), g.scalar(MASKED));
        let padding = g.node("Sub", &[&one, &mask], &[]);
        let padding = g.node("Mul", &[&padding, &masked], &[]);
        let padding = g.node("Pad", &[&padding, pads, &masked], &[]);
        let (keep, rest, axis) = (g.ints(&[0]), g.ints(&[-1]), [Attr::Int("axis", 0)]);
        let shape = g.node("Concat", &[&keep, &rest, block], &axis);
        let padding = g.node("Reshape", &[&padding, &shape], &[]);
        let padding = self.with_neighbors(&padding);
        let g = &mut self.graph;
        let axes = g.ints(&[2, 3]);
        let padding = g.node("Unsqueeze", &[&padding, &axes], &[]);
        let mask = g.node("Add", &[&padding, &distance], &[]);
        let mask = self.linear.cast(&mut self.graph, mask);
        self.without_axis(&mask, -4)
    }

    /// Writes `[queries, keys]`, given their positions: 0 for a key within reach of the query, else -1e4.
    fn distance_mask(&mut self, reach: usize, queries: &str, keys: &str) -> Value {
        let g = &mut self.graph;
        let axis = g.ints(&[1]);
        let queries = g.node("Unsqueeze", &[queries, &axis], &[]);
        let distance = g.node("Sub", &[&queries, keys], &[]);
        let distance = g.node("Abs", &[&distance], &[]);
        let reach = g.int(dim(reach));
        let near = g.node("LessOrEqual", &[&distance, &reach], &[]);
        let (open, masked) = (g.scalar(0.0), g.scalar(MASKED));
        g.node("Where", &[&near, &open, &masked], &[])
    }

    /// Cuts queries `[B, L, H]` into blocks `[B, N, C, H]`.
    pub(super) fn query_blocks(&mut self, x: &str, window: &Window, width: usize) -> Value {
        let x = self.graph.node("Pad", &[x, &window.query_pads], &[]);
        self.blocks(&x, window, width)
    }

    /// Cuts keys or values `[B, L, H]` into blocks with those beside them, `[B, N, 3C, H]`.
    pub(super) fn key_blocks(&mut self, x: &str, window: &Window, width: usize) -> Value {
        let x = self.graph.node("Pad", &[x, &window.key_pads], &[]);
        let x = self.blocks(&x, window, width);
        self.with_neighbors(&x)
    }

    /// Puts blocks `[B, N, C, H]` together again: `[B, L, H]`.
    pub(super) fn join_blocks(&mut self, x: &str, window: &Window, width: usize) -> Value {
        let g = &mut self.graph;
        let shape = g.ints(&[0, -1, dim(width)]);
        let x = g.node("Reshape", &[x, &shape], &[]);
        let (zero, one) = (g.ints(&[0]), g.ints(&[1]));
        g.node("Slice", &[&x, &zero, &window.length, &one], &[])
    }

    fn blocks(&mut self, x: &str, window: &Window, width: usize) -> Value {
        let g = &mut self.graph;
        let (begin, end) = (g.ints(&[0, -1]), g.ints(&[dim(width)]));
        let axis = [Attr::Int("axis", 0)];
        let shape = g.node("Concat", &[&begin, &window.block, &end], &axis);
        g.node("Reshape", &[x, &shape], &[])
    }

    /// Joins each block but the outermost with those beside it: `[B, N + 2, C, ..]` -> `[B, N, 3C, ..]`.
    fn with_neighbors(&mut self, x: &str) -> Value {
        let g = &mut self.graph;
        let axis = g.ints(&[1]);
        let parts = [(0, -2), (1, -1), (2, i64::MAX)].map(|(from, to)| {
            let (from, to) = (g.ints(&[from]), g.ints(&[to]));
            g.node("Slice", &[x, &from, &to, &axis], &[])
        });
        let [before, own, after] = &parts;
        g.node("Concat", &[before, own, after], &[Attr::Int("axis", 2)])
    }

    /// Joins the first two axes, of which the second is `axis` from the end.
    pub(super) fn without_axis(&mut self, x: &str, axis: i64) -> Value {
        let g = &mut self.graph;
        let (from, to, rest) = (g.ints(&[axis + 1]), g.ints(&[i64::MAX]), g.ints(&[-1]));
        let zero = g.ints(&[0]);
        let shape = g.node("Shape", &[x], &[]);
        let end = g.node("Slice", &[&shape, &from, &to, &zero], &[]);
        let shape = g.node("Concat", &[&rest, &end], &[Attr::Int("axis", 0)]);
        g.node("Reshape", &[x, &shape], &[])
    }
}
