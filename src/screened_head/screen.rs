//! Which columns may be positive: the integer maximum of every column against its bound.

use super::bound::DocumentBound;
use super::pack::{BLOCK, Block, PackedColumns};
use super::quantize::QuantizedRows;

/// The arithmetic of one instruction set. Every kernel reads the same layouts and returns the same
/// integers and the same bits of [`Kernel::dot`]; only the speed differs.
pub(super) trait Kernel: Send + Sync {
    /// Whether [`QuantizedRows::words`] is needed.
    fn needs_words(&self) -> bool {
        false
    }

    /// For each column of the block, the largest integer dot product over all tokens.
    fn block_max(&self, block: Block<'_>, rows: &QuantizedRows, best: &mut [i32; BLOCK]);

    /// All integer dot products of the block, `[token, padded to groups][64]`.
    fn block_scores(&self, block: Block<'_>, rows: &QuantizedRows, scores: &mut [[i32; BLOCK]]);

    /// All `f32` dot products of 64 columns, given as `[H][64]`, with the rows of `hidden`
    /// (`T x H`), summed in any order: `[token, padded to groups][64]`. Padding tokens may hold
    /// anything.
    fn block_scores_f32(
        &self,
        columns: &[[f32; BLOCK]],
        hidden: &[f32],
        scores: &mut [[f32; BLOCK]],
    );

    /// The dot product that defines the result, in `f64`.
    ///
    /// Products of two `f32` are exact in `f64`, so a fused multiply-add changes nothing. Sixteen
    /// lanes take the products in turn (lane `k mod 16`), each in ascending order of `k`; then lane
    /// `i` takes lane `i + 8`, then `i + 4`, `i + 2`, `i + 1`. `a` and `b` are equally long.
    fn dot(&self, a: &[f32], b: &[f32]) -> f64;
}

/// An instruction set for the head. All give the same results.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum KernelKind {
    /// x86-64 with AVX-512 F and VNNI: 64 multiply-adds an instruction.
    Avx512Vnni,
    /// x86-64 with AVX2, FMA and AVX-VNNI: 32 multiply-adds an instruction.
    Avx2Vnni,
    /// x86-64 with AVX2 and FMA: 16 multiply-adds and an addition in two instructions.
    Avx2,
    /// Plain Rust, for every processor.
    Portable,
}

impl KernelKind {
    /// All kinds, fastest first, whether this machine has them or not.
    pub const ALL: [Self; 4] = [Self::Avx512Vnni, Self::Avx2Vnni, Self::Avx2, Self::Portable];

    /// The fastest kind that this machine has.
    #[must_use]
    pub fn detect() -> Self {
        Self::ALL
            .into_iter()
            .find(|kind| kind.is_available())
            .unwrap_or(Self::Portable)
    }

    /// Whether this machine has it.
    #[must_use]
    pub fn is_available(self) -> bool {
        self.kernel().is_some()
    }

    /// A short name for logs and manifests.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Avx512Vnni => "avx512-vnni",
            Self::Avx2Vnni => "avx2-vnni",
            Self::Avx2 => "avx2",
            Self::Portable => "portable",
        }
    }

    #[cfg(target_arch = "x86_64")]
    pub(super) fn kernel(self) -> Option<&'static dyn Kernel> {
        use super::{kernel_avx2, kernel_avx512};
        match self {
            Self::Avx512Vnni => kernel_avx512::Avx512Vnni::detect().map(|kernel| kernel as _),
            Self::Avx2Vnni => kernel_avx2::Avx2Vnni::detect().map(|kernel| kernel as _),
            Self::Avx2 => kernel_avx2::Avx2::detect().map(|kernel| kernel as _),
            Self::Portable => Some(&super::kernel_portable::Portable),
        }
    }

    #[cfg(not(target_arch = "x86_64"))]
    pub(super) fn kernel(self) -> Option<&'static dyn Kernel> {
        match self {
            Self::Portable => Some(&super::kernel_portable::Portable),
            _ => None,
        }
    }
}

/// A column that may be positive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Survivor {
    /// The column.
    pub column: u32,
    /// Its largest integer dot product.
    pub best: i32,
}

/// Collects the columns below `vocabulary` that the bound cannot exclude, ascending.
pub(super) fn screen(
    columns: &PackedColumns,
    vocabulary: usize,
    rows: &QuantizedRows,
    document: &DocumentBound,
    kernel: &dyn Kernel,
    survivors: &mut Vec<Survivor>,
) {
    survivors.clear();
    let mut best = [0_i32; BLOCK];
    let mut keep = [false; BLOCK];
    for index in 0..columns.blocks() {
        kernel.block_max(columns.block(index), rows, &mut best);
        let bounds = columns.bounds(index);
        let mut any = false;
        for lane in 0..BLOCK {
            keep[lane] = document.may_be_positive(&bounds.column(lane), best[lane]);
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
