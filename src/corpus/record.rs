//! Turns one record into one [`Document`].

use super::document::{Document, append};
use super::fields::FieldSet;
use super::format::InputFormat;
use super::json_record::{self, Found, key_names};
use super::json_value::Scalar;
use super::record_error::RecordProblem;
use super::schema::Schema;
use super::trec_topic;

/// Limits a docid as Lucene limits an indexed term, in bytes.
const MAX_ID_BYTES: usize = 32_766;

/// A document, and which fields its record had; `None` for a format without fields.
pub(super) type Parsed = (Document, Option<FieldSet>);

/// Parses one record: a line without its end, or a TREC topic.
///
/// # Errors
/// Returns what is wrong with the record; the caller adds the place.
pub(super) fn parse(
    record: &[u8],
    format: InputFormat,
    schema: &Schema,
) -> Result<Parsed, RecordProblem> {
    let record =
        std::str::from_utf8(record).map_err(|e| RecordProblem::NotUtf8(e.valid_up_to() + 1))?;
    let (document, fields) = match format {
        InputFormat::Jsonl => {
            let (document, fields) = parse_json(record, schema)?;
            (document, Some(fields))
        }
        InputFormat::Tsv => {
            let no_tab = RecordProblem::NoTab { id: schema.id };
            let (docid, text) = record.split_once('\t').ok_or(no_tab)?;
            let document = Document {
                docid: docid.to_owned(),
                text: text.to_owned(),
            };
            (document, None)
        }
        InputFormat::Trec => (trec_topic::parse(record, schema)?, None),
    };
    check_id(&document.docid, schema.id)?;
    Ok((document, fields))
}

fn parse_json(line: &str, schema: &Schema) -> Result<(Document, FieldSet), RecordProblem> {
    let found =
        json_record::find(line, &schema.keys).map_err(|e| RecordProblem::Json(describe(&e)))?;
    let values = match found {
        Found::Object(values) => values,
        Found::Other(name) => return Err(RecordProblem::NotAnObject(name)),
    };
    let (ids, values) = values.split_at(schema.id_keys);
    let docid = match ids.iter().flatten().next() {
        Some(Scalar::Text(docid)) => docid.to_string(),
        Some(Scalar::Integer(docid)) => docid.clone(),
        Some(other) => {
            return Err(RecordProblem::IdType {
                id: schema.id,
                found: other.type_name(),
            });
        }
        None => {
            return Err(RecordProblem::MissingId {
                id: schema.id,
                wanted: quoted_list(&schema.keys[..schema.id_keys]),
                found: key_names(line),
            });
        }
    };
    let (text, fields) =
        join_fields(schema, values)?.ok_or_else(|| RecordProblem::MissingText {
            wanted: schema.fields.names().join(","),
            found: key_names(line),
        })?;
    Ok((Document { docid, text }, fields))
}

/// Joins the fields' texts by one space; empty ones leave no space behind. Returns `None` if no field is there.
fn join_fields(
    schema: &Schema,
    mut values: &[Option<Scalar<'_>>],
) -> Result<Option<(String, FieldSet)>, RecordProblem> {
    let lengths = values.iter().flatten().map(|value| match value {
        Scalar::Text(part) => part.len() + 1,
        _ => 0,
    });
    let mut text = String::with_capacity(lengths.sum());
    let mut found = FieldSet::default();
    for (field, keys) in schema.field_keys.iter().enumerate() {
        let (candidates, rest) = values.split_at(*keys);
        values = rest;
        let part: &str = match candidates.iter().flatten().next() {
            None => continue,
            Some(Scalar::Text(part)) => part,
            Some(Scalar::Null) => "",
            Some(other) => {
                return Err(RecordProblem::FieldType {
                    field: schema.fields.names()[field].clone(),
                    found: other.type_name(),
                });
            }
        };
        found.insert(field);
        append(&mut text, part);
    }
    Ok((found != FieldSet::default()).then_some((text, found)))
}

/// Names the column alone: the parser is given one line, so that its line number says nothing.
fn describe(error: &serde_json::Error) -> String {
    let text = error.to_string();
    let what = text.split(" at line ").next().unwrap_or(&text);
    format!("{what} at column {}", error.column())
}

fn quoted_list(keys: &[String]) -> String {
    let keys: Vec<String> = keys.iter().map(|key| format!("\"{key}\"")).collect();
    keys.join(", ")
}

fn check_id(value: &str, id: &'static str) -> Result<(), RecordProblem> {
    if value.is_empty() {
        return Err(RecordProblem::EmptyId { id });
    }
    if value.chars().any(|c| c.is_whitespace() || c.is_control()) {
        let value = value.to_owned();
        return Err(RecordProblem::IdWhitespace { id, value });
    }
    if value.len() > MAX_ID_BYTES {
        let bytes = value.len();
        return Err(RecordProblem::IdTooLong { id, bytes });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::corpus::fields::Fields;
    use crate::corpus::kind::CorpusKind;

    fn read(line: &str, kind: CorpusKind, fields: &Fields) -> Result<Document, RecordProblem> {
        let schema = Schema::new(kind, None, fields);
        parse(line.as_bytes(), InputFormat::Jsonl, &schema).map(|(document, _)| document)
    }

    fn json(line: &str) -> Result<Document, RecordProblem> {
        read(line, CorpusKind::Documents, &Fields::default())
    }

    #[test]
    fn joins_title_and_text_by_one_space() {
        let document = json(r#"{"_id": "d1", "title": "A", "text": "b c"}"#).unwrap();
        assert_eq!((&*document.docid, &*document.text), ("d1", "A b c"));
        assert_eq!(
            json(r#"{"id": 7, "title": "", "text": "b"}"#).unwrap().text,
            "b"
        );
        let fields = Fields::new(["text", "title"]);
        let line = r#"{"id": 7, "title": "A", "text": "b"}"#;
        assert_eq!(
            read(line, CorpusKind::Documents, &fields).unwrap().text,
            "b A"
        );
    }

    #[test]
    fn names_of_published_collections_are_known() {
        let cases = [
            (r#"{"docid": "x", "contents": "c"}"#, "x", "c"),
            (r#"{"doc_id": "3", "text": "c"}"#, "3", "c"),
            (r#"{"docno": "FT911-1", "text": "c"}"#, "FT911-1", "c"),
            (
                r#"{"pid": "msmarco_passage_00_7", "passage": "c", "spans": "(0,1)", "docid": "msmarco_doc_00_0"}"#,
                "msmarco_passage_00_7",
                "c",
            ),
            (
                r#"{"url": "u", "title": "t", "headings": "h", "body": "b", "docid": "msmarco_doc_00_0"}"#,
                "msmarco_doc_00_0",
                "t b",
            ),
            (
                r#"{"docid": "m#0_1", "title": "t", "segment": "s", "start_char": 0}"#,
                "m#0_1",
                "t s",
            ),
        ];
        for (line, docid, text) in cases {
            let document = json(line).unwrap();
            assert_eq!((&*document.docid, &*document.text), (docid, text));
        }
        let topic = |line| read(line, CorpusKind::Topics, &Fields::default());
        assert_eq!(
            topic(r#"{"query_id": "q", "text": "c"}"#).unwrap().docid,
            "q"
        );
        assert_eq!(topic(r#"{"qid": 7, "title": "c"}"#).unwrap().docid, "7");
        let error = topic(r#"{"text": "c"}"#).unwrap_err().to_string();
        assert!(
            error.contains("no qid") && error.contains("\"query_id\""),
            "{error}"
        );
    }

    #[test]
    fn another_key_may_hold_the_identifier() {
        let schema = Schema::new(CorpusKind::Documents, Some("key"), &Fields::default());
        let line = br#"{"id": "no", "key": "yes", "text": "c"}"#;
        let (document, _) = parse(line, InputFormat::Jsonl, &schema).unwrap();
        assert_eq!(document.docid, "yes");
    }

    #[test]
    fn says_what_is_wrong() {
        let says = |line: &str| json(line).unwrap_err().to_string();
        assert!(says("{\"id\": ").starts_with("not valid JSON: EOF while parsing"));
        assert!(says("[1]").contains("an array"));
        assert!(says(r#"{"text": "a"}"#).contains("keys here: text"));
        assert!(says(r#"{"id": 1.5, "text": "a"}"#).contains("fractional"));
        let large = says(r#"{"id": 18446744073709551616, "text": "a"}"#);
        assert!(large.contains("over 64 bits, to be written as a string"));
        assert!(says(r#"{"id": "a b", "text": "a"}"#).contains("white space"));
        assert!(says(r#"{"id": "a\u00a0b", "text": "a"}"#).contains("white space"));
        assert!(says(r#"{"id": "", "text": "a"}"#).contains("empty"));
        assert!(says(r#"{"id": "a", "bidy": "a"}"#).contains("`fields`"));
        assert!(says(r#"{"id": "a", "text": ["a"]}"#).contains("an array"));
        assert!(says(r#"{"id": "a", "text": "\ud800"}"#).contains("not valid JSON"));
    }

    #[test]
    fn messages_stay_short_and_printable() {
        let line = format!(
            "{{\"id\": \"\\u001b[31m {}\", \"text\": \"\"}}",
            "x".repeat(60_000_000)
        );
        let error = json(&line).unwrap_err().to_string();
        assert!(
            error.len() < 400 && !error.contains('\u{1b}'),
            "{}",
            error.len()
        );
        let line = format!("{{\"\\u001b[31m{}\": 1}}", "k".repeat(1_000_000));
        let error = json(&line).unwrap_err().to_string();
        assert!(
            error.len() < 400 && !error.contains('\u{1b}'),
            "{}",
            error.len()
        );
    }

    #[test]
    fn tsv_splits_at_the_first_tab() {
        let schema = Schema::new(CorpusKind::Topics, None, &Fields::default());
        let tsv = |line: &[u8]| parse(line, InputFormat::Tsv, &schema);
        assert_eq!(tsv(b"q1\ta\tb").unwrap().0.text, "a\tb");
        let error = tsv(b"q1").unwrap_err().to_string();
        assert_eq!(error, "no tab: TSV lines are qid<TAB>text");
        assert!(matches!(tsv(b"q1\t\xff"), Err(RecordProblem::NotUtf8(4))));
    }

    #[test]
    fn deep_json_is_an_error_not_a_crash() {
        let deep = format!("{{\"id\":\"a\",\"text\":{}", "[".repeat(100_000));
        assert!(matches!(json(&deep), Err(RecordProblem::Json(_))));
    }
}
