//! How many tokens of a text a model was trained for, where sentence-transformers says it.

use fs_err as fs;
use serde::Deserialize;

use super::files::ModelFiles;
use crate::model::error::ModelError;

/// The names under which sentence-transformers has kept the settings of its first module.
const FILES: [&str; 7] = [
    "sentence_bert_config.json",
    "sentence_roberta_config.json",
    "sentence_distilbert_config.json",
    "sentence_camembert_config.json",
    "sentence_albert_config.json",
    "sentence_xlm-roberta_config.json",
    "sentence_xlnet_config.json",
];

#[derive(Deserialize)]
struct File {
    max_seq_length: Option<usize>,
}

/// The number of tokens of a text for which a model was trained.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StatedLength {
    /// The number.
    pub tokens: usize,
    /// The name of the file that states it.
    pub file: String,
}

/// Reads `max_seq_length`; `None` where it is not stated.
pub fn read_max_length(files: &ModelFiles) -> Result<Option<StatedLength>, ModelError> {
    let mut paths = files
        .folders()
        .flat_map(|folder| FILES.map(|name| folder.join(name)));
    let Some(path) = paths.find(|path| path.exists()) else {
        return Ok(None);
    };
    let bytes = fs::read(&path).map_err(|e| ModelError::broken(&path, e))?;
    let file: File = serde_json::from_slice(&bytes).map_err(|e| ModelError::broken(&path, e))?;
    let tokens = file.max_seq_length.filter(|&tokens| tokens > 0);
    let name = path.file_name().unwrap_or_default();
    Ok(tokens.map(|tokens| StatedLength {
        tokens,
        file: name.to_string_lossy().into_owned(),
    }))
}
