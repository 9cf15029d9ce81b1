//! The exact screened head: SPLADE's maximum over tokens without computing the logits.
//!
//! For a document with hidden rows `h_t` (after the transform of the masked language model) and a
//! decoder with rows `w_v` and biases `b_v`, the weight of term `v` is
//!
//! ```text
//! log1p(relu(max_t (h_t . w_v) + b_v))
//! ```
//!
//! About 99 of 100 terms end at zero. [`ScreenedHead`] proves that for most of them with products
//! of 8-bit integers and a bound on what the integers miss ([`bound`]), and computes the rest
//! exactly:
//!
//! 1. `quantize`: the document's rows, centred, as integers with one scale.
//! 2. `screen`: each column's largest integer product, on the kernel of this machine; what the bound
//!    cannot exclude survives.
//! 3. `refine`: for the survivors, the tokens that can be the maximum (again by the bound), and for
//!    those the product in `f64`.
//!
//! # What "exact" means
//!
//! The result has the same bits as the plain double loop over all tokens and columns with one fixed
//! `f64` dot product of the `f32` inputs (sixteen lanes, see `Kernel::dot`), for every kernel, every
//! centre and every batch. A term is in the result if and only if the maximum of these products plus
//! the bias is above zero; so for a column whose real maximum lies within the rounding of `f64` of
//! zero (about `1e-14`) the sign of the `f64` value decides, everywhere the same way. The logarithm is
//! taken in `f64` and rounded once to `f32`.
//!
//! # The centre
//!
//! Subtracting one constant vector from all rows makes them shorter and so the integers finer; it
//! changes the speed and never the result. The mean of the hidden rows of a few ordinary sentences
//! ([`mean_row`]) is a good choice; zeros are valid.
//!
//! # Example
//!
//! ```
//! # use splade_export::screened_head::{HeadError, ScreenedHead};
//! # fn main() -> Result<(), HeadError> {
//! // Two terms, hidden width 3; the second term's bias keeps it at zero.
//! let decoder = [1.0, 0.0, 0.0, 0.0, 1.0, 0.0];
//! let head = ScreenedHead::new(&decoder[..], &[0.5, -9.0], 3, &[0.0; 3])?;
//! let mut weights = Vec::new();
//! // Two tokens.
//! let hidden = [0.5, 2.0, 0.0, -1.0, 3.0, 7.0];
//! head.pool(&hidden, &mut head.scratch(), &mut weights)?;
//! assert_eq!(weights, [(0, 2.0_f32.ln())]);
//! # Ok(())
//! # }
//! ```

pub mod bound;
#[cfg(target_arch = "x86_64")]
#[allow(
    unsafe_code,
    reason = "vector instructions; each block says why it is sound"
)]
mod kernel_avx2;
#[cfg(target_arch = "x86_64")]
#[allow(
    unsafe_code,
    reason = "vector instructions; each block says why it is sound"
)]
mod kernel_avx512;
mod kernel_portable;
mod pack;
mod quantize;
mod refine;
mod screen;
#[cfg(test)]
mod tests;

use std::fmt;
use std::sync::Arc;

use bound::inflate;
use pack::PackedColumns;
use quantize::QuantizedRows;
use refine::{Buffers, Columns, Document};
use screen::{Kernel, Survivor};

pub use bound::MAX_HIDDEN;
pub use quantize::mean_row;
pub use screen::KernelKind;

/// Why a head cannot be made or a document not pooled.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum HeadError {
    /// The hidden width is zero or above [`MAX_HIDDEN`].
    #[error("hidden width {hidden} is not in 1..={MAX_HIDDEN}")]
    Width {
        /// The width asked for.
        hidden: usize,
    },
    /// A slice does not have the length that the other arguments ask for.
    #[error("{what} has {got} values, expected {expected}")]
    Length {
        /// Which slice.
        what: &'static str,
        /// Its length.
        got: usize,
        /// The right length, in words.
        expected: String,
    },
    /// A weight, bias or centre value is NaN or infinite.
    #[error("{what} holds a value that is not finite, at index {index}")]
    WeightNotFinite {
        /// Which slice.
        what: &'static str,
        /// The first such place.
        index: usize,
    },
    /// A hidden state of the document is NaN or infinite.
    #[error("hidden state of token {token} is not finite")]
    HiddenNotFinite {
        /// The first such row.
        token: usize,
    },
    /// The kernel asked for needs instructions that this machine lacks.
    #[error("this machine cannot run the head's kernel {0:?}")]
    KernelUnavailable(KernelKind),
}

/// The head of one model, shared by all workers.
///
/// `D` holds the decoder in `f32`, `V x H` row-major: an [`Arc`] shared with others, a `Vec`, a
/// borrowed slice. It is kept, not copied; the integers take `V * H` bytes more.
pub struct ScreenedHead<D = Arc<[f32]>> {
    decoder: D,
    bias: Vec<f32>,
    center: Vec<f32>,
    center_norm: f32,
    packed: PackedColumns,
    kind: KernelKind,
    kernel: &'static dyn Kernel,
}

impl<D> fmt::Debug for ScreenedHead<D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ScreenedHead")
            .field("vocabulary", &self.bias.len())
            .field("hidden", &self.center.len())
            .field("kernel", &self.kind)
            .finish_non_exhaustive()
    }
}

/// Buffers of one worker, grown to the longest document seen.
#[derive(Debug, Default)]
pub struct Scratch {
    rows: QuantizedRows,
    survivors: Vec<Survivor>,
    buffers: Buffers,
}

/// What pooling one document took.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct PoolStats {
    /// Columns that the integers could not exclude.
    pub survivors: usize,
    /// Products computed in `f64`. The only number here that may depend a little on the kernel, and
    /// only when `float_columns` is not zero.
    pub exact_dots: usize,
    /// Survivors for which the integers left so many tokens that single precision had to sort them
    /// out first. Not zero on documents that the screening does not suit: slow, equally exact.
    pub float_columns: usize,
}

impl PoolStats {
    /// Whether single precision had to help.
    #[must_use]
    pub fn fell_back(&self) -> bool {
        self.float_columns > 0
    }
}

impl<D: AsRef<[f32]>> ScreenedHead<D> {
    /// Packs a decoder for the fastest kernel of this machine.
    ///
    /// `decoder` is `V x hidden` row-major, `bias` has `V` values, `center` has `hidden` (see the
    /// module's text on its choice).
    ///
    /// # Errors
    ///
    /// [`HeadError::Width`], [`HeadError::Length`] or [`HeadError::WeightNotFinite`] when the arguments
    /// do not fit together.
    pub fn new(decoder: D, bias: &[f32], hidden: usize, center: &[f32]) -> Result<Self, HeadError> {
        Self::with_kernel(decoder, bias, hidden, center, KernelKind::detect())
    }

    /// As [`ScreenedHead::new`], with a kernel of choice: for tests and comparisons.
    ///
    /// # Errors
    ///
    /// As [`ScreenedHead::new`], and [`HeadError::KernelUnavailable`].
    pub fn with_kernel(
        decoder: D,
        bias: &[f32],
        hidden: usize,
        center: &[f32],
        kind: KernelKind,
    ) -> Result<Self, HeadError> {
        let kernel = kind.kernel().ok_or(HeadError::KernelUnavailable(kind))?;
        if hidden == 0 || hidden > MAX_HIDDEN {
            return Err(HeadError::Width { hidden });
        }
        // Term ids are u32, and block numbers times 64 must stay below it.
        if bias.len() > (u32::MAX - 64) as usize {
            return Err(length("bias", bias.len(), "fewer than 2^32 - 64".into()));
        }
        let values = decoder.as_ref();
        if Some(values.len()) != bias.len().checked_mul(hidden) {
            let expected = format!("{} x {hidden}", bias.len());
            return Err(length("decoder", values.len(), expected));
        }
        if center.len() != hidden {
            return Err(length("center", center.len(), hidden.to_string()));
        }
        check_finite("decoder", values)?;
        check_finite("bias", bias)?;
        check_finite("center", center)?;
        let packed = PackedColumns::pack(values, bias, center, kernel);
        Ok(Self {
            decoder,
            bias: bias.to_vec(),
            center: center.to_vec(),
            center_norm: inflate(kernel.dot(center, center).sqrt()),
            packed,
            kind,
            kernel,
        })
    }

    /// Fresh buffers for one worker.
    #[must_use]
    pub fn scratch(&self) -> Scratch {
        Scratch::default()
    }

    /// Pools one document: appends `(term id, weight)` for every weight above zero, ids ascending.
    ///
    /// `hidden` is `T x H` row-major, the document's tokens only: rows of padding left out. Without
    /// a token nothing is appended. `scratch` may come from another head; its contents do not
    /// matter. On an error nothing is appended.
    ///
    /// # Errors
    ///
    /// [`HeadError::Length`] when `hidden` is not whole rows, [`HeadError::HiddenNotFinite`] for NaN or
    /// infinity in it.
    pub fn pool(
        &self,
        hidden: &[f32],
        scratch: &mut Scratch,
        out: &mut Vec<(u32, f32)>,
    ) -> Result<PoolStats, HeadError> {
        let width = self.center.len();
        if !hidden.len().is_multiple_of(width) {
            let expected = format!("a multiple of {width}");
            return Err(length("hidden", hidden.len(), expected));
        }
        if hidden.is_empty() || self.bias.is_empty() {
            return Ok(PoolStats::default());
        }
        let Scratch {
            rows,
            survivors,
            buffers,
        } = scratch;
        let bound = rows
            .quantize(
                hidden,
                &self.center,
                self.center_norm,
                self.kernel.needs_words(),
            )
            .map_err(|error| HeadError::HiddenNotFinite { token: error.row })?;
        screen::screen(
            &self.packed,
            self.bias.len(),
            rows,
            &bound,
            self.kernel,
            survivors,
        );
        let columns = Columns {
            decoder: self.decoder.as_ref(),
            bias: &self.bias,
            packed: &self.packed,
            hidden: width,
        };
        let document = Document {
            hidden,
            rows,
            bound,
        };
        let counts = refine::refine(columns, document, survivors, self.kernel, buffers, out);
        Ok(PoolStats {
            survivors: survivors.len(),
            exact_dots: counts.exact_dots,
            float_columns: counts.float_columns,
        })
    }
}

impl<D> ScreenedHead<D> {
    /// The number of terms, `V`.
    #[must_use]
    pub fn vocabulary(&self) -> usize {
        self.bias.len()
    }

    /// The width of a hidden row, `H`.
    #[must_use]
    pub fn hidden(&self) -> usize {
        self.center.len()
    }

    /// The kernel in use.
    #[must_use]
    pub fn kernel(&self) -> KernelKind {
        self.kind
    }

    /// Bytes held besides the decoder: the integers and their bounds.
    #[must_use]
    pub fn packed_bytes(&self) -> usize {
        self.packed.bytes()
    }
}

fn length(what: &'static str, got: usize, expected: String) -> HeadError {
    HeadError::Length {
        what,
        got,
        expected,
    }
}

fn check_finite(what: &'static str, values: &[f32]) -> Result<(), HeadError> {
    // Whole chunks first: the search for the place is only for the message.
    let all = values.chunks(1024).all(|chunk| {
        chunk
            .iter()
            .fold(true, |all, value| all & value.is_finite())
    });
    if all {
        return Ok(());
    }
    match values.iter().position(|value| !value.is_finite()) {
        Some(index) => Err(HeadError::WeightNotFinite { what, index }),
        None => Ok(()),
    }
}
