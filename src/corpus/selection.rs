//! Which parts of a corpus a run makes.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use thiserror::Error;

/// Which parts a run makes. Parts are numbered from 0, as their files are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub enum PartSelection {
    /// All of them.
    #[default]
    All,
    /// `3/16`: every sixteenth, beginning with the third. Shards are about equally large, and the number
    /// of parts need not be known beforehand.
    Shard {
        /// Which shard, from 1 to `of`.
        shard: usize,
        /// Number of shards.
        of: usize,
    },
    /// `120-180`: the parts of these numbers, both included.
    Range {
        /// The first.
        first: usize,
        /// The last.
        last: usize,
    },
}

/// A selection that cannot be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("must be a shard such as 3/16 (from 1/16 to 16/16) or a range of parts such as 120-180")]
pub struct SelectionError;

impl PartSelection {
    /// Returns true if the part belongs to this run.
    #[must_use]
    pub fn contains(self, part: usize) -> bool {
        match self {
            Self::All => true,
            Self::Shard { shard, of } => part % of == shard - 1,
            Self::Range { first, last } => (first..=last).contains(&part),
        }
    }

    /// Returns true if neither this part nor a later one belongs to this run.
    #[must_use]
    pub fn is_past(self, part: usize) -> bool {
        matches!(self, Self::Range { last, .. } if part > last)
    }
}

impl FromStr for PartSelection {
    type Err = SelectionError;

    fn from_str(text: &str) -> Result<Self, SelectionError> {
        let number = |text: &str| {
            text.parse::<u32>()
                .map(|n| n as usize)
                .map_err(|_| SelectionError)
        };
        if text == "all" {
            return Ok(Self::All);
        }
        if let Some((shard, of)) = text.split_once('/') {
            let (shard, of) = (number(shard)?, number(of)?);
            return if (1..=of).contains(&shard) {
                Ok(Self::Shard { shard, of })
            } else {
                Err(SelectionError)
            };
        }
        let (first, last) = text.split_once('-').ok_or(SelectionError)?;
        let (first, last) = (number(first)?, number(last)?);
        if first <= last {
            Ok(Self::Range { first, last })
        } else {
            Err(SelectionError)
        }
    }
}

impl fmt::Display for PartSelection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::All => f.write_str("all"),
            Self::Shard { shard, of } => write!(f, "{shard}/{of}"),
            Self::Range { first, last } => write!(f, "{first}-{last}"),
        }
    }
}

impl From<PartSelection> for String {
    fn from(selection: PartSelection) -> Self {
        selection.to_string()
    }
}

impl TryFrom<String> for PartSelection {
    type Error = SelectionError;

    fn try_from(text: String) -> Result<Self, SelectionError> {
        text.parse()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_and_writes_the_same_text() {
        for text in ["all", "3/16", "1/1", "120-180", "0-0"] {
            let selection: PartSelection = text.parse().unwrap();
            assert_eq!(selection.to_string(), text);
        }
        for text in [
            "", "0/4", "5/4", "1/0", "3", "4-3", "a-b", "1/2/3", "-1", "-1-2",
        ] {
            assert_eq!(text.parse::<PartSelection>(), Err(SelectionError), "{text}");
        }
    }

    #[test]
    fn each_part_is_in_one_shard() {
        for part in 0..50 {
            let owners =
                (1..=7).filter(|&shard| PartSelection::Shard { shard, of: 7 }.contains(part));
            assert_eq!(owners.count(), 1);
        }
        let range = PartSelection::Range { first: 2, last: 3 };
        assert!(!range.contains(1) && range.contains(2) && range.contains(3) && !range.contains(4));
        assert!(!range.is_past(3) && range.is_past(4));
    }
}
