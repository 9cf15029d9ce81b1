//! Turns one line into one [`Document`].

use serde_json::Value;

use super::document::Document;
use super::fields::{Fields, key_names, type_name};
use super::format::InputFormat;
use super::record_error::RecordProblem;

const DOCID_KEYS: [&str; 3] = ["_id", "id", "docid"];
/// Limits a docid as Lucene limits an indexed term, in bytes.
const MAX_DOCID_BYTES: usize = 32_766;

/// Parses one line, without its end.
///
/// # Errors
/// Returns what is wrong with the record; the caller adds the place.
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
        return Err(RecordProblem::NotAnObject(type_name(&value)));
    };
    let docid = DOCID_KEYS
        .iter()
        .find_map(|key| record.get(*key))
        .ok_or_else(|| RecordProblem::MissingDocid(key_names(&record)))?;
    let docid = match docid {
        Value::String(docid) => docid.clone(),
        Value::Number(number) if !number.is_f64() => number.to_string(),
        other => return Err(RecordProblem::DocidType(type_name(other))),
    };
    let text = fields.join(&record)?;
    Ok(Document { docid, text })
}

/// Names the column alone: the parser is given one line, so that its line number says nothing.
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
        assert!(says(r#"{"id": "a", "body": "a"}"#).contains("`fields`"));
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
