//! One line -> one [`Document`].

use serde_json::{Map, Value};

use super::error::RecordProblem;
use super::{Document, InputFormat};

const DOCID_KEYS: [&str; 3] = ["_id", "id", "docid"];
/// Lucene's limit for a term, and so for an indexed docid, in bytes.
const MAX_DOCID_BYTES: usize = 32_766;

/// Which fields of a JSON record make its text, and in which order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fields(Vec<String>);

impl Default for Fields {
    fn default() -> Self {
        Self(vec!["title".into(), "text".into()])
    }
}

impl Fields {
    /// The fields in the order in which they are joined.
    #[must_use]
    pub fn new(names: Vec<String>) -> Self {
        Self(names)
    }

    /// Their names.
    #[must_use]
    pub fn names(&self) -> &[String] {
        &self.0
    }

    /// Joins the fields' texts by one space; empty ones leave no space behind.
    fn join(&self, record: &Map<String, Value>) -> Result<String, RecordProblem> {
        let mut text = String::new();
        let mut found = false;
        for name in &self.0 {
            // BEIR says "text" where Pyserini says "contents".
            let value = record.get(name).or_else(|| match name.as_str() {
                "text" => record.get("contents"),
                _ => None,
            });
            let part = match value {
                None => continue,
                Some(Value::String(part)) => part.as_str(),
                Some(Value::Null) => "",
                Some(other) => {
                    return Err(RecordProblem::FieldType {
                        field: name.clone(),
                        found: kind(other),
                    });
                }
            };
            found = true;
            if !part.is_empty() {
                if !text.is_empty() {
                    text.push(' ');
                }
                text.push_str(part);
            }
        }
        if found {
            Ok(text)
        } else {
            Err(RecordProblem::MissingText {
                wanted: self.0.join(","),
                found: keys(record),
            })
        }
    }
}

/// Parses one line, without its end.
///
/// # Errors
/// What is wrong with the record; the place is added by the caller.
pub fn parse(line: &[u8], format: InputFormat, fields: &Fields) -> Result<Document, RecordProblem> {
    let line =
        std::str::from_utf8(line).map_err(|e| RecordProblem::NotUtf8(e.valid_up_to() + 1))?;
    let document = match format {
        InputFormat::Jsonl => parse_json(line, fields)?,
        InputFormat::Tsv => {
            let (docid, text) = line.split_once('\t').ok_or(RecordProblem::NoTab)?;
            Document {
                docid: docid.to_owned(),
                text: text.to_owned(),
            }
        }
    };
    check_docid(&document.docid)?;
    Ok(document)
}

fn parse_json(line: &str, fields: &Fields) -> Result<Document, RecordProblem> {
    let value: Value = serde_json::from_str(line).map_err(|e| RecordProblem::Json(describe(&e)))?;
    let Value::Object(record) = value else {
        return Err(RecordProblem::NotAnObject(kind(&value)));
    };
    let docid = DOCID_KEYS
        .iter()
        .find_map(|key| record.get(*key))
        .ok_or_else(|| RecordProblem::MissingDocid(keys(&record)))?;
    let docid = match docid {
        Value::String(docid) => docid.clone(),
        Value::Number(number) if !number.is_f64() => number.to_string(),
        other => return Err(RecordProblem::DocidType(kind(other))),
    };
    let text = fields.join(&record)?;
    Ok(Document { docid, text })
}

/// The parser counts lines inside the one line it is given: only its column means something here.
fn describe(error: &serde_json::Error) -> String {
    let text = error.to_string();
    let what = text.split(" at line ").next().unwrap_or(&text);
    format!("{what} at column {}", error.column())
}

fn check_docid(docid: &str) -> Result<(), RecordProblem> {
    if docid.is_empty() {
        return Err(RecordProblem::EmptyDocid);
    }
    if docid.chars().any(|c| c.is_whitespace() || c.is_control()) {
        return Err(RecordProblem::DocidWhitespace(docid.to_owned()));
    }
    if docid.len() > MAX_DOCID_BYTES {
        return Err(RecordProblem::DocidTooLong(docid.len()));
    }
    Ok(())
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(number) if number.is_f64() => "a fractional number",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "an array",
        Value::Object(_) => "an object",
    }
}

fn keys(record: &Map<String, Value>) -> String {
    if record.is_empty() {
        return "none".into();
    }
    let mut names: Vec<_> = record.keys().take(8).map(String::as_str).collect();
    if record.len() > names.len() {
        names.push("...");
    }
    names.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn json(line: &str) -> Result<Document, RecordProblem> {
        parse(line.as_bytes(), InputFormat::Jsonl, &Fields::default())
    }

    #[test]
    fn joins_title_and_text_by_one_space() {
        let document = json(r#"{"_id": "d1", "title": "A", "text": "b c"}"#).unwrap();
        assert_eq!((&*document.docid, &*document.text), ("d1", "A b c"));
        assert_eq!(
            json(r#"{"id": 7, "title": "", "text": "b"}"#).unwrap().text,
            "b"
        );
        assert_eq!(
            json(r#"{"docid": "x", "contents": "c"}"#).unwrap().text,
            "c"
        );
        let fields = Fields::new(vec!["text".into(), "title".into()]);
        let line = br#"{"id": 7, "title": "A", "text": "b"}"#;
        assert_eq!(
            parse(line, InputFormat::Jsonl, &fields).unwrap().text,
            "b A"
        );
    }

    #[test]
    fn says_what_is_wrong() {
        let says = |line: &str| json(line).unwrap_err().to_string();
        assert!(says("{\"id\": ").starts_with("not valid JSON: EOF while parsing"));
        assert!(says("[1]").contains("an array"));
        assert!(says(r#"{"text": "a"}"#).contains("keys here: text"));
        assert!(says(r#"{"id": 1.5, "text": "a"}"#).contains("fractional"));
        assert!(says(r#"{"id": "a b", "text": "a"}"#).contains("white space"));
        assert!(says(r#"{"id": "a\u00a0b", "text": "a"}"#).contains("white space"));
        assert!(says(r#"{"id": "", "text": "a"}"#).contains("empty"));
        assert!(says(r#"{"id": "a", "body": "a"}"#).contains("--fields"));
        assert!(says(r#"{"id": "a", "text": ["a"]}"#).contains("an array"));
        assert!(says(r#"{"id": "a", "text": "\ud800"}"#).contains("not valid JSON"));
    }

    #[test]
    fn tsv_splits_at_the_first_tab() {
        let tsv = |line: &[u8]| parse(line, InputFormat::Tsv, &Fields::default());
        assert_eq!(tsv(b"q1\ta\tb").unwrap().text, "a\tb");
        assert!(matches!(tsv(b"q1"), Err(RecordProblem::NoTab)));
        assert!(matches!(tsv(b"q1\t\xff"), Err(RecordProblem::NotUtf8(4))));
    }

    #[test]
    fn deep_json_is_an_error_not_a_crash() {
        let deep = format!("{{\"id\":\"a\",\"text\":{}", "[".repeat(100_000));
        assert!(matches!(json(&deep), Err(RecordProblem::Json(_))));
    }
}
