//! The fields of a JSON record that make its text.

use serde_json::{Map, Value};

use super::record_error::RecordProblem;

/// Which fields of a JSON record make its text, and in which order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fields(Vec<String>);

impl Default for Fields {
    fn default() -> Self {
        Self(vec!["title".into(), "text".into()])
    }
}

impl Fields {
    /// Takes the fields in the order in which they are joined.
    #[must_use]
    pub fn new(names: Vec<String>) -> Self {
        Self(names)
    }

    /// Returns their names.
    #[must_use]
    pub fn names(&self) -> &[String] {
        &self.0
    }

    /// Joins the fields' texts by one space; empty ones leave no space behind.
    pub(super) fn join(&self, record: &Map<String, Value>) -> Result<String, RecordProblem> {
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
                        found: type_name(other),
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
                found: key_names(record),
            })
        }
    }
}

/// Returns what a JSON value is, for messages.
pub(super) fn type_name(value: &Value) -> &'static str {
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

/// Returns the first keys of a record, for messages.
pub(super) fn key_names(record: &Map<String, Value>) -> String {
    if record.is_empty() {
        return "none".into();
    }
    let mut names: Vec<_> = record.keys().take(8).map(String::as_str).collect();
    if record.len() > names.len() {
        names.push("...");
    }
    names.join(", ")
}
