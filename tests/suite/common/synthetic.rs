//! A collection as SPLADE makes them, of any size and without a model: terms as often as in real text (a few in every
//! second document, most in very few), impacts of weights x 100 or less. The same numbers give the same bytes everywhere.

use std::collections::HashSet;
use std::fmt::Write as _;
use std::io::{self, Write};

/// What is made.
#[derive(Debug, Clone, Copy)]
pub struct Synthetic {
    /// Size of the vocabulary.
    pub vocabulary: u32,
    /// Different terms of each document.
    pub terms: usize,
    /// The largest impact; weights x 100 have 300.
    pub largest: u32,
    /// Another seed gives other documents.
    pub seed: u64,
}

impl Default for Synthetic {
    fn default() -> Self {
        Self {
            vocabulary: 30_000,
            terms: 180,
            largest: 300,
            seed: 1,
        }
    }
}

/// SplitMix64.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number from 0 to below 1, in steps of 2^-24.
    #[allow(clippy::cast_precision_loss, reason = "24 bits")]
    fn unit(&mut self) -> f64 {
        (self.next() >> 40) as f64 / f64::from(1 << 24)
    }
}

impl Synthetic {
    /// The terms of the vocabulary, by rank: words of different lengths, some of them pieces of words.
    pub fn vocabulary(&self) -> Vec<String> {
        (0..self.vocabulary)
            .map(|rank| {
                let mut word = String::new();
                if rank % 5 == 4 {
                    word.push_str("##");
                }
                let mut rest = u64::from(rank).wrapping_mul(0x9e37_79b9) % (1 << 32);
                for _ in 0..3 + rest % 5 {
                    word.push(char::from(b'a' + (rest % 26) as u8));
                    rest = rest / 26 + 7;
                }
                // The rank makes the word the only one of its kind.
                let mut rest = rank;
                while rest > 0 {
                    word.push(char::from(b'a' + (rest % 26) as u8));
                    rest /= 26;
                }
                word
            })
            .collect()
    }

    /// The terms (by rank) and impacts of the document or topic with a number.
    #[allow(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "small positive numbers"
    )]
    pub fn vector(&self, number: u64, terms: usize) -> Vec<(u32, u32)> {
        let mut random = Random(self.seed.wrapping_mul(0x1234_5678_9abc_def1) ^ number << 20);
        let mut seen = HashSet::new();
        let mut vector = Vec::with_capacity(terms);
        while vector.len() < terms {
            let u = random.unit();
            let rank = (u * u * f64::from(self.vocabulary)) as u32;
            let u = random.unit();
            // Most weights are small, the largest is 3: no logarithm, whose last bit differs between machines.
            let impact = 1 + (f64::from(self.largest - 1) * u * u * u) as u32;
            if seen.insert(rank) {
                vector.push((rank, impact));
            }
        }
        vector
    }

    /// Writes documents as JSON Lines.
    pub fn write(&self, numbers: std::ops::Range<u64>, out: &mut impl Write) -> io::Result<()> {
        let vocabulary = self.vocabulary();
        let mut line = String::new();
        for number in numbers {
            line.clear();
            let _ = write!(
                line,
                r#"{{"id": "doc{number}", "contents": "", "vector": {{"#
            );
            for (i, (rank, impact)) in self.vector(number, self.terms).into_iter().enumerate() {
                let comma = if i == 0 { "" } else { ", " };
                let _ = write!(line, r#"{comma}"{}": {impact}"#, vocabulary[rank as usize]);
            }
            line.push_str("}}\n");
            out.write_all(line.as_bytes())?;
        }
        Ok(())
    }

    /// Writes topics of twenty terms as Anserini reads them, with a tenth of the impacts.
    pub fn write_topics(&self, count: u64, out: &mut impl Write) -> io::Result<()> {
        let vocabulary = self.vocabulary();
        for number in 0..count {
            let mut terms = Vec::new();
            for (rank, impact) in self.vector(1 << 40 | number, 20) {
                terms.extend((0..=(impact / 10)).map(|_| vocabulary[rank as usize].as_str()));
            }
            writeln!(out, "{number}\t{}", terms.join(" "))?;
        }
        Ok(())
    }
}
