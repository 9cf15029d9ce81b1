//! Positions as rotations of queries and keys (Su et al. 2021, "`RoFormer`").
//!
//! With `d` values in a head and `θ_i = base^(-2i/d)`, the pair of values `i` and `i + d/2` at position
//! `p` is rotated by the angle `p · θ_i`.

use std::sync::Arc;

use super::builder::EncoderBuilder;
use crate::model::graph::Value;

/// How queries and keys are rotated.
#[derive(Debug, Clone)]
pub struct Rotary {
    /// `θ`: the angle from one position to the next, for each pair of a head's values.
    pub frequencies: Arc<[f32]>,
    /// Most tokens of a text.
    pub positions: usize,
}

#[allow(
    clippy::cast_possible_truncation,
    reason = "rounded to single precision, as where the models are trained"
)]
impl Rotary {
    /// Returns the rotations with this base, for heads of `size` values.
    pub fn new(base: f64, size: usize, positions: usize) -> Self {
        Self {
            frequencies: frequencies(base, size).collect(),
            positions,
        }
    }

    /// Returns the rotations whose base grows with a factor by which a model was made longer ("NTK-aware"
    /// scaling in the form of Alibaba's GTE): `θ_i = (factor · base)^(-2i/d) · factor^(-2/d)`.
    pub fn ntk_scaled(base: f64, factor: f64, size: usize, positions: usize) -> Self {
        let all = factor.powf(2.0 / float(size)) as f32;
        Self {
            frequencies: frequencies(base * factor, size)
                .map(|frequency| frequency / all)
                .collect(),
            positions,
        }
    }

    /// Returns the cosine and the sine of each angle, `[positions, d/2]` each.
    fn tables(&self) -> [Vec<f32>; 2] {
        #[allow(
            clippy::cast_precision_loss,
            reason = "a text has fewer than 2^24 tokens"
        )]
        // Rounded to single precision, as where the models are trained.
        let angle = |position: usize, frequency: f32| f64::from(position as f32 * frequency);
        let of = |function: fn(f64) -> f64| {
            (0..self.positions)
                .flat_map(|position| {
                    let frequencies = self.frequencies.iter();
                    frequencies.map(move |&frequency| function(angle(position, frequency)) as f32)
                })
                .collect()
        };
        [of(f64::cos), of(f64::sin)]
    }
}

#[allow(
    clippy::cast_possible_truncation,
    reason = "rounded to single precision, as where the models are trained"
)]
fn frequencies(base: f64, size: usize) -> impl Iterator<Item = f32> {
    (0..size / 2).map(move |pair| 1.0 / base.powf(float(2 * pair) / float(size)) as f32)
}

#[allow(
    clippy::cast_precision_loss,
    reason = "a head has at most some hundred values"
)]
fn float(size: usize) -> f64 {
    size as f64
}

impl EncoderBuilder {
    /// Writes the rotation of `x`, `[B, L, heads · d]`.
    pub(super) fn rotate(&mut self, x: &str, rotary: &Rotary) -> Value {
        let name = format!("rotary {:?}", rotary.frequencies);
        let [first, cosines, sines] = self.shared(name, |builder| {
            let shape = [rotary.positions, rotary.frequencies.len()];
            let linear = builder.linear;
            let graph = &mut builder.graph;
            // One number: the position of the first token of every text.
            let first = graph.ints(&[0]);
            let [cosines, sines] = rotary.tables();
            [
                first,
                linear.table(graph, &shape, cosines),
                linear.table(graph, &shape, sines),
            ]
        });
        let inputs = [x, &first, &cosines, &sines];
        self.graph.contrib("RotaryEmbedding", &inputs, &[])
    }
}
