//! The tokenizer of a model folder: `tokenizer.json`, or WordPiece from `vocab.txt` where there is none.

mod charsmap;
mod config;
mod file;
mod json;
mod model_section;
mod normalization;
mod probe;
mod refusal;
mod template;
mod wordpiece;

use std::path::{Path, PathBuf};

use tokenizers::Tokenizer;

use super::error::ModelError;
use config::TokenizerConfig;

#[cfg(any(test, fuzzing))]
pub(crate) use json::read_json;
pub(crate) use json::{CheckedTokenizer, open_json};

/// A tokenizer, and the files that it is made of.
pub(crate) struct FolderTokenizer {
    /// With neither truncation nor padding set.
    pub tokenizer: Tokenizer,
    /// Most bytes that normalizing makes of one byte of a text.
    pub expansion: u64,
    /// The files that determine it; the first is named in messages.
    pub files: Vec<PathBuf>,
}

/// Opens the tokenizer of a folder; `None` if no file of one is there.
///
/// # Errors
/// [`ModelError::Broken`] if a file is damaged, or if the folder has a tokenizer of a kind that takes other programs:
/// the message says how to make a `tokenizer.json` of it.
pub(crate) fn open_tokenizer(folder: &Path) -> Result<Option<FolderTokenizer>, ModelError> {
    let path = folder.join("tokenizer.json");
    if path.exists() {
        return from_json(path).map(Some);
    }
    let config = TokenizerConfig::read(folder)?;
    if let Some((path, reason)) = refusal::reason(folder, &config) {
        return Err(ModelError::broken(&path, reason));
    }
    let path = folder.join("vocab.txt");
    if !path.exists() {
        return Ok(None);
    }
    let tokenizer = wordpiece::build(&path, &config)?;
    let mut files = vec![path];
    files.extend(config.files);
    Ok(Some(FolderTokenizer {
        tokenizer,
        expansion: wordpiece::EXPANSION,
        files,
    }))
}

fn from_json(path: PathBuf) -> Result<FolderTokenizer, ModelError> {
    let CheckedTokenizer {
        tokenizer,
        expansion,
    } = open_json(&path)?;
    Ok(FolderTokenizer {
        tokenizer,
        expansion,
        files: vec![path],
    })
}

#[cfg(test)]
mod hostile_tests;
#[cfg(test)]
mod tests;
