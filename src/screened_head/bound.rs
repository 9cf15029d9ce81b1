//! The screening bound: what the integers prove about the real numbers.
//!
//! # The claim
//!
//! Let `h_t` be the hidden rows of a document and `w_v`, `b_v` a decoder row and its bias, all of
//! them `f32` numbers taken as exact reals. The head wants
//!
//! ```text
//! z_v = max_t d(h_t, w_v) + b_v          d = the f64 dot product of `Kernel::dot`
//! ```
//!
//! for every column with `z_v > 0`. Screening finds, with 8-bit integers only, a set of columns
//! that contains every such `v`, and for each of them a set of tokens that contains every `t`
//! that reaches the maximum. Nothing is lost, so the result has the same bits as if all `T x V`
//! products had been computed with `d`, whatever the center, the scales and the instruction set.
//!
//! # The bound
//!
//! Choose any constant vector `c` (the center), a scale `s >= 0` for the document and a scale
//! `r_v >= 0` for each column, and integers `q_t`, `p_v` in `[-127, 127]`. Write
//!
//! ```text
//! h_t = c + s q_t + x_t        (x_t: what the document's integers miss)
//! w_v = r_v p_v + y_v          (y_v: what the column's integers miss)
//! ```
//!
//! These are definitions of `x_t` and `y_v`, so they hold exactly however the integers were found.
//! Then
//!
//! ```text
//! h_t . w_v = c . w_v  +  s r_v (q_t . p_v)  +  s q_t . y_v  +  x_t . w_v
//!             constant    integer dot           unknown         unknown
//! ```
//!
//! and by the inequality of Cauchy and Schwarz the two unknown terms are at most
//!
//! ```text
//! E_tv = |x_t| |w_v| + |s q_t| |y_v|        (Euclidean norms)
//! ```
//!
//! With `X = max_t |x_t|` and `Q = max_t |s q_t|`, `E_v = X |w_v| + Q |y_v|` serves all tokens.
//! As `s` and `r_v` are not negative, the largest integer `S_v = max_t q_t . p_v` gives the largest
//! approximation, so a column can be dropped when
//!
//! ```text
//! c . w_v + b_v + s r_v S_v + E_v <= 0
//! ```
//!
//! and a token need not be looked at when its integer shows either that it stays at or below zero,
//! or that it lies more than `2 E_v` below the best one (the best one's true value is at least its
//! approximation less `E_v`, this one's at most its approximation plus `E_v`).
//!
//! The integers themselves are exact: `|q_t . p_v| <= 127^2 H`, and with the offset of 128 that
//! some kernels use `255 * 127 * H`, fit an `i32` for every `H` up to [`MAX_HIDDEN`].
//!
//! # Rounding
//!
//! `u = 2^-24` is the unit roundoff of `f32`, `2^-53` that of `f64`. The standard model
//! `fl(a op b) = (a op b)(1 + e)`, `|e| <= u`, and its consequence for sums of `n` products in *any*
//! order, fused or not, `|fl(a . b) - a . b| <= g_n |a| . |b| <= g_n |a|_2 |b|_2` with
//! `g_n = n u / (1 - n u)`, are from N. J. Higham, *Accuracy and Stability of Numerical
//! Algorithms*, 2nd edition, SIAM 2002, sections 2.2 and 3.1. Underflow adds an absolute error of
//! at most `2^-150` for each `f32` product (section 2.8 there: the model with `eta`).
//!
//! | where | error | covered by |
//! |---|---|---|
//! | `d` itself: `f64`, products of two `f32` are exact, at most `H + 4` additions; so too `c . w_v` | `(H + 4) 2^-53 (\|h\| + \|c\|) \|w\|` | `DOT_MARGIN` times `max_t \|h_t\| + \|c\|`, added to `X` |
//! | `z_v = d + b_v` in `f64`, `c . w_v + b_v` in `f64`, then stored as `f32` | `2^-53`, `u` relative | `TEST_MARGIN` |
//! | `\|w_v\|`, `\|y_v\|`: computed in `f64`, stored as `f32` | `u` relative, `2^-150` absolute where subnormal | `inflate`: `NORM_MARGIN` and `2^-126` |
//! | `\|x_t\|`: `h - c`, `s q` and their difference in `f32` | `2 u (\|s q\| + \|x\|)` | `CENTER_MARGIN` times `Q`, added to `X`; `inflate` |
//! | sums of `H` squares in `f32` | `(H + 2) u` relative | `norm_margin` |
//! | the test above in `f32`: at most 8 operations | `8 u` of each term's magnitude | `TEST_MARGIN` `= 16 u` of `\|s r S\|` and `\|c . w + b\|`; `inflate` for `E_v` |
//! | underflow in squares, products and scales | below `1e-20` in a norm, `1e-36` in the test | `NORM_TINY`, `TEST_TINY` |
//!
//! A relative margin is only used where the value is known to be normal: stored norms are (by
//! `inflate`), `X` and `N` are at least `NORM_TINY`, `s` is zero or at least `SMALLEST_SCALE`.
//! Absolute margins are needed where a value is multiplied afterwards (norms: `NORM_TINY`, `inflate`)
//! *before* that product, and once more for the final sum (`TEST_TINY`).
//!
//! Overflow needs no analysis: every comparison is written so that an infinity or a NaN *keeps*
//! the column or the token. Absurd magnitudes (`|h| |w|` near `1e38`) thus make the head slow, never
//! wrong; `d` cannot overflow, as `f64` holds the products of any two `f32`.

/// Largest supported width of a hidden row. Keeps the integer dot products within `i32`
/// (`255 * 127 * 8192 < 2^28.01`) and the rounding margins small.
pub const MAX_HIDDEN: usize = 8192;

/// Unit roundoff of `f32`.
pub(super) const UNIT: f32 = f32::EPSILON / 2.0;

/// Relative error allowed to the `f64` dot product, twice (the product of this token and the one
/// it is compared with): `2 (8192 + 5) 2^-53 < 2^-38`.
pub(super) const DOT_MARGIN: f32 = UNIT / 16384.0;

/// Relative slack for norms that were computed in `f64` and stored as `f32`: `16 u`.
pub(super) const NORM_MARGIN: f32 = 16.0 * UNIT;

/// Share of `|s q|` added to `|x|` for the rounding of `h - c` and `s q`: `8 u`, needed `2 u`.
pub(super) const CENTER_MARGIN: f32 = 8.0 * UNIT;

/// Relative slack of the screening test in `f32`: `16 u`, needed `8 u`.
pub(super) const TEST_MARGIN: f32 = 16.0 * UNIT;

/// Absolute slack of a norm: squares below the smallest `f32` vanish, `sqrt(8192 * 2^-149) < 4e-21`.
pub(super) const NORM_TINY: f32 = 1e-20;

/// Absolute slack of the screening test: the product of the scales may underflow,
/// `127^2 * 8192 * 2^-149 < 2e-37`.
pub(super) const TEST_TINY: f32 = 1e-30;

/// Below this a scale counts as zero: its integers would be all zero and `1 / scale` overflow.
pub(super) const SMALLEST_SCALE: f32 = 1e-32;

/// Returns an upper bound for a norm given by its `f64` value, never below the normal range of `f32`.
///
/// Below that range rounding is absolute and a relative margin covers nothing, while the norm may
/// still be multiplied by one of `1e18`: hence the smallest normal number on top, more than any such
/// rounding (`2^-150`).
pub(super) fn inflate(norm: f64) -> f32 {
    // The cast errs by half a unit at most; the margin is sixteen.
    #[allow(
        clippy::cast_possible_truncation,
        reason = "rounding is what the margin is for"
    )]
    let rounded = norm as f32;
    rounded * (1.0 + NORM_MARGIN) + f32::MIN_POSITIVE
}

/// Returns the relative slack for the root of a sum of `hidden` squares in `f32`, in any order.
#[allow(
    clippy::cast_precision_loss,
    reason = "hidden is at most MAX_HIDDEN, exact in f32"
)]
pub(super) fn norm_margin(hidden: usize) -> f32 {
    // The root halves the relative error; the factor two is spare.
    2.0 * (hidden as f32 + 16.0) * UNIT
}

/// What is known about a document's rows. All fields but `scale` are upper bounds, margins included.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct DocumentBound {
    /// `s`: the value of one integer step.
    pub scale: f32,
    /// `X = max_t |x_t|`: what the integers miss, with the allowance for the `f64` dot products.
    pub residual: f32,
    /// `Q = max_t |s q_t|`: the longest row of integers.
    pub quantized: f32,
    /// `N = max_t |h_t|`: the longest row of hidden states.
    pub rows: f32,
}

/// What is known about one column. `norm` and `residual` are upper bounds, margins included.
#[derive(Debug, Clone, Copy)]
pub(super) struct ColumnBound {
    /// `r_v`: the value of one integer step.
    pub scale: f32,
    /// `c . w_v + b_v`: the logit of a token at the center.
    pub base: f32,
    /// `|w_v|`, rounded up.
    pub norm: f32,
    /// `|y_v|`: what the column's integers miss, rounded up.
    pub residual: f32,
}

impl DocumentBound {
    /// Returns `E_v` as rounding leaves it: callers add [`TEST_MARGIN`] or compute on in `f64`.
    #[inline]
    pub(super) fn error(&self, column: &ColumnBound) -> f32 {
        self.residual * column.norm + self.quantized * column.residual
    }

    /// Returns whether the column may be positive, given its largest integer. NaN and infinity say yes.
    #[inline]
    #[allow(
        clippy::cast_precision_loss,
        reason = "one rounding, counted in TEST_MARGIN"
    )]
    pub(super) fn may_be_positive(&self, column: &ColumnBound, best: i32) -> bool {
        let product = self.scale * column.scale * best as f32;
        let slack = TEST_MARGIN * (product.abs() + column.base.abs()) + TEST_TINY;
        let upper = product + column.base + self.error(column) + slack;
        let excluded = upper <= 0.0;
        !excluded
    }

    /// Returns the smallest integer score with which a token can reach the column's maximum.
    #[allow(
        clippy::cast_possible_truncation,
        reason = "saturates, and NaN and infinity are sorted out before"
    )]
    pub(super) fn integer_threshold(&self, column: &ColumnBound, best: i32) -> i32 {
        let step = f64::from(self.scale) * f64::from(column.scale);
        let error =
            f64::from(self.error(column)) * (1.0 + f64::from(TEST_MARGIN)) + f64::from(TEST_TINY);
        let base = f64::from(column.base);
        let near_best = f64::from(best) - 2.0 * error / step;
        let positive = -(base + f64::from(TEST_MARGIN) * base.abs() + error) / step;
        let threshold = near_best.max(positive);
        if step > 0.0 && near_best.is_finite() && positive.is_finite() {
            // Takes one below the floor, because the f64 operations above may have rounded up.
            (threshold.floor() - 1.0) as i32
        } else {
            i32::MIN
        }
    }

    /// Returns the smallest `f32` score (a dot product of `hidden` terms in any order) with which a token
    /// can reach the column's maximum; a score that is not *below* it qualifies.
    #[allow(
        clippy::cast_precision_loss,
        reason = "hidden is at most MAX_HIDDEN, exact in f32"
    )]
    pub(super) fn float_threshold(
        &self,
        column: &ColumnBound,
        bias: f32,
        hidden: usize,
        best: f32,
    ) -> f32 {
        // This is g_n with n = hidden + 4, doubled; 1e-30 covers hidden * 2^-150 of underflow.
        let magnitude = self.rows * column.norm;
        let error = 2.0 * (hidden as f32 + 4.0) * UNIT * magnitude + TEST_TINY;
        let slack = TEST_MARGIN * (best.abs() + bias.abs());
        let near_best = best - 2.0 * error - slack;
        let positive = -bias - error - slack;
        // Above this a partial sum could overflow and the scores mean nothing.
        if magnitude < f32::MAX / 8.0 && near_best.is_finite() && positive.is_finite() {
            near_best.max(positive)
        } else {
            f32::NEG_INFINITY
        }
    }
}
