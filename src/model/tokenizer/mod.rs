//! The tokenizer of a model folder: `tokenizer.json`, or WordPiece from `vocab.txt` where there is none.

mod config;
mod refusal;
mod wordpiece;

use std::path::{Path, PathBuf};

use tokenizers::Tokenizer;

use super::error::ModelError;
use config::TokenizerConfig;

/// A tokenizer, and the files that it is made of.
pub(crate) struct FolderTokenizer {
    /// With neither truncation nor padding set.
    pub tokenizer: Tokenizer,
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
    Ok(Some(FolderTokenizer { tokenizer, files }))
}

fn from_json(path: PathBuf) -> Result<FolderTokenizer, ModelError> {
    let broken = |e: tokenizers::Error| ModelError::broken(&path, e);
    let mut tokenizer = Tokenizer::from_file(&path).map_err(broken)?;
    tokenizer.with_truncation(None).map_err(broken)?;
    tokenizer.with_padding(None);
    Ok(FolderTokenizer {
        tokenizer,
        files: vec![path],
    })
}

#[cfg(test)]
mod tests;
