//! The exponential function and GELU.

use super::vector::Vector;

/// The coefficients of the polynomials, highest powers first.
struct Coefficients {
    exp: [f32; 6],
    /// `ln 2` in two parts, of which the first has few bits, both negative.
    ln_2: [f32; 2],
    log2_e: f32,
    least: f32,
    one: f32,
    /// Where the polynomials of the error function meet.
    meeting: f32,
    far: [f32; 7],
    near: [f32; 6],
    half: f32,
    root_half: f32,
    /// The quotient of polynomials that is nearly the error function up to 4.
    above: [f32; 7],
    below: [f32; 5],
    four: f32,
    /// Where the approximation of GELU ends.
    lowest: f32,
    /// Where the error function is 1 for certain.
    end: f32,
}

static COEFFICIENTS: Coefficients = Coefficients {
    exp: [
        1.987_569_1e-4,
        1.398_199_9e-3,
        8.333_452e-3,
        4.166_579_6e-2,
        1.666_666_5e-1,
        0.5,
    ],
    ln_2: [-0.693_359_4, 2.121_944_4e-4],
    log2_e: std::f32::consts::LOG2_E,
    least: -87.336,
    one: 1.0,
    meeting: 0.927_734_4,
    far: [
        -1.728_534_7e-5,
        3.831_971_3e-4,
        -3.883_964_4e-3,
        2.425_462_2e-2,
        -1.067_778_8e-1,
        -6.348_468_7e-1,
        -1.287_175_1e-1,
    ],
    near: [
        -5.967_617e-4,
        4.991_194_2e-3,
        -2.676_813_5e-2,
        1.128_199_2e-1,
        -3.761_253_4e-1,
        1.283_791_7e-1,
    ],
    half: 0.5,
    root_half: std::f32::consts::FRAC_1_SQRT_2,
    above: [
        -2.726_142_4e-10,
        2.770_681_5e-8,
        -2.101_024e-6,
        -5.692_506_4e-5,
        -7.349_906_4e-4,
        -2.954_6e-3,
        -1.609_603_3e-2,
    ],
    below: [
        -1.456_607_2e-5,
        -2.133_740_6e-4,
        -1.682_827e-3,
        -7.373_329e-3,
        -1.426_473_9e-2,
    ],
    four: 4.0,
    lowest: -4.0 * std::f32::consts::SQRT_2,
    end: 10.0,
};

/// The functions with their coefficients.
///
/// The compiler does not see through the pointer, and so reads a coefficient where it is needed. There
/// are more than registers: it would keep them all and move them about.
#[derive(Clone, Copy)]
pub(super) struct Functions(*const Coefficients);

impl Functions {
    #[inline(always)]
    pub(super) fn new() -> Self {
        Self(std::hint::black_box(&raw const COEFFICIENTS))
    }

    /// Returns `e^x` for `x <= 0`, within two units in the last place; at least 2^-126.
    ///
    /// With `n` the whole number nearest to `x / ln 2`, it is `2^n · e^(x - n ln 2)`, the second factor by
    /// a polynomial (Cephes' `expf`).
    #[inline(always)]
    pub(super) unsafe fn exp<V: Vector>(self, x: V) -> V {
        // SAFETY: as for `Vector`.
        unsafe {
            let c = &*self.0;
            let x = V::splat(c.least).max(x);
            let n = x.mul(V::splat(c.log2_e)).round();
            let r = n.mul_add(V::splat(c.ln_2[0]), x);
            let r = n.mul_add(V::splat(c.ln_2[1]), r);
            let mut p = V::splat(c.exp[0]);
            for &coefficient in &c.exp[1..] {
                p = p.mul_add(r, V::splat(coefficient));
            }
            let p = p.mul_add(r.mul(r), r).add(V::splat(c.one));
            p.scale(n)
        }
    }

    /// Returns the error function, within two units in the last place: a polynomial near 0, elsewhere one
    /// less the exponential of another.
    #[inline(always)]
    unsafe fn erf<V: Vector>(self, x: V) -> V {
        // SAFETY: as for `Vector`.
        unsafe {
            let c = &*self.0;
            let t = V::splat(c.end).min(x.abs());
            let s = t.mul(t);
            let high = V::splat(c.far[0]).mul_add(t, V::splat(c.far[1]));
            let low = V::splat(c.far[2]).mul_add(t, V::splat(c.far[3]));
            let mut far = high.mul_add(s, low);
            for &coefficient in &c.far[4..] {
                far = far.mul_add(t, V::splat(coefficient));
            }
            let far = self.exp(far.mul_add(t, V::splat(0.0).sub(t)));
            let far = V::splat(c.one).sub(far).with_sign_of(x);
            let mut near = V::splat(c.near[0]);
            for &coefficient in &c.near[1..] {
                near = near.mul_add(s, V::splat(coefficient));
            }
            let near = near.mul_add(x, x);
            t.if_less(V::splat(c.meeting), near, far)
        }
    }

    /// Returns `x · Φ(x)` within 1e-6: enough for what is quantized next, in fewer steps.
    #[inline(always)]
    pub(super) unsafe fn near_gelu<V: Vector>(self, x: V) -> V {
        // SAFETY: as for `Vector`.
        unsafe {
            let c = &*self.0;
            let t = x.mul(V::splat(c.root_half));
            let t = V::splat(c.four).min(t.abs()).with_sign_of(t);
            let s = t.mul(t);
            let mut above = V::splat(c.above[0]);
            for &coefficient in &c.above[1..] {
                above = above.mul_add(s, V::splat(coefficient));
            }
            let mut below = V::splat(c.below[0]);
            for &coefficient in &c.below[1..] {
                below = below.mul_add(s, V::splat(coefficient));
            }
            let phi = above.mul(t).div(below).add(V::splat(c.one));
            // What is left of Φ far below zero is rounding, which no large value may multiply. An infinite value
            // becomes NaN, as it is in an exact GELU.
            let bounded = V::splat(c.lowest).max(x).add(x.sub(x));
            bounded.mul(V::splat(c.half)).mul(phi)
        }
    }

    /// Returns `x · Φ(x)`.
    #[inline(always)]
    pub(super) unsafe fn gelu<V: Vector>(self, x: V) -> V {
        // SAFETY: as for `Vector`.
        unsafe {
            let c = &*self.0;
            let phi = self.erf(x.mul(V::splat(c.root_half))).add(V::splat(c.one));
            x.mul(V::splat(c.half)).mul(phi)
        }
    }
}
