//! One line of a `JsonVectorCollection`.

use std::borrow::Cow;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, Visitor};

use super::error::LineProblem;
use crate::impact::MAX_IMPACT;
use crate::quote::Quoted;

/// What a line says beside its vector.
#[derive(Debug, PartialEq, Eq)]
pub struct DocumentLine<'a> {
    /// The docid.
    pub docid: Cow<'a, str>,
    /// The text; empty where it was not kept or not asked for.
    pub contents: Cow<'a, str>,
}

/// Whether a line's text is wanted. An index has no use for it, and need not refuse what is wrong with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Contents {
    /// Skip it, whatever it is.
    Skip,
    /// Read it: a string, or missing.
    Read,
}

/// Reads a line of any JSON, see [`parse`](super::parse).
pub(super) fn parse_general<E: From<LineProblem>>(
    line: &str,
    contents: Contents,
    each: impl FnMut(&str, Weight) -> Result<(), E>,
) -> Result<DocumentLine<'_>, E> {
    let mut terms = Terms {
        each,
        contents,
        refused: None,
    };
    let mut json = serde_json::Deserializer::from_str(line);
    let document = DocumentSeed(&mut terms)
        .deserialize(&mut json)
        .and_then(|document| json.end().map(|()| document));
    match (terms.refused, document) {
        (Some(error), _) => Err(error),
        (None, Ok(document)) => Ok(document),
        (None, Err(error)) => Err(LineProblem::Json(error.to_string()).into()),
    }
}

/// Where terms go, and why one was refused: serde's errors are texts only.
struct Terms<F, E> {
    each: F,
    contents: Contents,
    refused: Option<E>,
}

struct DocumentSeed<'t, F, E>(&'t mut Terms<F, E>);

impl<'de, F: FnMut(&str, Weight) -> Result<(), E>, E> DeserializeSeed<'de>
    for DocumentSeed<'_, F, E>
{
    type Value = DocumentLine<'de>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de, F: FnMut(&str, Weight) -> Result<(), E>, E> Visitor<'de> for DocumentSeed<'_, F, E> {
    type Value = DocumentLine<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object with id and vector")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut docid = None;
        let mut contents = Cow::Borrowed("");
        let mut vector = false;
        while let Some(key) = map.next_key_seed(KeySeed)? {
            match key {
                Key::Id if docid.is_some() => return Err(A::Error::duplicate_field("id")),
                Key::Id => docid = Some(map.next_value_seed(IdSeed)?),
                Key::Contents if self.0.contents == Contents::Read => {
                    contents = map.next_value_seed(TextSeed)?;
                }
                Key::Vector if vector => return Err(A::Error::duplicate_field("vector")),
                Key::Vector => {
                    map.next_value_seed(VectorSeed(&mut *self.0))?;
                    vector = true;
                }
                Key::Contents | Key::Other => {
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        if !vector {
            return Err(A::Error::missing_field("vector"));
        }
        let docid = docid.ok_or_else(|| A::Error::missing_field("id"))?;
        Ok(DocumentLine { docid, contents })
    }
}

enum Key {
    Id,
    Contents,
    Vector,
    Other,
}

struct KeySeed;

impl<'de> DeserializeSeed<'de> for KeySeed {
    type Value = Key;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Key, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for KeySeed {
    type Value = Key;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a name")
    }

    fn visit_str<E>(self, name: &str) -> Result<Key, E> {
        Ok(match name {
            "id" => Key::Id,
            "contents" => Key::Contents,
            "vector" => Key::Vector,
            _ => Key::Other,
        })
    }
}

struct IdSeed;

impl<'de> DeserializeSeed<'de> for IdSeed {
    type Value = Cow<'de, str>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for IdSeed {
    type Value = Cow<'de, str>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string or an integer as id")
    }

    fn visit_borrowed_str<E>(self, id: &'de str) -> Result<Self::Value, E> {
        Ok(Cow::Borrowed(id))
    }

    fn visit_str<E>(self, id: &str) -> Result<Self::Value, E> {
        Ok(Cow::Owned(id.to_owned()))
    }

    fn visit_u64<E>(self, id: u64) -> Result<Self::Value, E> {
        Ok(Cow::Owned(id.to_string()))
    }

    fn visit_i64<E>(self, id: i64) -> Result<Self::Value, E> {
        Ok(Cow::Owned(id.to_string()))
    }
}

struct TextSeed;

impl<'de> DeserializeSeed<'de> for TextSeed {
    type Value = Cow<'de, str>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl<'de> Visitor<'de> for TextSeed {
    type Value = Cow<'de, str>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string as contents")
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
        Ok(Cow::Borrowed(text))
    }

    fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
        Ok(Cow::Owned(text.to_owned()))
    }
}

struct VectorSeed<'t, F, E>(&'t mut Terms<F, E>);

impl<'de, F: FnMut(&str, Weight) -> Result<(), E>, E> DeserializeSeed<'de>
    for VectorSeed<'_, F, E>
{
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de, F: FnMut(&str, Weight) -> Result<(), E>, E> Visitor<'de> for VectorSeed<'_, F, E> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object of terms and impacts as vector")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let Self(terms) = self;
        let mut scratch = String::new();
        while let Some(term) = map.next_key_seed(TermSeed(&mut scratch))? {
            let weight = map.next_value_seed(WeightSeed)?;
            let term = term.unwrap_or(&scratch);
            if let Err(refused) = (terms.each)(term, weight) {
                terms.refused = Some(refused);
                return Err(A::Error::custom("refused"));
            }
        }
        Ok(())
    }
}

/// A term out of the line, or, if it has escapes, in the scratch string.
struct TermSeed<'s>(&'s mut String);

impl<'de> DeserializeSeed<'de> for TermSeed<'_> {
    type Value = Option<&'de str>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl<'de> Visitor<'de> for TermSeed<'_> {
    type Value = Option<&'de str>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a term")
    }

    #[inline]
    fn visit_borrowed_str<E>(self, term: &'de str) -> Result<Self::Value, E> {
        Ok(Some(term))
    }

    fn visit_str<E>(self, term: &str) -> Result<Self::Value, E> {
        self.0.clear();
        self.0.push_str(term);
        Ok(None)
    }
}

/// A number as JSON has it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Weight {
    /// A whole number.
    Unsigned(u64),
    /// A whole number below zero.
    Negative(i64),
    /// Any other.
    Float(f64),
}

impl Weight {
    /// The number as an impact: whole (`3.0` is) and from 1 to [`MAX_IMPACT`]. The term is for the message.
    ///
    /// # Errors
    ///
    /// [`LineProblem::Fraction`], [`LineProblem::Impact`].
    #[inline]
    pub fn impact(self, term: &str) -> Result<u32, LineProblem> {
        if let Self::Unsigned(weight) = self
            && let Ok(impact) = u32::try_from(weight)
            && (1..=MAX_IMPACT).contains(&impact)
        {
            return Ok(impact);
        }
        self.other_impact(term)
    }

    /// Returns the weight as a float.
    ///
    /// # Errors
    /// [`LineProblem::Json`] if it is not positive.
    pub fn positive(self, term: &str) -> Result<f32, LineProblem> {
        let weight = f32::from(self);
        if weight.is_finite() && weight > 0.0 {
            return Ok(weight);
        }
        let term = Quoted(term);
        Err(LineProblem::Json(format!(
            "term {term} has the weight {weight}, which is not a positive number"
        )))
    }

    #[cold]
    fn other_impact(self, term: &str) -> Result<u32, LineProblem> {
        let term = || term.chars().take(40).collect();
        match self {
            Self::Float(weight) if weight.fract() != 0.0 => Err(LineProblem::Fraction {
                term: term(),
                weight,
            }),
            Self::Float(weight) if (1.0..=f64::from(MAX_IMPACT)).contains(&weight) =>
            {
                #[allow(
                    clippy::cast_possible_truncation,
                    clippy::cast_sign_loss,
                    reason = "whole and in range"
                )]
                Ok(weight as u32)
            }
            Self::Float(weight) => Err(LineProblem::Impact {
                term: term(),
                impact: weight.to_string(),
            }),
            Self::Unsigned(weight) => Err(LineProblem::Impact {
                term: term(),
                impact: weight.to_string(),
            }),
            Self::Negative(weight) => Err(LineProblem::Impact {
                term: term(),
                impact: weight.to_string(),
            }),
        }
    }
}

impl From<Weight> for f32 {
    /// The nearest float: what `--step none` wrote comes back bit by bit.
    #[allow(
        clippy::cast_possible_truncation,
        clippy::cast_precision_loss,
        reason = "the nearest float is meant"
    )]
    fn from(weight: Weight) -> Self {
        match weight {
            Weight::Unsigned(weight) => weight as Self,
            Weight::Negative(weight) => weight as Self,
            Weight::Float(weight) => weight as Self,
        }
    }
}

struct WeightSeed;

impl<'de> DeserializeSeed<'de> for WeightSeed {
    type Value = Weight;

    #[inline]
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Weight, D::Error> {
        deserializer.deserialize_u64(self)
    }
}

impl Visitor<'_> for WeightSeed {
    type Value = Weight;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a number as impact")
    }

    #[inline]
    fn visit_u64<E>(self, weight: u64) -> Result<Weight, E> {
        Ok(Weight::Unsigned(weight))
    }

    fn visit_i64<E>(self, weight: i64) -> Result<Weight, E> {
        Ok(Weight::Negative(weight))
    }

    fn visit_f64<E>(self, weight: f64) -> Result<Weight, E> {
        Ok(Weight::Float(weight))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(line: &str) -> Result<(String, Vec<(String, u32)>), String> {
        let mut terms = Vec::new();
        let document = parse_general(line, Contents::Skip, |term, weight| {
            terms.push((term.to_owned(), weight.impact(term)?));
            Ok::<_, LineProblem>(())
        });
        document
            .map(|document| (document.docid.into_owned(), terms))
            .map_err(|problem| problem.to_string())
    }

    #[test]
    fn keeps_order_escapes_and_every_bit_of_a_weight() {
        let line = r#"{"id": "d\"1", "contents": "a\tb", "vector": {"b": 0.1, "a\\": 2.5, "c": 3, "d": 1.1754944e-38}}"#;
        let mut entries = Vec::new();
        let document = parse_general(line, Contents::Read, |term, weight| {
            entries.push((term.to_owned(), f32::from(weight)));
            Ok::<_, LineProblem>(())
        });
        let document = document.unwrap();
        assert_eq!(
            (document.docid.as_ref(), document.contents.as_ref()),
            ("d\"1", "a\tb")
        );
        let expected = [
            ("b", 0.1_f32),
            ("a\\", 2.5),
            ("c", 3.0),
            ("d", f32::MIN_POSITIVE),
        ];
        assert_eq!(
            entries,
            expected.map(|(term, weight)| (term.to_owned(), weight))
        );
    }

    #[test]
    fn members_may_come_in_any_order() {
        let line = r#"{"vector": {"a": 1, "b\u00e9\n": 2147483647, " c": 3.0, "": 1e2}, "x": [{"id": 3}], "id": "d\"1"}"#;
        let terms = [("a", 1), ("bé\n", 0x7fff_ffff), (" c", 3), ("", 100)]
            .map(|(t, i)| (t.to_owned(), i))
            .to_vec();
        assert_eq!(read(line), Ok(("d\"1".to_owned(), terms)));
        assert_eq!(
            read(r#"{"id": 17, "vector": {}}"#),
            Ok(("17".to_owned(), Vec::new()))
        );
        assert_eq!(
            read(r#"{"id": -17, "vector": {}, "contents": null}"#),
            Ok(("-17".to_owned(), Vec::new()))
        );
    }

    #[test]
    fn what_is_refused() {
        for (line, message) in [
            (r#"{"id": "a", "vector": {"t": 0}}"#, "impact 0, outside"),
            (r#"{"id": "a", "vector": {"t": -3}}"#, "impact -3, outside"),
            (
                r#"{"id": "a", "vector": {"t": 2147483648}}"#,
                "impact 2147483648, outside",
            ),
            (
                r#"{"id": "a", "vector": {"t": 99999999999999999999}}"#,
                "impact 100000000000000000000, outside",
            ),
            (r#"{"id": "a", "vector": {"t": 1.5}}"#, "not a whole number"),
            (r#"{"id": "a", "vector": {"t": "1"}}"#, "a number as impact"),
            (
                r#"{"id": "a", "vector": {"t": null}}"#,
                "a number as impact",
            ),
            (r#"{"id": "a", "vector": [1]}"#, "an object of terms"),
            (r#"{"id": "a", "vector": null}"#, "an object of terms"),
            (r#"{"id": 1.5, "vector": {}}"#, "a string or an integer"),
            (r#"{"id": null, "vector": {}}"#, "a string or an integer"),
            (r#"{"vector": {}}"#, "missing field `id`"),
            (r#"{"id": "a"}"#, "missing field `vector`"),
            (
                r#"{"id": "a", "id": "b", "vector": {}}"#,
                "duplicate field `id`",
            ),
            (
                r#"{"id": "a", "vector": {}, "vector": {}}"#,
                "duplicate field `vector`",
            ),
            (r#"{"id": "a", "vector": {}} x"#, "trailing characters"),
            (r#"{"id": "a", "vector": {"t": 1}"#, "EOF"),
            (r#"["a"]"#, "an object with id and vector"),
        ] {
            let problem = read(line).unwrap_err();
            assert!(problem.contains(message), "{line}: {problem}");
        }
    }
}
