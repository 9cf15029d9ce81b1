//! A model's head, ready to pool documents.

use std::fmt;
use std::sync::Arc;

use super::bound::{MAX_HIDDEN, inflate};
use super::columns::PackedColumns;
use super::decoder::Decoder;
use super::document::Document;
use super::error::HeadError;
use super::kernel::{Kernel, KernelKind};
use super::refine::{Buffers, refine};
use super::rows::{Forms, QuantizedRows};
use super::screen::{Survivor, screen};
use super::stats::PoolStats;

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

/// The buffers that one worker uses again for every document. They grow to the longest one seen.
#[derive(Debug, Default)]
pub struct Scratch {
    rows: QuantizedRows,
    survivors: Vec<Survivor>,
    buffers: Buffers,
}

impl<D: AsRef<[f32]>> ScreenedHead<D> {
    /// Packs a decoder for the fastest kernel of this machine.
    ///
    /// `decoder` is `V x hidden` row-major, `bias` has `V` values, `center` has `hidden` (see the
    /// module's text on its choice).
    ///
    /// # Errors
    ///
    /// Returns [`HeadError::Width`], [`HeadError::Length`] or [`HeadError::WeightNotFinite`] when the
    /// arguments do not fit together.
    pub fn new(decoder: D, bias: &[f32], hidden: usize, center: &[f32]) -> Result<Self, HeadError> {
        Self::with_kernel(decoder, bias, hidden, center, KernelKind::detect())
    }

    /// Packs a decoder for a chosen kernel, for tests and comparisons.
    ///
    /// # Errors
    ///
    /// Returns the errors of [`ScreenedHead::new`], and [`HeadError::KernelUnavailable`].
    pub fn with_kernel(
        decoder: D,
        bias: &[f32],
        hidden: usize,
        center: &[f32],
        kind: KernelKind,
    ) -> Result<Self, HeadError> {
        let kernel = kind.kernel().ok_or(HeadError::KernelUnavailable(kind))?;
        let values = decoder.as_ref();
        check_lengths(values, bias, hidden, center)?;
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

    /// Returns fresh buffers for one worker.
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
    /// Returns [`HeadError::Length`] when `hidden` is not whole rows, and
    /// [`HeadError::HiddenNotFinite`] for NaN or infinity in it.
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
        let forms = Forms {
            words: self.kernel.needs_words(),
            lines: self.kernel.needs_lines(),
        };
        let bound = rows
            .quantize(hidden, &self.center, self.center_norm, forms)
            .map_err(|error| HeadError::HiddenNotFinite { token: error.row })?;
        let decoder = self.decoder();
        let document = Document {
            hidden,
            rows,
            bound,
        };
        screen(&decoder, &document, survivors);
        let counts = refine(&decoder, &document, survivors, buffers, out);
        Ok(PoolStats {
            survivors: survivors.len(),
            exact_dots: counts.exact_dots,
            float_columns: counts.float_columns,
        })
    }

    /// Returns the head's weights as the stages read them.
    fn decoder(&self) -> Decoder<'_> {
        Decoder {
            weights: self.decoder.as_ref(),
            bias: &self.bias,
            packed: &self.packed,
            width: self.center.len(),
            kernel: self.kernel,
        }
    }
}

impl<D> ScreenedHead<D> {
    /// Returns the number of terms, `V`.
    #[must_use]
    pub fn vocabulary(&self) -> usize {
        self.bias.len()
    }

    /// Returns the width of a hidden row, `H`.
    #[must_use]
    pub fn hidden(&self) -> usize {
        self.center.len()
    }

    /// Returns the kernel in use.
    #[must_use]
    pub fn kernel(&self) -> KernelKind {
        self.kind
    }

    /// Returns the number of bytes held besides the decoder: the integers and their bounds.
    #[must_use]
    pub fn packed_bytes(&self) -> usize {
        self.packed.bytes()
    }
}

/// Checks that the arguments of a head fit together.
fn check_lengths(
    decoder: &[f32],
    bias: &[f32],
    hidden: usize,
    center: &[f32],
) -> Result<(), HeadError> {
    if hidden == 0 || hidden > MAX_HIDDEN {
        return Err(HeadError::Width { hidden });
    }
    // Term ids are u32, and block numbers times 64 must stay below it.
    if bias.len() > (u32::MAX - 64) as usize {
        return Err(length("bias", bias.len(), "fewer than 2^32 - 64".into()));
    }
    if Some(decoder.len()) != bias.len().checked_mul(hidden) {
        let expected = format!("{} x {hidden}", bias.len());
        return Err(length("decoder", decoder.len(), expected));
    }
    if center.len() != hidden {
        return Err(length("center", center.len(), hidden.to_string()));
    }
    Ok(())
}

/// Checks that no value is NaN or infinite.
fn check_finite(what: &'static str, values: &[f32]) -> Result<(), HeadError> {
    // Looks at whole chunks first: the search for the index is only for the message.
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

fn length(what: &'static str, got: usize, expected: String) -> HeadError {
    HeadError::Length {
        what,
        got,
        expected,
    }
}
