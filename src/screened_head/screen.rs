//! Which columns may be positive: the integer maximum of every column against its bound.

use super::decoder::Decoder;
use super::document::Document;
use super::layout::BLOCK;

/// A column that may be positive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Survivor {
    /// The column.
    pub column: u32,
    /// The column's largest integer dot product.
    pub best: i32,
}

/// Collects the columns that the bound cannot exclude, in ascending order.
pub(super) fn screen(
    decoder: &Decoder<'_>,
    document: &Document<'_>,
    survivors: &mut Vec<Survivor>,
) {
    survivors.clear();
    let vocabulary = decoder.bias.len();
    let mut best = [0_i32; BLOCK];
    let mut keep = [false; BLOCK];
    for index in 0..decoder.packed.blocks() {
        let block = decoder.packed.block(index);
        decoder.kernel.block_max(block, document.rows, &mut best);
        let bounds = decoder.packed.bounds(index);
        let mut any = false;
        for lane in 0..BLOCK {
            let column = bounds.column(lane);
            keep[lane] = document.bound.may_be_positive(&column, best[lane]);
            any |= keep[lane];
        }
        if !any {
            continue;
        }
        for lane in (0..BLOCK).filter(|&lane| keep[lane]) {
            let column = index * BLOCK + lane;
            if column < vocabulary {
                #[allow(
                    clippy::cast_possible_truncation,
                    reason = "the head refuses vocabularies above u32"
                )]
                survivors.push(Survivor {
                    column: column as u32,
                    best: best[lane],
                });
            }
        }
    }
}
