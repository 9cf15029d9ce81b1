//! The wanted values of one JSON object, without a tree of the rest.
//!
//! What is accepted is exactly what `serde_json::Value` accepts: unwanted values are checked too. Of a key that
//! occurs twice the last value counts.

use std::fmt;

use serde::de::{Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::Value;

use super::json_value::{Checked, KeySeed, Scalar, name_of_float};
use crate::quote;

/// What was found in a line.
pub(super) enum Found<'a> {
    /// The values of the wanted keys, in their order.
    Object(Vec<Option<Scalar<'a>>>),
    /// Something that is no object.
    Other(&'static str),
}

/// Reads the values of `keys` out of a JSON object.
pub(super) fn find<'a>(line: &'a str, keys: &[String]) -> Result<Found<'a>, serde_json::Error> {
    let mut deserializer = serde_json::Deserializer::from_str(line);
    let found = deserializer.deserialize_any(RecordVisitor(keys))?;
    deserializer.end()?;
    Ok(found)
}

/// Returns the first keys of an object, for messages.
pub(super) fn key_names(line: &str) -> String {
    match serde_json::from_str::<Value>(line) {
        Ok(Value::Object(record)) if !record.is_empty() => {
            quote::names(record.keys().map(String::as_str))
        }
        _ => "none".to_owned(),
    }
}

struct RecordVisitor<'k>(&'k [String]);

impl<'de> Visitor<'de> for RecordVisitor<'_> {
    type Value = Found<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut found = vec![None; self.0.len()];
        while let Some(key) = map.next_key_seed(KeySeed(self.0))? {
            match key {
                Some(index) => found[index] = Some(map.next_value()?),
                None => {
                    map.next_value::<Checked>()?;
                }
            }
        }
        Ok(Found::Object(found))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
        while seq.next_element::<Checked>()?.is_some() {}
        Ok(Found::Other("an array"))
    }

    fn visit_str<E: Error>(self, _: &str) -> Result<Self::Value, E> {
        Ok(Found::Other("a string"))
    }

    fn visit_bool<E: Error>(self, _: bool) -> Result<Self::Value, E> {
        Ok(Found::Other("a boolean"))
    }

    fn visit_u64<E: Error>(self, _: u64) -> Result<Self::Value, E> {
        Ok(Found::Other("a number"))
    }

    fn visit_i64<E: Error>(self, _: i64) -> Result<Self::Value, E> {
        Ok(Found::Other("a number"))
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Self::Value, E> {
        Ok(Found::Other(name_of_float(value)))
    }

    fn visit_unit<E: Error>(self) -> Result<Self::Value, E> {
        Ok(Found::Other("null"))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::Value;

    use super::{Found, Scalar};

    fn find<'a>(line: &'a str, keys: &[&str]) -> Result<Found<'a>, serde_json::Error> {
        let keys: Vec<String> = keys.iter().map(ToString::to_string).collect();
        super::find(line, &keys)
    }

    fn object<'a>(line: &'a str, keys: &[&str]) -> Vec<Option<Scalar<'a>>> {
        match find(line, keys).unwrap() {
            Found::Object(found) => found,
            Found::Other(name) => panic!("{name}"),
        }
    }

    #[test]
    fn the_last_of_two_values_counts() {
        let found = object(
            r#"{"a": 1, "b": [{}], "a": "\u00e9", "c": null}"#,
            &["c", "a", "x"],
        );
        let text = Scalar::Text("é".into());
        assert_eq!(found, [Some(Scalar::Null), Some(text), None]);
        let found = object(
            r#"{"a": 18446744073709551616, "b": 1.5, "c": -7}"#,
            &["a", "b", "c"],
        );
        let names: Vec<_> = found.iter().flatten().map(Scalar::type_name).collect();
        assert!(names[0].contains("over 64 bits"));
        assert_eq!(names[1..], ["a fractional number", "a number"]);
        assert_eq!(found[2], Some(Scalar::Integer("-7".into())));
    }

    /// JSON, nearly JSON, and nests of it.
    fn lines() -> impl Strategy<Value = String> {
        let piece = prop::sample::select(vec![
            "{",
            "}",
            "[",
            "]",
            ":",
            ",",
            "\"a\"",
            "\"b\"",
            "\"\\ud800\"",
            "\"\\u00e9\"",
            "1",
            "-1",
            "1e999",
            "1.5",
            "null",
            "true",
            "tru",
            " ",
            "\"",
            "\\",
            "\u{1}",
            "18446744073709551616",
        ]);
        prop::collection::vec(piece, 0..12).prop_map(|pieces| pieces.concat())
    }

    proptest! {
        #[test]
        fn what_is_accepted_is_what_a_tree_accepts(body in lines()) {
            for line in [body.clone(), format!("{{\"a\": {body}}}"), format!("{{{body}}}"), format!("[{body}]")] {
                let tree = serde_json::from_str::<Value>(&line);
                match (find(&line, &["a"]), tree) {
                    (Ok(Found::Object(found)), Ok(Value::Object(tree))) => {
                        let expected = tree.get("a").and_then(Value::as_str);
                        let text = match &found[0] {
                            Some(Scalar::Text(text)) => Some(&**text),
                            _ => None,
                        };
                        prop_assert_eq!(text, expected);
                        prop_assert_eq!(found[0].is_some(), tree.contains_key("a"));
                    }
                    (Ok(Found::Other(_)), Ok(tree)) => prop_assert!(!tree.is_object()),
                    (Err(error), Err(expected)) => prop_assert_eq!(error.to_string(), expected.to_string()),
                    (_, tree) => prop_assert!(false, "{} {:?}", line, tree),
                }
            }
        }
    }

    #[test]
    fn deep_values_are_refused_as_a_tree_refuses_them() {
        for depth in [100, 126, 127, 128, 129, 100_000] {
            for line in [
                format!("{{\"x\": {}{}}}", "[".repeat(depth), "]".repeat(depth)),
                format!(
                    "{{\"a\": {}1{}}}",
                    "{\"b\":".repeat(depth),
                    "}".repeat(depth)
                ),
            ] {
                let accepted = find(&line, &["a"]).is_ok();
                assert_eq!(accepted, serde_json::from_str::<Value>(&line).is_ok());
            }
        }
    }
}
