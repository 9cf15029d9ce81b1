//! What a run is, to tell whether another one may go on with it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::settings::RunSettings;
use crate::digest::sha256_of_bytes;

/// What a run is: two runs that are equal here, of the same input, write the same bytes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RunIdentity {
    /// The settings that all outputs share.
    #[serde(flatten)]
    pub settings: RunSettings,
    /// The outputs' own settings, by the name of the format.
    pub outputs: BTreeMap<String, Value>,
}

impl RunIdentity {
    /// Returns a SHA-256 over the identity, as lowercase hex.
    ///
    /// # Errors
    /// Never in practice: everything in an identity can be written as JSON.
    pub fn digest(&self) -> Result<String, serde_json::Error> {
        Ok(sha256_of_bytes(&serde_json::to_vec(self)?))
    }
}
