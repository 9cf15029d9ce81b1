//! One line of a `JsonVectorCollection`.

use std::borrow::Cow;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, Visitor};

use super::error::LineProblem;
use crate::lucene::MAX_IMPACT;

/// Reads a line and hands its terms to `each`, in their order; returns the docid.
///
/// The line is `{"id": …, "vector": {term: impact, …}, …}`: the id a string or an integer, impacts whole numbers from 1
/// to [`MAX_IMPACT`] (`3.0` is whole). Other members are skipped. Terms are not split or changed.
///
/// # Errors
///
/// [`LineProblem`], also what `each` returns.
pub fn parse<'a>(
    line: &'a str,
    each: impl FnMut(&str, u32) -> Result<(), LineProblem>,
) -> Result<Cow<'a, str>, LineProblem> {
    let mut terms = Terms {
        each,
        problem: None,
    };
    let mut json = serde_json::Deserializer::from_str(line);
    let docid = DocumentSeed(&mut terms)
        .deserialize(&mut json)
        .and_then(|docid| json.end().map(|()| docid));
    match (terms.problem, docid) {
        (Some(problem), _) => Err(problem),
        (None, Ok(docid)) => Ok(docid),
        (None, Err(error)) => Err(LineProblem::Json(error.to_string())),
    }
}

/// Where terms go, and the first problem with one: serde's errors are texts only.
struct Terms<F> {
    each: F,
    problem: Option<LineProblem>,
}

struct DocumentSeed<'t, F>(&'t mut Terms<F>);

impl<'de, F: FnMut(&str, u32) -> Result<(), LineProblem>> DeserializeSeed<'de>
    for DocumentSeed<'_, F>
{
    type Value = Cow<'de, str>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de, F: FnMut(&str, u32) -> Result<(), LineProblem>> Visitor<'de> for DocumentSeed<'_, F> {
    type Value = Cow<'de, str>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object with id and vector")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut docid = None;
        let mut vector = false;
        while let Some(key) = map.next_key_seed(KeySeed)? {
            match key {
                Key::Id if docid.is_some() => return Err(A::Error::duplicate_field("id")),
                Key::Id => docid = Some(map.next_value_seed(IdSeed)?),
                Key::Vector if vector => return Err(A::Error::duplicate_field("vector")),
                Key::Vector => {
                    map.next_value_seed(VectorSeed(&mut *self.0))?;
                    vector = true;
                }
                Key::Other => {
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        if !vector {
            return Err(A::Error::missing_field("vector"));
        }
        docid.ok_or_else(|| A::Error::missing_field("id"))
    }
}

enum Key {
    Id,
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

struct VectorSeed<'t, F>(&'t mut Terms<F>);

impl<'de, F: FnMut(&str, u32) -> Result<(), LineProblem>> DeserializeSeed<'de>
    for VectorSeed<'_, F>
{
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de, F: FnMut(&str, u32) -> Result<(), LineProblem>> Visitor<'de> for VectorSeed<'_, F> {
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
            let added = weight
                .impact(term)
                .and_then(|impact| (terms.each)(term, impact));
            if let Err(problem) = added {
                terms.problem = Some(problem);
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
enum Weight {
    Unsigned(u64),
    Negative(i64),
    Float(f64),
}

impl Weight {
    #[inline]
    fn impact(&self, term: &str) -> Result<u32, LineProblem> {
        if let Self::Unsigned(weight) = *self
            && let Ok(impact) = u32::try_from(weight)
            && (1..=MAX_IMPACT).contains(&impact)
        {
            return Ok(impact);
        }
        self.other_impact(term)
    }

    #[cold]
    fn other_impact(&self, term: &str) -> Result<u32, LineProblem> {
        let term = || term.chars().take(40).collect();
        match *self {
            Self::Float(weight) if weight.fract() != 0.0 => Err(LineProblem::Fraction {
                term: term(),
                weight,
            }),
            Self::Float(weight) if (1.0..=f64::from(MAX_IMPACT)).contains(&weight) =>
            {
                #[expect(
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
        let docid = parse(line, |term, impact| {
            terms.push((term.to_owned(), impact));
            Ok(())
        });
        docid
            .map(|docid| (docid.into_owned(), terms))
            .map_err(|problem| problem.to_string())
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
            (
                r#"{"id": "a", "vector": {"t": 1.5}}"#,
                "quantize the collection first",
            ),
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
