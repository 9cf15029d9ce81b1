//! The head against the plain double loop, bit for bit, on random and on malicious inputs.
#![allow(
    clippy::unwrap_used,
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    reason = "tests: small sizes, and a panic is a failure"
)]

mod edges;
mod properties;

use super::kernel::{Kernel, Portable};
use super::*;

/// A small deterministic generator, so that a failure can be run again from its seed.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        // SplitMix64 (Steele, Lea, Flood 2014).
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// Uniform in -1..1.
    fn unit(&mut self) -> f32 {
        (self.next() >> 40) as f32 / (1_u64 << 23) as f32 - 1.0
    }

    fn below(&mut self, n: usize) -> usize {
        (self.next() % n as u64) as usize
    }

    fn vector(&mut self, n: usize, scale: f32) -> Vec<f32> {
        (0..n).map(|_| self.unit() * scale).collect()
    }
}

fn kinds() -> impl Iterator<Item = KernelKind> {
    KernelKind::ALL
        .into_iter()
        .filter(|kind| kind.is_available())
}

/// Everything a head is asked.
#[derive(Debug, Clone)]
struct Case {
    decoder: Vec<f32>,
    bias: Vec<f32>,
    center: Vec<f32>,
    hidden: Vec<f32>,
    width: usize,
}

impl Case {
    fn random(random: &mut Random, tokens: usize, vocabulary: usize, width: usize) -> Self {
        Self {
            decoder: random.vector(vocabulary * width, 1.0),
            bias: random.vector(vocabulary, 1.0),
            center: random.vector(width, 0.5),
            hidden: random.vector(tokens * width, 1.0),
            width,
        }
    }

    /// The largest `f64` products of all columns, by the double loop.
    fn maxima(&self) -> Vec<f64> {
        let maximum = |row: &[f32]| {
            let products = self.hidden.chunks_exact(self.width);
            products
                .map(|token| Portable.dot(token, row))
                .fold(f64::NEG_INFINITY, f64::max)
        };
        self.decoder.chunks_exact(self.width).map(maximum).collect()
    }

    fn expected(&self) -> Vec<(u32, u32)> {
        let logits = self.maxima().into_iter().zip(&self.bias);
        let logits = logits.map(|(best, &bias)| best + f64::from(bias));
        (0_u32..)
            .zip(logits)
            .filter(|&(_, logit)| logit > 0.0)
            .map(|(term, logit)| {
                (
                    term,
                    (logit.ln_1p() as f32).max(f32::from_bits(1)).to_bits(),
                )
            })
            .collect()
    }

    fn pooled(&self, kind: KernelKind) -> (Vec<(u32, u32)>, PoolStats) {
        let decoder = &self.decoder[..];
        let head =
            ScreenedHead::with_kernel(decoder, &self.bias, self.width, &self.center, kind).unwrap();
        let mut out = Vec::new();
        let stats = head
            .pool(&self.hidden, &mut head.scratch(), &mut out)
            .unwrap();
        let bits = |(term, weight): (u32, f32)| (term, weight.to_bits());
        (out.into_iter().map(bits).collect(), stats)
    }

    /// All kernels give the bits of the double loop; returns what the first one counted.
    fn check(&self) -> PoolStats {
        let expected = self.expected();
        let mut first = None;
        for kind in kinds() {
            let (got, stats) = self.pooled(kind);
            assert_eq!(got, expected, "{kind:?}");
            // Integers are the same everywhere; single precision, which only chooses what to
            // compute exactly, may choose a little more or less for its order of summation.
            let first = *first.get_or_insert(stats);
            assert_eq!(first.survivors, stats.survivors, "{kind:?}");
            assert_eq!(first.float_columns, stats.float_columns, "{kind:?}");
            if !stats.fell_back() {
                assert_eq!(first, stats, "{kind:?}");
            }
        }
        first.unwrap()
    }

    /// Moves the biases so that every maximum lies as near to zero as `f32` can put it, then by up
    /// to two units of the last place to either side.
    fn onto_the_boundary(&mut self, random: &mut Random) {
        for (bias, best) in self
            .bias
            .iter_mut()
            .zip(self.decoder.chunks_exact(self.width).map(|row| {
                self.hidden
                    .chunks_exact(self.width)
                    .map(|token| Portable.dot(token, row))
                    .fold(f64::NEG_INFINITY, f64::max)
            }))
        {
            let mut value = -(best as f32);
            match random.below(5) {
                0 => value = value.next_up(),
                1 => value = value.next_down(),
                2 => value = value.next_up().next_up(),
                3 => value = value.next_down().next_down(),
                _ => {}
            }
            *bias = if value.is_finite() { value } else { 0.0 };
        }
    }
}
