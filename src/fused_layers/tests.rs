//! The kernels against the same formulas in double precision.

use proptest::prelude::*;

use super::{Kernels, Product, Quantized, ResidualNorm};

fn all() -> impl Iterator<Item = Kernels> {
    let kinds = [Kernels::Avx512, Kernels::Avx2];
    kinds.into_iter().filter(|kind| kind.is_available())
}

/// Pseudo-random values in -2..2.
fn values(seed: u64, count: usize) -> Vec<f32> {
    let mut state = seed | 1;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 40) as f32 / (1 << 22) as f32 - 2.0
    };
    (0..count).map(|_| next()).collect()
}

fn near(found: f32, exact: f64, tolerance: f64) -> bool {
    (f64::from(found) - exact).abs() <= tolerance
}

/// The error function by its series, which is exact enough up to 4.
fn erf(x: f64) -> f64 {
    let (mut term, mut sum) = (x, x);
    for n in 1..200 {
        term *= -x * x / f64::from(n);
        sum += term / f64::from(2 * n + 1);
    }
    sum * std::f64::consts::FRAC_2_SQRT_PI
}

fn gelu(x: f64) -> f64 {
    x * 0.5 * (1.0 + erf(x * std::f64::consts::FRAC_1_SQRT_2))
}

#[test]
fn gelu_is_exact_as_floats_and_as_bytes_within_their_steps() {
    let x: Vec<f32> = (-5000..=5000).map(|i| i as f32 / 1000.0).collect();
    let product = Product::Floats {
        values: &x,
        bias: &vec![0.0; x.len()],
    };
    for kernels in all() {
        let mut y = vec![0.0; x.len()];
        kernels.floats(product, true, &mut y).unwrap();
        let (mut bytes, mut scales) = (vec![0; x.len()], [0.0; 2]);
        let out = Quantized {
            bytes: &mut bytes,
            scales: &mut scales,
        };
        kernels.bytes(product, true, out).unwrap();
        for ((&x, &y), &byte) in x.iter().zip(&y).zip(&bytes) {
            let exact = gelu(f64::from(x));
            let tolerance = 3e-7 * exact.abs().max(0.3);
            assert!(near(y, exact, tolerance), "{kernels:?} {x}: {y} {exact}");
            let byte = scales[1] + scales[0] * f32::from(byte);
            assert!(near(byte, exact, 0.5001 * f64::from(scales[0]) + 2e-6));
        }
    }
}

#[test]
fn far_values_and_those_that_are_not_finite_stay_what_they_are() {
    let x = [-1e30, -20.0, 20.0, 1e30, f32::NAN, f32::INFINITY];
    let product = Product::Floats {
        values: &x,
        bias: &[0.0; 6],
    };
    for kernels in all() {
        let mut y = [0.0; 6];
        kernels.floats(product, true, &mut y).unwrap();
        assert!(y[0].abs() < 1e-6 && y[1].abs() < 1e-6, "{y:?}");
        assert_eq!(y[2..4], x[2..4]);
        assert!(y[4].is_nan() && y[5] == f32::INFINITY, "{y:?}");
        // A row with such a value is given back as such.
        for row in [&x[3..5], &x[4..6], &x[5..6]] {
            let (mut bytes, mut scales) = (vec![0; row.len()], [0.0; 2]);
            let out = Quantized {
                bytes: &mut bytes,
                scales: &mut scales,
            };
            kernels.quantize(row, row.len(), out).unwrap();
            assert!(scales[0].is_nan(), "{row:?}");
        }
    }
}

#[test]
fn values_far_below_zero_are_nothing_beside_others_as_bytes() {
    for far in [-6.0, -1e4, -1e30] {
        let x = [far, 1.0];
        for kernels in all() {
            let (mut bytes, mut scales) = ([0; 2], [0.0; 2]);
            let out = Quantized {
                bytes: &mut bytes,
                scales: &mut scales,
            };
            let product = Product::Floats {
                values: &x,
                bias: &[0.0; 2],
            };
            kernels.bytes(product, true, out).unwrap();
            let read = |byte: u8| scales[1] + scales[0] * f32::from(byte);
            assert!(read(bytes[0]).abs() < 1e-5, "{far}: {bytes:?} {scales:?}");
            assert!(
                (read(bytes[1]) - 0.841_345).abs() < 1e-5,
                "{far}: {bytes:?} {scales:?}"
            );
        }
    }
}

#[test]
fn sizes_that_do_not_go_together_are_refused() {
    let six = [0.0; 6];
    let product = |bias| Product::Floats { values: &six, bias };
    for kernels in all() {
        let mut out = [0.0; 6];
        assert!(kernels.floats(product(&[0.0; 4]), true, &mut out).is_err());
        assert!(
            kernels
                .floats(product(&[0.0; 3]), true, &mut out[1..])
                .is_err()
        );
        let q = product(&[0.0; 3]);
        // A text longer than its row, heads that do not fit, and too small an output.
        assert!(kernels.attention([q; 3], 1, &[3], &mut out).is_err());
        assert!(kernels.attention([q; 3], 2, &[2], &mut out).is_err());
        assert!(kernels.attention([q; 3], 1, &[2], &mut out[1..]).is_err());
        assert!(kernels.attention([q; 3], 3, &[2], &mut out).is_ok());
    }
}

proptest! {
    #[test]
    fn attention_is_the_formula_and_of_a_text_alone(
        seed: u64, heads in 1_usize..4, size in 1_usize..70, length in 1_usize..150,
        lengths in prop::collection::vec(1_usize..150, 1..4),
    ) {
        let lengths: Vec<_> = lengths.into_iter().map(|own| own.min(length)).collect();
        let width = heads * size;
        let rows = lengths.len() * length;
        let [q, k, v, bias] = [1, 2, 3, 4].map(|n| values(seed ^ n, rows * width));
        let bias = &bias[..width];
        let products = |rows: std::ops::Range<usize>| {
            let rows = rows.start * width..rows.end * width;
            [&q, &k, &v].map(|x| Product::Floats { values: &x[rows.clone()], bias })
        };
        for kernels in all() {
            let mut out = vec![7.0; rows * width];
            kernels.attention(products(0..rows), heads, &lengths, &mut out).unwrap();
            for (text, &own) in lengths.iter().enumerate() {
                let first = text * length;
                let mut alone = vec![7.0; own * width];
                let product = products(first..first + own);
                kernels.attention(product, heads, &[own], &mut alone).unwrap();
                prop_assert_eq!(&alone, &out[first * width..][..own * width]);
                let padding = &out[(first + own) * width..(first + length) * width];
                prop_assert!(padding.iter().all(|&value| value == 0.0));
                let at = |x: &[f32], token: usize, column: usize| {
                    f64::from(x[(first + token) * width + column] + bias[column])
                };
                let (token, column) = (seed as usize % own, seed as usize % width);
                let head = column / size * size..column / size * size + size;
                let weights: Vec<f64> = (0..own).map(|key| {
                    let score: f64 = head.clone().map(|c| at(&q, token, c) * at(&k, key, c)).sum();
                    (score / (size as f64).sqrt()).exp()
                }).collect();
                let exact: f64 = (0..own).map(|key| weights[key] * at(&v, key, column)).sum();
                let exact = exact / weights.iter().sum::<f64>();
                let found = out[(first + token) * width + column];
                prop_assert!(near(found, exact, 2e-5), "{found} {exact}");
            }
        }
    }

    #[test]
    fn residual_norms_are_the_formula_as_floats_and_bytes(
        seed: u64, rows in 1_usize..4, width in 2_usize..100,
    ) {
        let [product, residual, gain, bias] = [1, 2, 3, 4].map(|n| values(seed ^ n, rows * width));
        let (gain, bias) = (&gain[..width], &bias[..width]);
        for kernels in all() {
            let [mut normed, mut sum] = [vec![0.0; rows * width], vec![0.0; rows * width]];
            let (mut bytes, mut scales) = (vec![0; rows * width], vec![0.0; 2 * rows]);
            let norm = ResidualNorm {
                residual: &residual,
                gain,
                bias,
                epsilon: 1e-3,
                normed: &mut normed,
                sum: Some(&mut sum),
                quantized: Some(Quantized { bytes: &mut bytes, scales: &mut scales }),
            };
            kernels.residual_norm(Product::Floats { values: &product, bias }, norm).unwrap();
            for row in 0..rows {
                let at = |column: usize| row * width + column;
                let x: Vec<f64> = (0..width).map(|c| {
                    f64::from(product[at(c)] + bias[c]) + f64::from(residual[at(c)])
                }).collect();
                let mean = x.iter().sum::<f64>() / width as f64;
                let variance = x.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / width as f64;
                for column in 0..width {
                    let exact = (x[column] - mean) / (variance + 1e-3).sqrt();
                    let exact = exact * f64::from(gain[column]) + f64::from(bias[column]);
                    let found = normed[at(column)];
                    prop_assert!(near(sum[at(column)], x[column], 1e-6));
                    prop_assert!(near(found, exact, 1e-5), "{found} {exact}");
                    let step = scales[2 * row];
                    let byte = scales[2 * row + 1] + step * f32::from(bytes[at(column)]);
                    prop_assert!(near(byte, f64::from(found), 0.501 * f64::from(step) + 1e-6));
                }
            }
        }
    }

    #[test]
    fn products_of_integers_are_those_of_what_they_stand_for(
        seed: u64, rows in 1_usize..4, width in 1_usize..40, inputs in 1_usize..50,
    ) {
        let x = values(seed, rows * inputs);
        let weights: Vec<i8> = values(!seed, width * inputs).iter().map(|w| (w * 60.0) as i8).collect();
        let [steps, bias] = [5, 6].map(|n| values(seed ^ n, width));
        for kernels in all() {
            let (mut bytes, mut scales) = (vec![0; rows * inputs], vec![0.0; 2 * rows]);
            let out = Quantized { bytes: &mut bytes, scales: &mut scales };
            kernels.quantize(&x, inputs, out).unwrap();
            let column = |c: usize| weights[c * inputs..][..inputs].iter().map(|&w| i32::from(w));
            let sums = (0..width).map(|c| steps[c] * column(c).sum::<i32>() as f32);
            let columns: Vec<f32> = steps.iter().copied().chain(sums).chain(bias.iter().copied()).collect();
            let products: Vec<i32> = (0..rows * width).map(|at| {
                let row = bytes[at / width * inputs..][..inputs].iter();
                row.zip(column(at % width)).map(|(&byte, w)| i32::from(byte) * w).sum()
            }).collect();
            let product = Product::Integers { values: &products, scales: &scales, columns: &columns };
            let mut found = vec![0.0; rows * width];
            kernels.floats(product, false, &mut found).unwrap();
            for (at, &found) in found.iter().enumerate() {
                let (row, c) = (at / width, at % width);
                let [step, low] = [scales[2 * row], scales[2 * row + 1]].map(f64::from);
                let row = bytes[row * inputs..][..inputs].iter();
                let exact: f64 = row.zip(column(c)).map(|(&byte, w)| (low + step * f64::from(byte)) * f64::from(w)).sum();
                let exact = exact * f64::from(steps[c]) + f64::from(bias[c]);
                prop_assert!(near(found, exact, 2e-3), "{found} {exact}");
            }
        }
    }
}
