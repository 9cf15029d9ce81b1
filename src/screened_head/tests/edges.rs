//! Single cases: edges of the layout, extremes of the arithmetic, errors.

use super::properties::{check_kernels, quantized};
use super::*;
use crate::screened_head::bound::MAX_HIDDEN;
use crate::screened_head::layout::BLOCK;

#[test]
fn widths_around_every_edge() {
    for width in [
        1, 3, 4, 5, 15, 16, 17, 63, 64, 65, 127, 128, 1023, 1024, 1025, 2050,
    ] {
        let random = &mut Random(width as u64);
        Case::random(random, 7, 65, width).check();
        check_kernels(&Case::random(random, 13, 64, width));
    }
}

#[test]
fn token_counts_around_every_edge() {
    for tokens in [1, 2, 5, 6, 7, 11, 12, 13, 255, 256, 257, 3000] {
        Case::random(&mut Random(tokens as u64), tokens, 70, 20).check();
    }
}

#[test]
fn the_largest_integers_do_not_overflow() {
    let width = MAX_HIDDEN;
    let mut case = Case {
        decoder: vec![1.0; 3 * width],
        bias: vec![0.0; 3],
        center: vec![0.0; width],
        hidden: vec![-1.0; 2 * width],
        width,
    };
    case.decoder[width..2 * width].fill(-1.0);
    case.check();
    let (packed, rows, _) = quantized(&case);
    for kind in kinds() {
        let mut best = [0; BLOCK];
        let kernel = kind.kernel().unwrap();
        kernel.block_max(packed.block(0), &rows, &mut best);
        assert_eq!(
            best[..3],
            [-132_128_768, 132_128_768, -132_128_768],
            "{kind:?}"
        );
    }
}

#[test]
fn few_columns_survive_when_few_are_active() {
    let mut case = Case::random(&mut Random(1), 100, 2000, 128);
    case.bias.fill(-14.0);
    let active = case.expected().len();
    let stats = case.check();
    assert!(active > 0 && active < 60, "{active}");
    assert!(stats.survivors < 3 * active + 20, "{stats:?} of {active}");
    assert!(!stats.fell_back());
}

#[test]
fn all_columns_active_stays_exact() {
    let mut case = Case::random(&mut Random(2), 50, 300, 64);
    case.bias.fill(1e3);
    let stats = case.check();
    assert_eq!(stats.survivors, 300);
}

#[test]
fn no_column_active_gives_nothing() {
    let mut case = Case::random(&mut Random(3), 50, 300, 64);
    case.bias.fill(-1e3);
    let stats = case.check();
    assert_eq!(stats, PoolStats::default());
}

#[test]
fn an_outlier_falls_back_and_stays_exact() {
    // One dimension a thousand times the others: the integers see nothing else.
    let mut case = Case::random(&mut Random(4), 200, 300, 64);
    case.center.fill(0.0);
    for row in case.hidden.chunks_exact_mut(64) {
        row[5] = 1e3;
    }
    for row in case.decoder.chunks_exact_mut(64) {
        row[5] = 0.0;
    }
    let stats = case.check();
    assert!(stats.fell_back(), "{stats:?}");
    // Single precision leaves about one token a column.
    assert!(stats.exact_dots < 3 * 300, "{stats:?}");
}

#[test]
fn overflow_keeps_columns() {
    for magnitude in [1e19, 1e25, 1e38] {
        let mut case = Case::random(&mut Random(5), 9, 70, 33);
        case.hidden.iter_mut().for_each(|value| *value *= magnitude);
        case.decoder
            .iter_mut()
            .for_each(|value| *value *= magnitude);
        case.check();
        // The difference to the center overflows.
        case.center.fill(-3e38);
        case.check();
    }
}

/// Found by the malicious cases: a column's norm of 8.1 of the smallest `f32` was stored as 8, which no
/// relative margin covers, and multiplied with rows of 1e18 the difference hid a positive column.
#[test]
fn norms_below_the_normal_range_are_still_upper_bounds() {
    for width in [1, 2, 3, 7, 66, 130] {
        for center in [7e17, -7e17, 1e5, 1e30] {
            for units in 1..4 {
                let case = Case {
                    decoder: vec![f32::from_bits(units); width],
                    bias: vec![0.0],
                    center: vec![center; width],
                    hidden: (0..3 * width).map(|i| 70.0 + i as f32).collect(),
                    width,
                };
                assert_eq!(case.expected().len(), 1);
                case.check();
            }
        }
    }
}

#[test]
fn a_weight_is_never_rounded_to_zero() {
    let case = Case {
        decoder: vec![1e-30],
        bias: vec![0.0],
        center: vec![0.0],
        hidden: vec![1e-30],
        width: 1,
    };
    let (got, _) = case.pooled(KernelKind::Portable);
    assert_eq!(got, [(0, 1)]);
    case.check();
}

#[test]
fn a_zero_logit_is_no_term() {
    let case = Case {
        decoder: vec![0.0, 0.0, 1.0, -1.0],
        bias: vec![0.0, 0.0],
        center: vec![0.3, -0.2],
        hidden: vec![0.5, 0.5],
        width: 2,
    };
    assert!(case.expected().is_empty());
    case.check();
}

#[test]
fn results_do_not_depend_on_the_center_or_on_earlier_documents() {
    let random = &mut Random(6);
    let mut case = Case::random(random, 40, 500, 48);
    case.bias.fill(-5.0);
    let expected = case.expected();
    assert!(!expected.is_empty());
    let long = random.vector(48 * 500, 9.0);
    for center in [
        vec![0.0; 48],
        random.vector(48, 3.0),
        mean_row(&case.hidden, 48),
    ] {
        let head = ScreenedHead::new(&case.decoder[..], &case.bias, 48, &center).unwrap();
        let mut scratch = head.scratch();
        let mut out = Vec::new();
        head.pool(&long, &mut scratch, &mut out).unwrap();
        out.clear();
        head.pool(&case.hidden, &mut scratch, &mut out).unwrap();
        let bits: Vec<_> = out.iter().map(|&(term, w)| (term, w.to_bits())).collect();
        assert_eq!(bits, expected);
        assert!(out.is_sorted_by_key(|&(term, _)| term));
    }
}

#[test]
fn what_does_not_fit_is_refused() {
    let new = |decoder: &[f32], bias: &[f32], hidden, center: &[f32]| {
        ScreenedHead::new(decoder.to_vec(), bias, hidden, center).map(|_| ())
    };
    assert_eq!(new(&[], &[], 0, &[]), Err(HeadError::Width { hidden: 0 }));
    let width = MAX_HIDDEN + 1;
    let too_wide = new(&vec![0.0; width], &[0.0], width, &vec![0.0; width]);
    assert_eq!(too_wide, Err(HeadError::Width { hidden: width }));
    let message = new(&[1.0; 5], &[0.0; 2], 3, &[0.0; 3])
        .unwrap_err()
        .to_string();
    assert_eq!(message, "decoder has 5 values, expected 2 x 3");
    assert!(matches!(
        new(&[1.0; 6], &[0.0; 2], 3, &[0.0; 2]),
        Err(HeadError::Length { what: "center", .. })
    ));
    let not_finite = |what, index| Err(HeadError::WeightNotFinite { what, index });
    for bad in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
        assert_eq!(
            new(&[1.0, bad], &[0.0], 2, &[0.0; 2]),
            not_finite("decoder", 1)
        );
        assert_eq!(new(&[1.0; 2], &[bad], 2, &[0.0; 2]), not_finite("bias", 0));
        assert_eq!(
            new(&[1.0; 2], &[0.0], 2, &[bad, 0.0]),
            not_finite("center", 0)
        );

        let head = ScreenedHead::new(vec![1.0; 2], &[0.0], 2, &[0.0; 2]).unwrap();
        let mut scratch = head.scratch();
        let mut out = vec![(9, 9.0)];
        let error = head.pool(&[1.0, 1.0, 1.0, bad], &mut scratch, &mut out);
        assert_eq!(error, Err(HeadError::HiddenNotFinite { token: 1 }));
        assert!(matches!(
            head.pool(&[1.0; 3], &mut scratch, &mut out),
            Err(HeadError::Length { what: "hidden", .. })
        ));
        assert_eq!(out, [(9, 9.0)]);
        // The buffers are good for the next document.
        head.pool(&[1.0, 1.0], &mut scratch, &mut out).unwrap();
        assert_eq!(out, [(9, 9.0), (0, 3.0_f32.ln())]);
    }
}

#[test]
fn nothing_in_nothing_out() {
    let head = ScreenedHead::new(vec![1.0; 2], &[5.0], 2, &[0.0; 2]).unwrap();
    let mut out = Vec::new();
    let stats = head.pool(&[], &mut head.scratch(), &mut out).unwrap();
    assert_eq!((stats, out.len()), (PoolStats::default(), 0));
    let head = ScreenedHead::new(vec![], &[], 2, &[0.0; 2]).unwrap();
    head.pool(&[1.0, 2.0], &mut head.scratch(), &mut out)
        .unwrap();
    assert!(out.is_empty());
}

#[test]
fn means() {
    assert_eq!(mean_row(&[1.0, 2.0, 3.0, 6.0, 9.0], 2), [2.0, 4.0]);
    assert_eq!(mean_row(&[], 2), [0.0, 0.0]);
    assert!(mean_row(&[1.0], 0).is_empty());
}

#[test]
fn the_head_is_shared_between_threads() {
    fn shared<T: Send + Sync>() {}
    shared::<ScreenedHead>();
    shared::<ScreenedHead<Vec<f32>>>();
}
