//! The first setting in which two runs differ.

use std::fmt;

use serde::Serialize;
use serde_json::Value;

use crate::quote::Name;

/// The first setting in which two runs differ.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SettingDifference {
    name: String,
    first: String,
    now: String,
}

impl fmt::Display for SettingDifference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} was {} in the first run and is {} now",
            Name(&self.name),
            Name(&self.first),
            Name(&self.now)
        )
    }
}

/// What a setting is called, by the beginning of its path in the identity. `*` stands for the rest of the path.
const NAMES: [(&str, &str); 23] = [
    ("tool", "the program"),
    ("kind", "`step`"),
    ("model.files", "the model's file *"),
    ("model", "the model *"),
    (
        "encoding.batch_tokens",
        "the batch size, which depends on `max_memory`,",
    ),
    (
        "encoding.batch_texts",
        "the batch size, which depends on `max_memory`,",
    ),
    ("encoding.keep_special_tokens", "`special_tokens` keep"),
    ("encoding.head", "the head"),
    ("encoding", "`*`"),
    ("pruning", "`*`"),
    ("quantization.normalization", "`normalize`"),
    ("quantization.step", "`step`"),
    ("quantization.rounding", "`rounding`"),
    ("quantization.min_impact", "`min_impact`"),
    ("quantization", "`step`"),
    ("collection.compression", "`compress`"),
    ("collection", "`*`"),
    ("selection", "`parts`"),
    ("outputs.lucene.", "`*`"),
    ("outputs.lucene", "`index`"),
    (
        "outputs.vocabulary",
        "the vocabulary, which depends on `model`,",
    ),
    ("outputs", "the output *"),
    ("input", "the input *"),
];

/// Returns what the user calls the setting at a path of the identity.
fn setting_name(path: &str) -> String {
    for (prefix, name) in NAMES {
        if let Some(rest) = path.strip_prefix(prefix) {
            let rest = rest.trim_start_matches('.');
            return name.replace('*', rest).trim_end().to_owned();
        }
    }
    format!("the setting {path}")
}

impl SettingDifference {
    /// Compares two runs, or the settings of two runs.
    #[must_use]
    pub fn between(first: &impl Serialize, now: &impl Serialize) -> Option<Self> {
        let first = serde_json::to_value(first).unwrap_or_default();
        let now = serde_json::to_value(now).unwrap_or_default();
        let (path, first, now) = differ(&first, &now, String::new())?;
        let name = setting_name(&path);
        Some(Self { name, first, now })
    }
}

/// The first place where two values differ.
fn differ(a: &Value, b: &Value, path: String) -> Option<(String, String, String)> {
    let below = |key: &str| match path.as_str() {
        "" => key.to_owned(),
        path => format!("{path}.{key}"),
    };
    match (a, b) {
        _ if a == b => None,
        (Value::Object(a), Value::Object(b)) => {
            let missing = Value::Null;
            let keys = a.keys().chain(b.keys().filter(|key| !a.contains_key(*key)));
            keys.map(|key| (below(key), a.get(key), b.get(key)))
                .find_map(|(path, a, b)| differ(a.unwrap_or(&missing), b.unwrap_or(&missing), path))
        }
        (Value::Array(a), Value::Array(b)) if a.len() == b.len() => (1..)
            .zip(a.iter().zip(b))
            .find_map(|(n, (a, b))| differ(a, b, below(&n.to_string()))),
        _ => Some((path, show(a), show(b))),
    }
}

fn show(value: &Value) -> String {
    match value {
        Value::Null => "not set".to_owned(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}
