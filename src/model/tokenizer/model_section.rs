//! The vocabulary in a `tokenizer.json`, with how words are cut into its entries.

use std::fmt;

use serde::de::{Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

/// Most entries, and most merges. The largest known vocabulary has 0.9 million entries.
const MAX_ENTRIES: usize = 2_000_000;
/// Most bytes of an entry, a prefix and the like.
const MAX_ENTRY: usize = 1024;
/// Most bytes of all entries: a trie of them takes some hundred bytes for each.
const MAX_ENTRY_BYTES: usize = 16 << 20;
/// Most characters of a word that is cut into pieces, which takes cubic time.
const MAX_WORD: u64 = 1000;

/// The fields that the kinds of models have. `dropout`, which makes tokens random, is left out.
#[derive(Deserialize, Serialize)]
pub(super) struct ModelSection<'a> {
    #[serde(rename = "type", default, skip_serializing_if = "Option::is_none")]
    kind: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    unk_token: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    unk_id: Option<usize>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    continuing_subword_prefix: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    end_of_word_suffix: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    fuse_unk: Option<bool>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    byte_fallback: Option<bool>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    ignore_merges: Option<bool>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    max_input_chars_per_word: Option<u64>,
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    vocab: Option<&'a RawValue>,
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    merges: Option<&'a RawValue>,
}

impl ModelSection<'_> {
    /// Checks that all sizes are bounded.
    ///
    /// # Errors
    /// What is not.
    pub fn check(&self) -> Result<(), String> {
        let short = [
            ("unk_token", &self.unk_token),
            ("continuing_subword_prefix", &self.continuing_subword_prefix),
            ("end_of_word_suffix", &self.end_of_word_suffix),
        ];
        for (name, text) in short {
            if text.as_ref().is_some_and(|text| text.len() > MAX_ENTRY) {
                return Err(format!("its {name} is over {MAX_ENTRY} bytes"));
            }
        }
        if let Some(most) = self.max_input_chars_per_word
            && most > MAX_WORD
        {
            return Err(format!(
                "its max_input_chars_per_word is {most}; {MAX_WORD} is the most that is allowed"
            ));
        }
        for (name, raw) in [("vocab", self.vocab), ("merges", self.merges)] {
            if let Some(raw) = raw {
                let entries: Entries =
                    serde_json::from_str(raw.get()).map_err(|e| format!("{name}: {e}"))?;
                if entries.bytes > MAX_ENTRY_BYTES {
                    return Err(format!("its {name} has over {} MB", MAX_ENTRY_BYTES >> 20));
                }
            }
        }
        Ok(())
    }
}

/// What is counted of a vocabulary or of merges, without keeping them.
#[derive(Default)]
struct Entries {
    count: usize,
    bytes: usize,
}

impl Entries {
    fn add<E: serde::de::Error>(&mut self, bytes: usize) -> Result<(), E> {
        self.count += 1;
        self.bytes += bytes;
        if self.count > MAX_ENTRIES {
            return Err(E::custom(format_args!("over {MAX_ENTRIES} entries")));
        }
        if bytes > MAX_ENTRY {
            return Err(E::custom(format_args!(
                "an entry of over {MAX_ENTRY} bytes"
            )));
        }
        Ok(())
    }
}

impl<'de> Deserialize<'de> for Entries {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(EntriesVisitor)
    }
}

struct EntriesVisitor;

impl<'de> Visitor<'de> for EntriesVisitor {
    type Value = Entries;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("terms with their numbers, or a list of terms")
    }

    /// Counts `{"term": 7}`.
    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Entries, A::Error> {
        let mut entries = Entries::default();
        while let Some((Length(bytes), _)) = map.next_entry::<Length, u32>()? {
            entries.add(bytes)?;
        }
        Ok(entries)
    }

    /// Counts `["a b"]`, `[["a", "b"]]` and `[["term", -1.5]]`.
    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Entries, A::Error> {
        let mut entries = Entries::default();
        while let Some(Length(bytes)) = seq.next_element()? {
            entries.add(bytes)?;
        }
        Ok(entries)
    }
}

/// Bytes of a string, of a pair of strings, or of the string in a pair with a number.
struct Length(usize);

impl<'de> Deserialize<'de> for Length {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(LengthVisitor)
    }
}

struct LengthVisitor;

impl<'de> Visitor<'de> for LengthVisitor {
    type Value = Length;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a term, two terms, or a term and its score")
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Length, E> {
        Ok(Length(text.len()))
    }

    fn visit_u64<E: serde::de::Error>(self, _: u64) -> Result<Length, E> {
        Ok(Length(0))
    }

    fn visit_i64<E: serde::de::Error>(self, _: i64) -> Result<Length, E> {
        Ok(Length(0))
    }

    fn visit_f64<E: serde::de::Error>(self, _: f64) -> Result<Length, E> {
        Ok(Length(0))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Length, A::Error> {
        let mut bytes = 0;
        for _ in 0..2 {
            // A deeper list would not be a term: its length counts as if it were one.
            let Some(Length(more)) = seq.next_element()? else {
                break;
            };
            bytes += more;
        }
        if seq.next_element::<IgnoredAny>()?.is_some() {
            return Err(serde::de::Error::custom("a list of more than two"));
        }
        Ok(Length(bytes))
    }
}
