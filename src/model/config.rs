//! `config.json`: what a checkpoint says of itself.
//!
//! No key is known here. Which keys there are, and which are needed, is known to the architecture that
//! reads them, see [`super::architecture`].

use std::path::{Path, PathBuf};

use fs_err as fs;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::error::ModelError;
use crate::quote::Quoted;

/// The keys and values of a `config.json`, with its place for messages.
#[derive(Debug)]
pub struct Config {
    path: PathBuf,
    values: Map<String, Value>,
}

impl Config {
    /// Reads the file; `None` if there is none.
    pub fn read(path: &Path) -> Result<Option<Self>, ModelError> {
        if !path.exists() {
            return Ok(None);
        }
        let text = fs::read(path).map_err(|e| ModelError::broken(path, e))?;
        let values = serde_json::from_slice(&text).map_err(|e| ModelError::broken(path, e))?;
        Ok(Some(Self {
            path: path.to_owned(),
            values,
        }))
    }

    /// Returns the path of the file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Returns the value of a key; `None` where it is missing or null.
    pub fn get<T: DeserializeOwned>(&self, key: &str) -> Result<Option<T>, ModelError> {
        match self.values.get(key) {
            None | Some(Value::Null) => Ok(None),
            Some(value) => T::deserialize(value)
                .map(Some)
                .map_err(|e| self.error(format!("the key \"{key}\": {e}"))),
        }
    }

    /// Returns the value of a key that must be there.
    pub fn required<T: DeserializeOwned>(&self, key: &str) -> Result<T, ModelError> {
        self.get(key)?
            .ok_or_else(|| self.error(format!("the key \"{key}\" is missing")))
    }

    /// Refuses a value other than `supported`, where the key is there.
    pub fn expect(&self, key: &str, supported: &str) -> Result<(), ModelError> {
        match self.get::<String>(key)? {
            Some(found) if found != supported => {
                Err(self.error(format!("{key} {} is not supported", Quoted(&found))))
            }
            _ => Ok(()),
        }
    }

    /// Returns the key `model_type`, empty where it is missing.
    pub fn model_type(&self) -> &str {
        let value = self.values.get("model_type").and_then(Value::as_str);
        value.unwrap_or_default()
    }

    /// Returns an error about this file.
    pub fn error(&self, reason: impl ToString) -> ModelError {
        ModelError::broken(&self.path, reason)
    }
}
