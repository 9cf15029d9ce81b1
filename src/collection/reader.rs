//! One line of a `JsonVectorCollection` -> its vector.

use std::borrow::Cow;
use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, Visitor};

/// A document of a collection, terms in the order of the line.
#[derive(Debug, Deserialize)]
pub struct RecordLine<'a> {
    /// The docid.
    #[serde(borrow)]
    pub id: Cow<'a, str>,
    /// The text, where it was kept.
    #[serde(borrow, default)]
    pub contents: Cow<'a, str>,
    /// Terms with weights or impacts.
    #[serde(borrow, deserialize_with = "entries")]
    pub vector: Vec<(Cow<'a, str>, f32)>,
}

/// Parses a line.
///
/// # Errors
/// That of the JSON parser.
pub fn parse_line(line: &str) -> serde_json::Result<RecordLine<'_>> {
    serde_json::from_str(line)
}

fn entries<'de, D>(deserializer: D) -> Result<Vec<(Cow<'de, str>, f32)>, D::Error>
where
    D: Deserializer<'de>,
{
    struct Entries;

    impl<'de> Visitor<'de> for Entries {
        type Value = Vec<(Cow<'de, str>, f32)>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("an object of terms and weights")
        }

        fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
            let mut entries = Vec::with_capacity(map.size_hint().unwrap_or(0));
            while let Some(Term(term)) = map.next_key()? {
                entries.push((term, map.next_value()?));
            }
            Ok(entries)
        }
    }

    #[derive(Deserialize)]
    struct Term<'a>(#[serde(borrow)] Cow<'a, str>);

    deserializer.deserialize_map(Entries)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_order_escapes_and_every_bit_of_a_weight() {
        let line = r#"{"id": "d\"1", "contents": "", "vector": {"b": 0.1, "a\\": 2.5, "c": 3}}"#;
        let record = parse_line(line).unwrap();
        assert_eq!(record.id, "d\"1");
        let entries: Vec<_> = record
            .vector
            .iter()
            .map(|(t, w)| (t.as_ref(), *w))
            .collect();
        assert_eq!(entries, [("b", 0.1), ("a\\", 2.5), ("c", 3.0)]);
    }
}
