//! A document's rows as 8-bit integers with one scale, and what they miss.

use super::bound::{CENTER_MARGIN, DOT_MARGIN, DocumentBound, NORM_MARGIN, NORM_TINY, norm_margin};
use super::layout::{GROUP, LINE, LINES, QUAD, quads};
use super::rounding::{ROUNDER, SUM_LANES, scale_and_inverse};

/// A document's centered and quantized rows, interleaved for the kernels.
///
/// Layout: `[group][quad][token in group][4]`. Tokens are padded to whole groups by repeating the last
/// one, which changes no maximum, and the width is padded with zeros to whole quads.
#[derive(Debug, Default)]
pub(super) struct QuantizedRows {
    /// `q + 128` as unsigned bytes, for the instructions that want one unsigned factor.
    pub bytes: Vec<u8>,
    /// `q` as 16-bit integers, in the same layout; empty unless asked for.
    pub words: Vec<i16>,
    /// The bytes of whole rows, `[token, padded to 32][width]`; empty unless asked for, and where the width is
    /// no multiple of 64.
    pub lines: Vec<u8>,
    /// Number of rows without padding.
    pub tokens: usize,
    /// Number of groups, padding included.
    pub groups: usize,
    /// Number of quads in a row.
    pub quads: usize,
    /// One row before it is interleaved.
    line: Vec<u8>,
}

/// The forms of rows that a kernel reads beside the bytes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Forms {
    pub words: bool,
    pub lines: bool,
}

/// The error for a hidden state that is NaN or infinite.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct NotFinite {
    /// The first row with such a value.
    pub row: usize,
}

impl QuantizedRows {
    /// Quantizes `hidden` (`T x center.len()`, `T >= 1`) and returns the bounds of [`super::bound`].
    /// `center_norm` is at least the norm of `center`.
    pub(super) fn quantize(
        &mut self,
        hidden: &[f32],
        center: &[f32],
        center_norm: f32,
        forms: Forms,
    ) -> Result<DocumentBound, NotFinite> {
        let width = center.len();
        self.tokens = hidden.len() / width;
        self.groups = self.tokens.div_ceil(GROUP);
        self.quads = quads(width);
        let extent = Extent::of_rows(hidden, center)?;
        let (scale, inverse) = scale_and_inverse(extent.centered);
        let with_lines = forms.lines && width.is_multiple_of(LINE);
        self.lines.clear();
        if with_lines {
            self.lines
                .reserve(self.tokens.next_multiple_of(LINES) * width);
        }
        let sums = self.write_integers(hidden, center, scale, inverse, with_lines);
        self.words.clear();
        if forms.words {
            self.words
                .extend(self.bytes.iter().map(|&byte| i16::from(byte) - 128));
        }
        Ok(bound(width, scale, &extent, &sums, center_norm))
    }

    /// Writes the interleaved integers of all rows and returns the largest sum of each kind.
    fn write_integers(
        &mut self,
        hidden: &[f32],
        center: &[f32],
        scale: f32,
        inverse: f32,
        with_lines: bool,
    ) -> RowSums {
        self.bytes
            .resize(self.groups * self.quads * GROUP * QUAD, 0);
        self.line.clear();
        self.line.resize(self.quads * QUAD, 128);
        let mut largest = RowSums::default();
        for (token, values) in hidden.chunks_exact(center.len()).enumerate() {
            let row = quantize_row(values, center, scale, inverse, &mut self.line);
            largest.residual_squares = largest.residual_squares.max(row.residual_squares);
            largest.integer_squares = largest.integer_squares.max(row.integer_squares);
            interleave(&self.line, token, self.quads, &mut self.bytes);
            if with_lines {
                self.lines.extend_from_slice(&self.line);
            }
        }
        for token in self.tokens..self.groups * GROUP {
            interleave(&self.line, token, self.quads, &mut self.bytes);
        }
        if with_lines {
            let size = self.tokens.next_multiple_of(LINES) * self.line.len();
            while self.lines.len() < size {
                self.lines.extend_from_slice(&self.line);
            }
        }
        largest
    }
}

/// Returns the bounds of a document from its largest row sums, margins included.
fn bound(
    width: usize,
    scale: f32,
    extent: &Extent,
    sums: &RowSums,
    center_norm: f32,
) -> DocumentBound {
    let margin = 1.0 + norm_margin(width) + NORM_MARGIN;
    let rows = extent.squares.sqrt() * margin + NORM_TINY;
    // The sum is at most 127^2 * 8192 < 2^27: one rounding.
    #[allow(clippy::cast_precision_loss, reason = "covered by the margin")]
    let quantized = scale * (sums.integer_squares as f32).sqrt() * margin;
    let residual = if extent.centered.is_finite() {
        let residual = sums.residual_squares.sqrt()
            + CENTER_MARGIN * quantized
            + DOT_MARGIN * (rows + center_norm);
        residual * margin + NORM_TINY
    } else {
        // The difference h - c overflowed, so the integers mean nothing.
        f32::INFINITY
    };
    DocumentBound {
        scale,
        residual,
        quantized,
        rows,
    }
}

/// What the first pass finds out about one row or, as maxima, about all rows.
#[derive(Default)]
struct Extent {
    /// The largest `|h - c|`; infinite when the difference overflows.
    centered: f32,
    /// The sum of the squares of `h`.
    squares: f32,
}

impl Extent {
    /// Returns the maxima over all rows.
    fn of_rows(hidden: &[f32], center: &[f32]) -> Result<Self, NotFinite> {
        let mut all = Self::default();
        for (row, values) in hidden.chunks_exact(center.len()).enumerate() {
            let extent = Self::of_row(values, center).ok_or(NotFinite { row })?;
            all.centered = all.centered.max(extent.centered);
            all.squares = all.squares.max(extent.squares);
        }
        Ok(all)
    }

    /// Returns the extent of one row, or `None` if a value is not finite.
    fn of_row(values: &[f32], center: &[f32]) -> Option<Self> {
        let mut centered = [0.0_f32; SUM_LANES];
        let mut squares = [0.0_f32; SUM_LANES];
        // Bits without the sign order like magnitudes, NaN above all: unlike a maximum of floats,
        // which drops NaN, this one cannot miss it.
        let mut bits = [0_u32; SUM_LANES];
        let mut lane = |lane: usize, value: f32, center: f32| {
            let difference = (value - center).abs();
            centered[lane] = if difference > centered[lane] {
                difference
            } else {
                centered[lane]
            };
            squares[lane] += value * value;
            bits[lane] = bits[lane].max(value.to_bits() & 0x7fff_ffff);
        };
        let whole = values.len() / SUM_LANES * SUM_LANES;
        let (body, tail) = values.split_at(whole);
        let (center_body, center_tail) = center.split_at(whole);
        for (values, center) in body
            .chunks_exact(SUM_LANES)
            .zip(center_body.chunks_exact(SUM_LANES))
        {
            for i in 0..SUM_LANES {
                lane(i, values[i], center[i]);
            }
        }
        for (i, (&value, &center)) in tail.iter().zip(center_tail).enumerate() {
            lane(i, value, center);
        }
        let finite = bits.iter().all(|&bits| bits < f32::INFINITY.to_bits());
        finite.then(|| Self {
            centered: centered.iter().copied().fold(0.0, f32::max),
            squares: squares.iter().sum(),
        })
    }
}

/// What rounding leaves to be bounded, of one row or, as maxima, of all rows.
#[derive(Default)]
struct RowSums {
    /// The sum of the squares of what the integers miss.
    residual_squares: f32,
    /// The sum of the squares of the integers.
    integer_squares: i32,
}

/// Rounds a row to integers and writes them, offset by 128, to `line`.
#[allow(
    clippy::cast_possible_truncation,
    clippy::cast_possible_wrap,
    clippy::cast_sign_loss,
    reason = "bit patterns: the low byte of the rounded value is the integer"
)]
fn quantize_row(
    values: &[f32],
    center: &[f32],
    scale: f32,
    inverse: f32,
    line: &mut [u8],
) -> RowSums {
    let mut residual_squares = [0.0_f32; SUM_LANES];
    let mut integer_squares = [0_i32; SUM_LANES];
    let mut quantize = |lane: usize, value: f32, center: f32| -> u8 {
        let difference = value - center;
        let shifted = difference * inverse + ROUNDER;
        let integer = shifted.to_bits() as i32 - ROUNDER.to_bits() as i32;
        let residual = difference - scale * (shifted - ROUNDER);
        residual_squares[lane] += residual * residual;
        integer_squares[lane] = integer_squares[lane].wrapping_add(integer.wrapping_mul(integer));
        (integer as u8) ^ 0x80
    };
    let whole = values.len() / SUM_LANES * SUM_LANES;
    let (body, tail) = values.split_at(whole);
    let (center_body, center_tail) = center.split_at(whole);
    let (line_body, line_tail) = line.split_at_mut(whole);
    for ((values, center), out) in body
        .chunks_exact(SUM_LANES)
        .zip(center_body.chunks_exact(SUM_LANES))
        .zip(line_body.chunks_exact_mut(SUM_LANES))
    {
        for i in 0..SUM_LANES {
            out[i] = quantize(i, values[i], center[i]);
        }
    }
    for (i, ((&value, &center), out)) in tail.iter().zip(center_tail).zip(line_tail).enumerate() {
        *out = quantize(i, value, center);
    }
    RowSums {
        residual_squares: residual_squares.iter().sum(),
        integer_squares: integer_squares
            .iter()
            .fold(0, |sum, &part| sum.wrapping_add(part)),
    }
}

/// Writes a row to its place in its group.
fn interleave(line: &[u8], token: usize, quads: usize, bytes: &mut [u8]) {
    let group = &mut bytes[token / GROUP * quads * GROUP * QUAD..][..quads * GROUP * QUAD];
    for (quad, slots) in line
        .chunks_exact(QUAD)
        .zip(group.chunks_exact_mut(GROUP * QUAD))
    {
        slots[token % GROUP * QUAD..][..QUAD].copy_from_slice(quad);
    }
}
