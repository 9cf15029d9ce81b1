//! Why an output folder cannot be written.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use serde_json::Value;
use thiserror::Error;

use super::{CollectionError, Run};

/// Why an output folder cannot be written, and what to do.
#[derive(Debug, Error)]
#[allow(missing_docs, reason = "each message says what the variant means")]
pub enum OutputError {
    #[error("{path}: the output exists already and is never overwritten; choose another --output or remove it", path = path.display())]
    Exists { path: PathBuf },
    #[error(
        "{path}: the output exists already and is never overwritten; it is of a run that did not finish: go on with it by \
         --resume, choose another --output or remove it",
        path = path.display()
    )]
    Unfinished { path: PathBuf },
    #[error("{path}: another run is writing to it; wait for its end, or choose another --output", path = path.display())]
    Locked { path: PathBuf },
    #[error(
        "{path}: there is neither {manifest} nor .unfinished in it, so it is no output that --resume could go on with; \
         choose another --output",
        path = path.display(),
        manifest = super::MANIFEST
    )]
    NotOurs { path: PathBuf },
    #[error("{path}: not a part of this run, and whatever lies there would be indexed; move it away", path = path.display())]
    Stranger { path: PathBuf },
    #[error("{path}: --resume goes on with the same run only, but {difference}; choose another --output for a new one", path = path.display())]
    OtherRun {
        path: PathBuf,
        difference: SettingDifference,
    },
    #[error(transparent)]
    Manifest(#[from] CollectionError),
    #[error("{path}: cannot be read back: {reason}; remove {output} to start again", path = path.display(), output = output.display())]
    Journal {
        path: PathBuf,
        output: PathBuf,
        reason: String,
    },
    #[error(transparent)]
    Io(#[from] io::Error),
}

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
            self.name, self.first, self.now
        )
    }
}

/// What the user calls a setting, by its place in the manifest.
const NAMES: [(&str, &str); 20] = [
    ("tool", "the program"),
    ("kind", "--step"),
    ("model.files", "the model's file"),
    ("model", "the model"),
    (
        "encoding.batch_tokens",
        "the batch size, which depends on --max-memory,",
    ),
    (
        "encoding.batch_texts",
        "the batch size, which depends on --max-memory,",
    ),
    ("encoding.keep_special_tokens", "--special-tokens keep"),
    ("encoding.head", "the head"),
    ("encoding.", "--"),
    ("pruning.", "--"),
    ("quantization.normalization", "--normalize"),
    ("quantization.", "--"),
    ("quantization", "--step"),
    ("collection.compression", "--compress"),
    ("collection.", "--"),
    ("selection", "--parts"),
    ("index.", "--"),
    ("index", "--index"),
    ("input", "the input"),
    ("format_version", "the format of the manifest"),
];

impl SettingDifference {
    /// Compares two runs.
    #[must_use]
    pub fn between(first: &Run, now: &Run) -> Option<Self> {
        let value = |run| serde_json::to_value(run).unwrap_or_default();
        let (mut path, first, now) = differ(&value(first), &value(now), String::new())?;
        if let Some((prefix, name)) = NAMES.iter().find(|(prefix, _)| path.starts_with(prefix)) {
            let rest = path[prefix.len()..].trim_start_matches('.');
            path = if name.ends_with("--") {
                format!("{name}{}", rest.replace('_', "-"))
            } else {
                format!("{name} {rest}").trim_end().to_owned()
            };
        }
        Some(Self {
            name: path,
            first,
            now,
        })
    }

    /// [`OutputError::OtherRun`] if two runs differ.
    pub(super) fn refuse(output: &Path, first: &Run, now: &Run) -> Result<(), OutputError> {
        match Self::between(first, now) {
            None => Ok(()),
            Some(difference) => Err(OutputError::OtherRun {
                path: output.to_owned(),
                difference,
            }),
        }
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
