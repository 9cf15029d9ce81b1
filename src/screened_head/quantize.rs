//! A document's rows as 8-bit integers with one scale, and what they miss.

use super::bound::{
    CENTER_MARGIN, DOT_MARGIN, DocumentBound, NORM_MARGIN, NORM_TINY, SMALLEST_SCALE, norm_margin,
};
use super::pack::{QUAD, quads};

/// Tokens a kernel takes at a time. Six rows by four vectors of columns are 24 accumulators,
/// enough to hide the latency of two multiply-add units and few enough for 32 registers.
pub(super) const GROUP: usize = 6;

/// Lanes of the sums here: fixed, so that results do not depend on the instruction set.
pub(super) const LANES: usize = 16;

/// A document's centred and quantized rows, interleaved for the kernels.
///
/// Layout: `[group][quad][token in group][4]`, tokens padded to whole groups by repeating the last
/// one (which changes no maximum), the width padded with zeros to whole quads.
#[derive(Debug, Default)]
pub(super) struct QuantizedRows {
    /// `q + 128` as unsigned bytes, for the instructions that want one unsigned factor.
    pub bytes: Vec<u8>,
    /// `q` as 16-bit integers, in the same layout; empty unless asked for.
    pub words: Vec<i16>,
    /// Rows without padding.
    pub tokens: usize,
    /// Groups, padding included.
    pub groups: usize,
    /// Quads of a row.
    pub quads: usize,
    line: Vec<u8>,
}

/// A hidden state was NaN or infinite.
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
        with_words: bool,
    ) -> Result<DocumentBound, NotFinite> {
        let width = center.len();
        self.tokens = hidden.len() / width;
        self.groups = self.tokens.div_ceil(GROUP);
        self.quads = quads(width);
        let mut largest = 0.0_f32;
        let mut row_squares = 0.0_f32;
        for (row, values) in hidden.chunks_exact(width).enumerate() {
            let extent = Extent::of(values, center);
            if !extent.finite {
                return Err(NotFinite { row });
            }
            largest = largest.max(extent.centred);
            row_squares = row_squares.max(extent.squares);
        }
        let scale = largest / 127.0;
        let (scale, inverse) = if scale < SMALLEST_SCALE {
            (0.0, 0.0)
        } else {
            (scale, 127.0 / largest)
        };

        self.bytes
            .resize(self.groups * self.quads * GROUP * QUAD, 0);
        self.line.clear();
        self.line.resize(self.quads * QUAD, 128);
        let mut missed_squares = 0.0_f32;
        let mut integer_squares = 0_i32;
        for (token, values) in hidden.chunks_exact(width).enumerate() {
            let row = quantize_row(values, center, scale, inverse, &mut self.line);
            missed_squares = missed_squares.max(row.missed_squares);
            integer_squares = integer_squares.max(row.integer_squares);
            interleave(&self.line, token, self.quads, &mut self.bytes);
        }
        for token in self.tokens..self.groups * GROUP {
            interleave(&self.line, token, self.quads, &mut self.bytes);
        }
        self.words.clear();
        if with_words {
            self.words
                .extend(self.bytes.iter().map(|&byte| i16::from(byte) - 128));
        }

        let margin = 1.0 + norm_margin(width) + NORM_MARGIN;
        let rows = row_squares.sqrt() * margin + NORM_TINY;
        // Integers up to 127^2 * 8192 < 2^27: one rounding.
        #[allow(clippy::cast_precision_loss, reason = "covered by the margin")]
        let quantized = scale * (integer_squares as f32).sqrt() * margin;
        let missed = if largest.is_finite() {
            let missed = missed_squares.sqrt()
                + CENTER_MARGIN * quantized
                + DOT_MARGIN * (rows + center_norm);
            missed * margin + NORM_TINY
        } else {
            // h - c overflowed: the integers mean nothing.
            f32::INFINITY
        };
        Ok(DocumentBound {
            scale,
            missed,
            quantized,
            rows,
        })
    }
}

/// What the first pass needs to know of a row.
struct Extent {
    /// Largest `|h - c|`; infinite when the difference overflows.
    centred: f32,
    /// Sum of the squares of `h`.
    squares: f32,
    finite: bool,
}

impl Extent {
    fn of(values: &[f32], center: &[f32]) -> Self {
        let mut centred = [0.0_f32; LANES];
        let mut squares = [0.0_f32; LANES];
        // Bits without the sign order like magnitudes, NaN above all: unlike a maximum of floats,
        // which drops NaN, this one cannot miss it.
        let mut bits = [0_u32; LANES];
        let mut lane = |lane: usize, value: f32, center: f32| {
            let difference = (value - center).abs();
            centred[lane] = if difference > centred[lane] {
                difference
            } else {
                centred[lane]
            };
            squares[lane] += value * value;
            bits[lane] = bits[lane].max(value.to_bits() & 0x7fff_ffff);
        };
        let whole = values.len() / LANES * LANES;
        let (body, tail) = values.split_at(whole);
        let (center_body, center_tail) = center.split_at(whole);
        for (values, center) in body
            .chunks_exact(LANES)
            .zip(center_body.chunks_exact(LANES))
        {
            for i in 0..LANES {
                lane(i, values[i], center[i]);
            }
        }
        for (i, (&value, &center)) in tail.iter().zip(center_tail).enumerate() {
            lane(i, value, center);
        }
        Self {
            centred: centred.iter().copied().fold(0.0, f32::max),
            squares: squares.iter().sum(),
            finite: bits.iter().all(|&bits| bits < f32::INFINITY.to_bits()),
        }
    }
}

struct RowSums {
    missed_squares: f32,
    integer_squares: i32,
}

/// Adding and subtracting this rounds a small `f32` to an integer, ties to even, and leaves that
/// integer in the low bits: the library's rounding is a function call on older targets.
pub(super) const ROUNDER: f32 = 12_582_912.0; // 1.5 * 2^23

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
    let mut missed = [0.0_f32; LANES];
    let mut integers = [0_i32; LANES];
    let mut quantize = |lane: usize, value: f32, center: f32| -> u8 {
        let difference = value - center;
        let shifted = difference * inverse + ROUNDER;
        let integer = shifted.to_bits() as i32 - ROUNDER.to_bits() as i32;
        let rest = difference - scale * (shifted - ROUNDER);
        missed[lane] += rest * rest;
        integers[lane] = integers[lane].wrapping_add(integer.wrapping_mul(integer));
        (integer as u8) ^ 0x80
    };
    let whole = values.len() / LANES * LANES;
    let (body, tail) = values.split_at(whole);
    let (center_body, center_tail) = center.split_at(whole);
    let (line_body, line_tail) = line.split_at_mut(whole);
    for ((values, center), out) in body
        .chunks_exact(LANES)
        .zip(center_body.chunks_exact(LANES))
        .zip(line_body.chunks_exact_mut(LANES))
    {
        for i in 0..LANES {
            out[i] = quantize(i, values[i], center[i]);
        }
    }
    for (i, ((&value, &center), out)) in tail.iter().zip(center_tail).zip(line_tail).enumerate() {
        *out = quantize(i, value, center);
    }
    RowSums {
        missed_squares: missed.iter().sum(),
        integer_squares: integers.iter().fold(0, |sum, &part| sum.wrapping_add(part)),
    }
}

fn interleave(line: &[u8], token: usize, quads: usize, bytes: &mut [u8]) {
    let group = &mut bytes[token / GROUP * quads * GROUP * QUAD..][..quads * GROUP * QUAD];
    for (quad, slots) in line
        .chunks_exact(QUAD)
        .zip(group.chunks_exact_mut(GROUP * QUAD))
    {
        slots[token % GROUP * QUAD..][..QUAD].copy_from_slice(quad);
    }
}

/// The mean of whole rows (`rows` is `N x hidden`), a good centre for [`super::ScreenedHead::new`].
///
/// Summed in `f64` in row order, so it is the same everywhere. An incomplete last row is left out;
/// without a whole row, or with `hidden == 0`, the mean is zeros.
#[must_use]
pub fn mean_row(rows: &[f32], hidden: usize) -> Vec<f32> {
    let mut sums = vec![0.0_f64; hidden];
    if hidden == 0 {
        return Vec::new();
    }
    for row in rows.chunks_exact(hidden) {
        for (sum, &value) in sums.iter_mut().zip(row) {
            *sum += f64::from(value);
        }
    }
    #[allow(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        reason = "the centre may be any vector: its rounding changes no result"
    )]
    sums.iter()
        .map(|sum| (sum / (rows.len() / hidden).max(1) as f64) as f32)
        .collect()
}
