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
//! A short text has one block without neighbors instead, whose mask is `[B, 1, L, L]`: copying keys and values would cost
//! more than it saves.

use super::attention::MASKED;
use super::builder::{EncoderBuilder, dim};
use crate::model::form::Operators;
use crate::model::graph::{Attr, Value};
use crate::model::onnx::data_type;

/// Most tokens of a text in one block, in windows to one side. Measured.
const SHORT: usize = 4;
/// The same on GPUs. Counted, not measured: there blocks are copied in as much time as so many windows are multiplied in.
const SHORT_ON_GPU: usize = 16;

/// The values that all layers with the same window share.
///
/// They are made outside the branches for short and long texts: inside, ONNX Runtime computes shapes on the GPU, and waits
/// for them.
pub(super) struct Window {
    /// Whether the text is short, a bool.
    pub is_short: Value,
    /// `[B · N, 1, C, 3C]`, or `[B, 1, L, L]` for a short text.
    pub mask: Value,
    /// `L`, `[1]`
    length: Value,
    /// What is put around queries so that there are whole blocks.
    query_pads: Value,
    /// What is put around keys and values: a block more on each side.
    key_pads: Value,
    shapes: Shapes,
}

/// Shapes of values in blocks.
struct Shapes {
    /// `[B · N, C, H]`
    queries: Value,
    /// `[B, N + 2, C, H]`
    blocks: Value,
    /// `[B · N, 3C, H]`
    keys: Value,
    /// `[B, N · C, H]`
    joined: Value,
}

impl EncoderBuilder {
    /// Returns the values for a window in which a token sees `reach` tokens to each side; `width` is `H`.
    pub(super) fn window(&mut self, reach: usize, width: usize) -> Window {
        let name = |what| format!("{what} of window {reach}");
        let [block, with_neighbors, length] =
            self.shared(name("lengths"), |builder| builder.block_lengths(reach));
        let [query_pads, key_pads, mask_pads] =
            self.shared(name("pads"), |builder| builder.block_pads(&block, &length));
        let [queries, blocks, keys, joined] = self.shared(name("shapes"), |builder| {
            builder.block_shapes([&block, &with_neighbors], width)
        });
        let [is_short, mask] = self.shared(name("mask"), |builder| {
            let is_short = builder.is_short(reach, &length);
            let mask = builder.window_mask(
                reach,
                [&block, &with_neighbors, &length],
                &mask_pads,
                &is_short,
            );
            [is_short, mask]
        });
        Window {
            is_short,
            mask,
            length,
            query_pads,
            key_pads,
            shapes: Shapes {
                queries,
                blocks,
                keys,
                joined,
            },
        }
    }

    /// Writes `C`, `3C` and `L`, `[1]` each.
    fn block_lengths(&mut self, reach: usize) -> [Value; 3] {
        let g = &mut self.graph;
        let (zero, one, two) = (g.ints(&[0]), g.ints(&[1]), g.ints(&[2]));
        let shape = g.node("Shape", &[&self.ids], &[]);
        let length = g.node("Slice", &[&shape, &one, &two, &zero], &[]);
        let (reach, three) = (g.ints(&[dim(reach)]), g.ints(&[3]));
        let block = g.node("Min", &[&length, &reach], &[]);
        let with_neighbors = g.node("Mul", &[&block, &three], &[]);
        [block, with_neighbors, length]
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
        [
            g.joined(&[no, no, no, no, &missing, no]),
            g.joined(&[no, block, no, no, &after, no]),
            g.joined(&[no, block, no, &after]),
        ]
    }

    /// Writes the shapes of queries, of blocks, of blocks with their neighbors, and of blocks put together.
    fn block_shapes(&mut self, [block, with_neighbors]: [&str; 2], width: usize) -> [Value; 4] {
        let g = &mut self.graph;
        let (keep, rest, width) = (g.ints(&[0]), g.ints(&[-1]), g.ints(&[dim(width)]));
        let one = g.ints(&[1]);
        let shape = g.node("Shape", &[&self.ids], &[]);
        let texts = g.node("Slice", &[&shape, &keep, &one, &keep], &[]);
        [
            g.joined(&[&rest, block, &width]),
            g.joined(&[&keep, &rest, block, &width]),
            g.joined(&[&rest, with_neighbors, &width]),
            g.joined(&[&texts, &rest, &width]),
        ]
    }

    /// Writes whether a text is short.
    fn is_short(&mut self, reach: usize, length: &str) -> Value {
        let g = &mut self.graph;
        let windows = match self.operators {
            Operators::Plain | Operators::Own => SHORT,
            Operators::Fused => SHORT_ON_GPU,
        };
        let most = g.ints(&[dim(windows.saturating_mul(reach))]);
        g.node("LessOrEqual", &[length, &most], &[])
    }

    /// Writes the mask of a text in one block, or of one in several.
    fn window_mask(
        &mut self,
        reach: usize,
        [block, with_neighbors, length]: [&str; 3],
        pads: &str,
        is_short: &str,
    ) -> Value {
        let padding = self.additive_mask();
        let g = &mut self.graph;
        let tokens = g.node("Squeeze", &[length], &[]);
        let queries = g.node("Squeeze", &[block], &[]);
        let keys = g.node("Squeeze", &[with_neighbors], &[]);
        let (keep, rest, one) = (g.ints(&[0]), g.ints(&[-1]), g.ints(&[1]));
        let in_blocks = g.joined(&[&keep, &rest, block]);
        let by_block = g.joined(&[&rest, &one, block, with_neighbors]);
        self.either(
            is_short,
            |builder| builder.whole_mask(reach, &tokens, &padding),
            |builder| {
                let distance = builder.block_distance(reach, &queries, &keys);
                let padding = builder.block_padding(pads, &in_blocks);
                let mask = builder.graph.node("Add", &[&padding, &distance], &[]);
                let mask = builder.linear.cast(&mut builder.graph, mask);
                builder.graph.node("Reshape", &[&mask, &by_block], &[])
            },
        )
    }

    /// Writes the mask of a text in one block of this many tokens.
    fn whole_mask(&mut self, reach: usize, tokens: &str, padding: &str) -> Value {
        let tokens = self.graph.range(tokens);
        let distance = self.distance_mask(reach, &tokens, &tokens);
        let mask = self.graph.node("Add", &[padding, &distance], &[]);
        self.linear.cast(&mut self.graph, mask)
    }

    /// Writes which keys of a block and those beside it are near, `[C, 3C]`.
    fn block_distance(&mut self, reach: usize, queries: &str, keys: &str) -> Value {
        let g = &mut self.graph;
        let own = g.range(queries);
        let own = g.node("Add", &[&own, queries], &[]);
        let keys = g.range(keys);
        self.distance_mask(reach, &own, &keys)
    }

    /// Writes which keys of each block and those beside it are padding, `[B, N, 1, 1, 3C]`.
    fn block_padding(&mut self, pads: &str, in_blocks: &str) -> Value {
        let g = &mut self.graph;
        let mask = g.cast(&self.mask, data_type::FLOAT);
        let (one, masked) = (g.scalar(1.0), g.scalar(MASKED));
        let padding = g.node("Sub", &[&one, &mask], &[]);
        let padding = g.node("Mul", &[&padding, &masked], &[]);
        let padding = g.node("Pad", &[&padding, pads, &masked], &[]);
        let padding = g.node("Reshape", &[&padding, in_blocks], &[]);
        let padding = self.with_neighbors(&padding);
        let axes = self.graph.ints(&[2, 3]);
        self.graph.node("Unsqueeze", &[&padding, &axes], &[])
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

    /// Cuts queries `[B, L, H]` into blocks `[B · N, C, H]`.
    pub(super) fn query_blocks(&mut self, x: &str, window: &Window) -> Value {
        let g = &mut self.graph;
        let x = g.node("Pad", &[x, &window.query_pads], &[]);
        g.node("Reshape", &[&x, &window.shapes.queries], &[])
    }

    /// Cuts keys or values `[B, L, H]` into blocks with those beside them, `[B · N, 3C, H]`.
    pub(super) fn key_blocks(&mut self, x: &str, window: &Window) -> Value {
        let g = &mut self.graph;
        let x = g.node("Pad", &[x, &window.key_pads], &[]);
        let x = g.node("Reshape", &[&x, &window.shapes.blocks], &[]);
        let x = self.with_neighbors(&x);
        self.graph.node("Reshape", &[&x, &window.shapes.keys], &[])
    }

    /// Puts blocks `[B · N, C, H]` together again: `[B, L, H]`.
    pub(super) fn join_blocks(&mut self, x: &str, window: &Window) -> Value {
        let g = &mut self.graph;
        let x = g.node("Reshape", &[x, &window.shapes.joined], &[]);
        let (zero, one) = (g.ints(&[0]), g.ints(&[1]));
        g.node("Slice", &[&x, &zero, &window.length, &one], &[])
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
}
