//! How often which number occurs, in memory that does not grow with the number of documents.

use super::exact::{number, ratio};

/// Bits of a float that a bucket ignores: 8 bits of the fraction stay, so whole numbers below 512 have buckets of their
/// own, and larger ones are known to one part in 256.
const IGNORED_BITS: u32 = 15;

/// A multiset of positive numbers, kept as counts of nearly equal ones.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Distribution {
    /// Counts by the upper bits of the number, up to the last that occurs.
    buckets: Vec<u64>,
    count: u64,
    smallest: u32,
    largest: u32,
}

impl Distribution {
    /// Adds a positive number, or zero.
    pub(super) fn add(&mut self, value: f32) {
        let bits = value.to_bits();
        self.smallest = if self.count == 0 {
            bits
        } else {
            self.smallest.min(bits)
        };
        self.largest = self.largest.max(bits);
        self.count += 1;
        *self.bucket(bucket_of(value)) += 1;
    }

    /// Adds all numbers of another.
    pub(super) fn merge(&mut self, other: &Self) {
        if other.count == 0 {
            return;
        }
        self.smallest = if self.count == 0 {
            other.smallest
        } else {
            self.smallest.min(other.smallest)
        };
        self.largest = self.largest.max(other.largest);
        self.count += other.count;
        for (bucket, &count) in other.buckets.iter().enumerate() {
            *self.bucket(bucket) += count;
        }
    }

    fn bucket(&mut self, bucket: usize) -> &mut u64 {
        if self.buckets.len() <= bucket {
            self.buckets.resize(bucket + 1, 0);
        }
        &mut self.buckets[bucket]
    }

    /// Gives the buckets that hold something, with their lower bounds.
    fn filled(&self) -> impl Iterator<Item = (f32, u64)> {
        let smallest = self.smallest();
        let filled = self
            .buckets
            .iter()
            .enumerate()
            .filter(|&(_, &count)| count > 0);
        filled.map(move |(bucket, &count)| (lower_bound(bucket).max(smallest), count))
    }

    /// Returns how many numbers there are.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.count
    }

    /// Returns the smallest number, exactly; 0 where there is none.
    #[must_use]
    pub fn smallest(&self) -> f32 {
        f32::from_bits(self.smallest)
    }

    /// Returns the largest number, exactly; 0 where there is none.
    #[must_use]
    pub fn largest(&self) -> f32 {
        f32::from_bits(self.largest)
    }

    /// Returns the number below which this share of all lies, to one part in 256.
    #[must_use]
    pub fn quantile(&self, share: f64) -> f32 {
        let wanted = share * number(self.count);
        let mut seen = 0;
        for (value, count) in self.filled() {
            seen += count;
            if number(seen) >= wanted {
                return value;
            }
        }
        self.largest()
    }

    /// Returns the share of numbers that are `limit` or less, up to the width of a bucket.
    #[must_use]
    pub fn share_up_to(&self, limit: f32) -> f64 {
        let below: u64 = self.buckets.iter().take(bucket_of(limit) + 1).sum();
        ratio(number(below), number(self.count))
    }

    /// Cuts the range into bars of equal width. `whole` says that the numbers are whole, so that widths are too.
    #[must_use]
    pub fn bars(&self, most: usize, whole: bool) -> Bars {
        let limit = self.plotted_limit();
        let width = bar_width(limit, most, whole);
        let first = if whole { -0.5 } else { 0.0 };
        let mut bars = Bars {
            first,
            width,
            counts: Vec::new(),
            beyond: 0,
        };
        for (value, count) in self.filled() {
            let value = f64::from(value);
            if value > f64::from(limit) * 1.000_001 {
                bars.beyond += count;
                continue;
            }
            let index = bar_index(value, &bars);
            if bars.counts.len() <= index {
                bars.counts.resize(index + 1, 0);
            }
            bars.counts[index] += count;
        }
        bars
    }

    /// Leaves a thin tail out of a plot where it would take most of its room.
    fn plotted_limit(&self) -> f32 {
        let usual = self.quantile(0.999);
        if self.largest() > 3.0 * usual {
            usual
        } else {
            self.largest()
        }
    }
}

/// Counts of numbers in bars of equal width.
#[derive(Debug, Clone, PartialEq)]
pub struct Bars {
    /// Where the first bar begins.
    pub first: f64,
    /// Width of a bar.
    pub width: f64,
    /// Count of each bar.
    pub counts: Vec<u64>,
    /// Count of numbers to the right of all bars: a thin tail.
    pub beyond: u64,
}

impl Bars {
    /// Returns where a bar begins and ends.
    #[must_use]
    pub fn bounds(&self, index: usize) -> (f64, f64) {
        let begin = self.first + self.width * number(index as u64);
        (begin, begin + self.width)
    }
}

fn bucket_of(value: f32) -> usize {
    (value.to_bits() >> IGNORED_BITS) as usize
}

#[allow(
    clippy::cast_possible_truncation,
    reason = "buckets are the upper bits of 32"
)]
fn lower_bound(bucket: usize) -> f32 {
    f32::from_bits((bucket as u32) << IGNORED_BITS)
}

#[allow(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a small number of bars; a negative number saturates at 0"
)]
fn bar_index(value: f64, bars: &Bars) -> usize {
    // The small addition keeps a number on the border of two bars in the upper one, whatever a division's last bit.
    ((value - bars.first) / bars.width + 1e-9).floor() as usize
}

/// Returns 1, 2 or 5 times a power of ten: the least that needs no more bars than `most`.
fn bar_width(limit: f32, most: usize, whole: bool) -> f64 {
    let least = f64::from(limit) / number(most as u64);
    if !(least.is_finite() && least > 0.0) {
        return 1.0;
    }
    let width = round_up(least);
    if whole { width.max(1.0) } else { width }
}

/// Returns the next of 1, 2 and 5 times a power of ten.
#[must_use]
pub(super) fn round_up(value: f64) -> f64 {
    let power = 10_f64.powi(exponent(value));
    [1.0, 2.0, 5.0]
        .map(|factor| factor * power)
        .into_iter()
        .find(|&step| step >= value * 0.999_999)
        .unwrap_or(10.0 * power)
}

/// Returns the power of ten at or below a positive number.
#[allow(
    clippy::cast_possible_truncation,
    reason = "exponents of floats are small"
)]
fn exponent(value: f64) -> i32 {
    value.log10().floor() as i32
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn of(values: &[f32]) -> Distribution {
        let mut all = Distribution::default();
        values.iter().for_each(|&value| all.add(value));
        all
    }

    #[test]
    fn whole_numbers_below_512_are_told_apart() {
        let values: Vec<f32> = (1..512_u16).map(f32::from).collect();
        let all = of(&values);
        assert_eq!(all.filled().count(), 511);
        assert_eq!(all.quantile(0.5).to_bits(), 256_f32.to_bits());
        assert!((all.share_up_to(1.0) - 1.0 / 511.0).abs() < 1e-12);
    }

    #[test]
    fn bars_of_whole_numbers_are_centered_on_them() {
        let bars = of(&[0.0, 1.0, 1.0, 3.0]).bars(40, true);
        assert_eq!((bars.counts, bars.beyond), (vec![1, 2, 0, 1], 0));
    }

    #[test]
    fn a_thin_tail_is_counted_beside_the_bars() {
        let mut values = vec![1.0; 10_000];
        values.push(1e6);
        let bars = of(&values).bars(40, true);
        assert_eq!((bars.counts.iter().sum::<u64>(), bars.beyond), (10_000, 1));
    }

    #[test]
    fn nothing_has_no_bars() {
        let bars = Distribution::default().bars(40, false);
        assert_eq!((bars.counts.len(), bars.beyond), (0, 0));
    }

    proptest! {
        #[test]
        fn bars_lose_nothing_and_merging_is_adding(
            a in prop::collection::vec(0.0f32..1e4, 0..100),
            b in prop::collection::vec(1e-6f32..2.0, 0..100),
            whole: bool,
        ) {
            let mut merged = of(&a);
            merged.merge(&of(&b));
            let both: Vec<f32> = a.iter().chain(&b).copied().collect();
            prop_assert_eq!(&merged, &of(&both));
            let bars = merged.bars(30, whole);
            prop_assert_eq!(bars.counts.iter().sum::<u64>() + bars.beyond, both.len() as u64);
            prop_assert!(bars.counts.len() <= 32);
        }

        #[test]
        fn a_quantile_is_near_the_sorted_number(mut values in prop::collection::vec(1e-3f32..1e4, 1..200), share in 0.01f64..1.0) {
            let found = of(&values).quantile(share);
            values.sort_by(f32::total_cmp);
            #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "an index")]
            let at = (share * values.len() as f64).ceil() as usize - 1;
            let exact = values[at.min(values.len() - 1)];
            prop_assert!((found - exact).abs() <= exact / 200.0, "{} {}", found, exact);
        }
    }
}
