//! The screened head on each kernel of this machine, against the product in single precision.
//!
//! `cargo bench --bench head` prints the time for one document of 240 tokens. The elements that it counts
//! are multiply-adds, tokens x columns x width. About 1 % of the columns is active, as with real models.
#![allow(
    missing_docs,
    reason = "criterion's macros make public functions without any"
)]

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use ndarray::{ArrayView2, Axis, s};
use splade_export::internals::{KernelKind, ScreenedHead, mean_row};

const TOKENS: usize = 240;
const VOCABULARY: usize = 30_522;
/// Number of columns in a tile, so few that the logits of all tokens stay in a core's cache.
const TILE: usize = 480;
/// Share of the columns that are active.
const ACTIVE: f64 = 0.01;

/// A decoder and a document's hidden states.
struct Case {
    width: usize,
    decoder: Vec<f32>,
    bias: Vec<f32>,
    hidden: Vec<f32>,
}

impl Case {
    /// Makes rows as a layer norm leaves them, around a mean of their own, and biases that keep all but
    /// 1 % of the columns at zero, most of them far below.
    fn new(width: usize) -> Self {
        let mut random = Random(1);
        let mean = random.vector(width, 1.0);
        let hidden: Vec<f32> = (0..TOKENS)
            .flat_map(|_| {
                let row = random.vector(width, 1.0);
                row.into_iter()
                    .zip(&mean)
                    .map(|(x, m)| x + m)
                    .collect::<Vec<_>>()
            })
            .collect();
        #[allow(clippy::cast_precision_loss, reason = "widths are small")]
        let scale = 2.0 / (width as f32).sqrt();
        let decoder = random.vector(VOCABULARY * width, scale);
        let mut case = Self {
            width,
            decoder,
            bias: vec![0.0; VOCABULARY],
            hidden,
        };
        let largest = case.largest_logits();
        let distance = random.vector(VOCABULARY, 1.5);
        let mut sorted = distance.clone();
        sorted.sort_by(f32::total_cmp);
        #[allow(
            clippy::cast_precision_loss,
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a share of a small number"
        )]
        let threshold = sorted[(VOCABULARY as f64 * (1.0 - ACTIVE)) as usize];
        for ((bias, distance), largest) in case.bias.iter_mut().zip(distance).zip(largest) {
            *bias = distance - threshold - largest;
        }
        case
    }

    /// Returns each column's largest logit, by matrix products over tiles of columns.
    fn largest_logits(&self) -> Vec<f32> {
        let hidden = ArrayView2::from_shape((TOKENS, self.width), &self.hidden).unwrap();
        let decoder = ArrayView2::from_shape((VOCABULARY, self.width), &self.decoder).unwrap();
        let mut largest = Vec::with_capacity(VOCABULARY);
        for start in (0..VOCABULARY).step_by(TILE) {
            let end = VOCABULARY.min(start + TILE);
            let logits = hidden.dot(&decoder.slice(s![start..end, ..]).t());
            let maxima = logits
                .axis_iter(Axis(0))
                .map(|row| row.to_vec())
                .reduce(|a, b| a.iter().zip(&b).map(|(x, y)| x.max(*y)).collect());
            largest.extend(maxima.unwrap());
        }
        largest
            .iter()
            .zip(&self.bias)
            .map(|(x, bias)| x + bias)
            .collect()
    }
}

/// The generator `SplitMix64` (Steele, Lea, Flood 2014). Sums of four of its numbers are nearly normal.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// Returns values with mean 0 and the given standard deviation.
    fn vector(&mut self, len: usize, deviation: f32) -> Vec<f32> {
        #[allow(clippy::cast_precision_loss, reason = "24 bits")]
        let mut uniform = || (self.next() >> 40) as f32 / (1_u64 << 24) as f32 - 0.5;
        (0..len)
            .map(|_| (uniform() + uniform() + uniform() + uniform()) * 3.0_f32.sqrt() * deviation)
            .collect()
    }
}

fn head(criterion: &mut Criterion) {
    for width in [128, 768] {
        let case = Case::new(width);
        let mut group = criterion.benchmark_group(format!("head, width {width}"));
        group.sample_size(20);
        group.throughput(Throughput::Elements((TOKENS * VOCABULARY * width) as u64));
        group.bench_function("single precision, tiled", |bencher| {
            bencher.iter(|| case.largest_logits());
        });
        let center = mean_row(&case.hidden, width);
        for kind in KernelKind::ALL
            .into_iter()
            .filter(|kind| kind.is_available())
        {
            let decoder = &case.decoder[..];
            let head =
                ScreenedHead::with_kernel(decoder, &case.bias, width, &center, kind).unwrap();
            let mut scratch = head.scratch();
            let mut out = Vec::new();
            let stats = head.pool(&case.hidden, &mut scratch, &mut out).unwrap();
            println!(
                "{}: {} columns active, {} survive, {} exact products",
                kind.name(),
                out.len(),
                stats.survivors,
                stats.exact_dots
            );
            group.bench_function(kind.name(), |bencher| {
                bencher.iter(|| {
                    out.clear();
                    head.pool(&case.hidden, &mut scratch, &mut out).unwrap()
                });
            });
        }
    }
}

criterion_group!(benches, head);
criterion_main!(benches);
