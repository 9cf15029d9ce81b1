//! Properties over random and malicious cases.

use proptest::prelude::*;

use super::*;
use crate::screened_head::bound::{DocumentBound, TEST_TINY, inflate};
use crate::screened_head::columns::PackedColumns;
use crate::screened_head::layout::{BLOCK, GROUP};
use crate::screened_head::rows::{Forms, QuantizedRows};

/// Four times the default; `PROPTEST_CASES` still scales it.
fn more_cases() -> ProptestConfig {
    let config = ProptestConfig::default();
    ProptestConfig {
        cases: config.cases * 4,
        ..config
    }
}

proptest! {
    #![proptest_config(more_cases())]

    #[test]
    fn random_inputs_give_the_bits_of_the_double_loop(
        seed: u64, tokens in 1_usize..40, vocabulary in 1_usize..200, width in 1_usize..140,
    ) {
        Case::random(&mut Random(seed), tokens, vocabulary, width).check();
    }

    #[test]
    fn malicious_inputs_give_the_bits_of_the_double_loop(
        seed: u64, tokens in 1_usize..30, vocabulary in 1_usize..150, width in 1_usize..100,
    ) {
        malicious(seed, tokens, vocabulary, width).check();
    }

    #[test]
    fn columns_on_the_boundary_are_decided_by_the_exact_value(
        seed: u64, tokens in 1_usize..20, vocabulary in 1_usize..130, width in 1_usize..70,
    ) {
        let random = &mut Random(seed);
        let mut case = Case::random(random, tokens, vocabulary, width);
        case.onto_the_boundary(random);
        case.check();
    }

    /// The inequality itself: no product is farther from its integers than the bound says.
    #[test]
    fn the_error_is_within_the_bound(
        seed: u64, tokens in 1_usize..12, vocabulary in 1_usize..80, width in 1_usize..100,
    ) {
        let case = malicious(seed, tokens, vocabulary, width);
        check_bound(&case);
    }

    #[test]
    fn kernels_agree_on_integers_and_dots(
        seed: u64, tokens in 1_usize..30, columns in 1_usize..64, width in 1_usize..300,
    ) {
        check_kernels(&Case::random(&mut Random(seed), tokens, columns, width));
    }

    #[test]
    fn kernels_agree_where_rows_are_whole_lines(
        seed: u64, tokens in 1_usize..80, columns in 1_usize..64, lines in 1_usize..5,
    ) {
        check_kernels(&Case::random(&mut Random(seed), tokens, columns, 64 * lines));
    }
}

/// Values that break careless arithmetic. Index 0..8 are moderate, the rest extreme.
fn nasty(random: &mut Random, extreme: bool) -> f32 {
    match random.below(if extreme { 16 } else { 8 }) {
        0 => 0.0,
        1 => -0.0,
        2 => 1.0,
        3 => -1.0,
        4 => random.unit(),
        5 => random.unit() * 1e-3,
        6 => random.unit() * 100.0,
        7 => (random.unit() * 127.0).round() + 0.5,
        8 => f32::from_bits(1),
        9 => -f32::MIN_POSITIVE,
        10 => random.unit() * 1e-38,
        11 => random.unit() * 1e-20,
        12 => random.unit() * 1e18,
        13 => random.unit() * 1e30,
        14 => f32::MAX,
        _ => f32::MIN,
    }
}

/// Vectors of one malicious shape: constant, one-hot, an outlier, copies, all nasty, ...
fn shaped(random: &mut Random, rows: usize, width: usize, extreme: bool) -> Vec<f32> {
    let shape = random.below(9);
    let base: Vec<f32> = (0..width).map(|_| nasty(random, extreme)).collect();
    let mut out = Vec::with_capacity(rows * width);
    for _ in 0..rows {
        let start = out.len();
        match shape {
            0 => out.extend((0..width).map(|_| nasty(random, extreme))),
            1 => {
                let value = nasty(random, extreme);
                out.extend(std::iter::repeat_n(value, width));
            }
            2 => {
                out.resize(start + width, 0.0);
                out[start + random.below(width)] = nasty(random, extreme);
            }
            3 => {
                out.extend((0..width).map(|_| random.unit()));
                out[start + random.below(width)] = 1e4;
            }
            4 => out.extend_from_slice(&base),
            // Copies but for the last place.
            5 => {
                let moved = |value: &f32| {
                    if value.abs() < 1e30 {
                        value.next_up()
                    } else {
                        *value
                    }
                };
                out.extend(base.iter().map(moved));
                out[start + random.below(width)] = base[0];
            }
            // Half steps: every value rounds with the largest residual.
            6 => {
                out.extend((0..width).map(|_| random.below(126) as f32 + 0.5));
                out[start] = 127.0;
            }
            7 => out.extend(std::iter::repeat_n(0.0, width)),
            _ => {
                let scale = 1e-6 * 10_u32.pow(random.below(9) as u32) as f32;
                out.extend((0..width).map(|_| random.unit() * scale));
            }
        }
    }
    out
}

fn malicious(seed: u64, tokens: usize, vocabulary: usize, width: usize) -> Case {
    let random = &mut Random(seed);
    let extreme = random.below(3) == 0;
    let mut case = Case {
        decoder: shaped(random, vocabulary, width, extreme),
        bias: shaped(random, vocabulary, 1, extreme),
        center: shaped(random, 1, width, extreme),
        hidden: shaped(random, tokens, width, extreme),
        width,
    };
    match random.below(4) {
        // A center equal to a row, and one of no use at all.
        0 => case.center = case.hidden[..width].to_vec(),
        1 => case.center.fill(0.0),
        _ => {}
    }
    // Columns that are rows: the largest products there can be.
    if random.below(2) == 0 {
        let (row, column) = (random.below(tokens), random.below(vocabulary));
        case.decoder[column * width..][..width]
            .copy_from_slice(&case.hidden[row * width..][..width]);
    }
    match random.below(4) {
        0 => case.onto_the_boundary(random),
        1 => case.bias.fill(0.0),
        2 => case.bias.fill(-1e3),
        _ => {}
    }
    case
}

pub(super) fn quantized(case: &Case) -> (PackedColumns, QuantizedRows, DocumentBound) {
    let packed = PackedColumns::pack(&case.decoder, &case.bias, &case.center, &Portable);
    let mut rows = QuantizedRows::default();
    let norm = inflate(Portable.dot(&case.center, &case.center).sqrt());
    let bound = rows
        .quantize(
            &case.hidden,
            &case.center,
            norm,
            Forms {
                words: true,
                lines: true,
            },
        )
        .unwrap();
    (packed, rows, bound)
}

fn check_bound(case: &Case) {
    let (packed, rows, bound) = quantized(case);
    let mut scores = vec![[0; BLOCK]; rows.groups * GROUP];
    for block in 0..packed.blocks() {
        Portable.block_scores(packed.block(block), &rows, &mut scores);
        for (token, scores) in case.hidden.chunks_exact(case.width).zip(&scores) {
            for (lane, &score) in scores.iter().enumerate() {
                let column = block * BLOCK + lane;
                let Some(row) = case
                    .decoder
                    .get(column * case.width..(column + 1) * case.width)
                else {
                    break;
                };
                let about = packed.bound(column);
                let exact = Portable.dot(token, row) + f64::from(case.bias[column]);
                let step = f64::from(bound.scale) * f64::from(about.scale);
                let guess = step * f64::from(score) + f64::from(about.base);
                // The base is stored in single precision, which TEST_MARGIN answers for.
                let slack = f64::from(about.base).abs() * 2e-7 + f64::from(TEST_TINY);
                let error = f64::from(bound.error(&about)) * (1.0 + 1e-7) + slack;
                let outside = (exact - guess).abs() > error;
                assert!(!outside, "{exact} {guess} {error} {bound:?} {about:?}");
                // Hence neither the test nor the thresholds may drop it when it is the best.
                assert!(exact <= 0.0 || bound.may_be_positive(&about, score));
                assert!(exact <= 0.0 || score >= bound.integer_threshold(&about, score));
            }
        }
    }
}

pub(super) fn check_kernels(case: &Case) {
    let (packed, rows, _) = quantized(case);
    let plain: Vec<[i32; BLOCK]> = case
        .hidden
        .chunks_exact(case.width)
        .enumerate()
        .map(|(token, _)| integer_row(&packed, &rows, token))
        .collect();
    let mut columns = vec![[0.0_f32; BLOCK]; case.width];
    for (lane, row) in case.decoder.chunks_exact(case.width).enumerate() {
        for (column, &value) in columns.iter_mut().zip(row) {
            column[lane] = value;
        }
    }
    for kind in kinds() {
        let kernel = kind.kernel().unwrap();
        let mut scores = vec![[7; BLOCK]; rows.groups * GROUP];
        kernel.block_scores(packed.block(0), &rows, &mut scores);
        assert_eq!(scores[..plain.len()], plain, "{kind:?}");
        let mut best = [7; BLOCK];
        kernel.block_max(packed.block(0), &rows, &mut best);
        let largest: [i32; BLOCK] =
            std::array::from_fn(|lane| plain.iter().map(|row| row[lane]).max().unwrap());
        assert_eq!(best, largest, "{kind:?}");

        let mut floats = vec![[7.0; BLOCK]; rows.groups * GROUP];
        kernel.block_scores_f32(&columns, &case.hidden, &mut floats);
        for (token, floats) in case.hidden.chunks_exact(case.width).zip(&floats) {
            for (row, &float) in case.decoder.chunks_exact(case.width).zip(floats) {
                let exact = Portable.dot(token, row);
                assert_eq!(
                    kernel.dot(token, row).to_bits(),
                    exact.to_bits(),
                    "{kind:?}"
                );
                // Values below one: the magnitude is at most the width.
                let limit = 1.2e-7 * (case.width * (case.width + 4)) as f64;
                assert!((f64::from(float) - exact).abs() <= limit, "{kind:?}");
            }
        }
    }
}

/// The products of one token with the first block, as simply as can be.
fn integer_row(packed: &PackedColumns, rows: &QuantizedRows, token: usize) -> [i32; BLOCK] {
    let block = packed.block(0);
    let mut sums = [0; BLOCK];
    for quad in 0..rows.quads {
        for (lane, sum) in sums.iter_mut().enumerate() {
            for i in 0..4 {
                let at = ((token / GROUP * rows.quads + quad) * GROUP + token % GROUP) * 4 + i;
                assert_eq!(i32::from(rows.words[at]), i32::from(rows.bytes[at]) - 128);
                let weight = block.weights[(quad * BLOCK + lane) * 4 + i];
                *sum += i32::from(rows.words[at]) * i32::from(weight);
            }
        }
    }
    sums
}
