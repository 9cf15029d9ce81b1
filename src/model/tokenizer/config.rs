//! `tokenizer_config.json`, `special_tokens_map.json` and `added_tokens.json`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use fs_err as fs;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use tokenizers::AddedToken;

use crate::model::error::ModelError;

/// What the files beside `vocab.txt` say.
#[derive(Debug, Default)]
pub(super) struct TokenizerConfig {
    pub settings: Settings,
    /// Tokens beside the vocabulary, or in it but never cut, by their id.
    pub added: BTreeMap<u32, AddedToken>,
    /// The files that were read.
    pub files: Vec<PathBuf>,
}

/// `tokenizer_config.json`
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Settings {
    pub tokenizer_class: Option<String>,
    pub do_lower_case: Option<bool>,
    pub strip_accents: Option<bool>,
    pub tokenize_chinese_chars: Option<bool>,
    pub word_tokenizer_type: Option<String>,
    #[serde(flatten)]
    pub special: SpecialTokens,
    added_tokens_decoder: BTreeMap<u32, TokenEntry>,
}

/// `special_tokens_map.json`; the same names stand in `tokenizer_config.json`.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct SpecialTokens {
    pub unk_token: Option<TokenEntry>,
    pub sep_token: Option<TokenEntry>,
    pub pad_token: Option<TokenEntry>,
    pub cls_token: Option<TokenEntry>,
    pub mask_token: Option<TokenEntry>,
}

/// A token as text, or with how it is matched.
#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
pub(super) enum TokenEntry {
    Text(String),
    Full {
        content: String,
        #[serde(default)]
        lstrip: bool,
        #[serde(default)]
        rstrip: bool,
        #[serde(default)]
        single_word: bool,
        #[serde(default)]
        normalized: Option<bool>,
        #[serde(default)]
        special: bool,
    },
}

impl TokenEntry {
    /// Returns the token; `special` if it is so whatever the entry says.
    pub fn token(&self, special: bool) -> AddedToken {
        match self {
            Self::Text(content) => AddedToken::from(content.as_str(), special),
            Self::Full {
                content,
                lstrip,
                rstrip,
                single_word,
                normalized,
                special: says_so,
            } => {
                let token = AddedToken::from(content.as_str(), special || *says_so)
                    .lstrip(*lstrip)
                    .rstrip(*rstrip)
                    .single_word(*single_word);
                match normalized {
                    Some(normalized) => token.normalized(*normalized),
                    None => token,
                }
            }
        }
    }
}

impl SpecialTokens {
    /// Takes what is missing from `other`.
    fn or(self, other: Self) -> Self {
        Self {
            unk_token: self.unk_token.or(other.unk_token),
            sep_token: self.sep_token.or(other.sep_token),
            pad_token: self.pad_token.or(other.pad_token),
            cls_token: self.cls_token.or(other.cls_token),
            mask_token: self.mask_token.or(other.mask_token),
        }
    }
}

impl TokenizerConfig {
    /// Reads the files that are there.
    pub fn read(folder: &Path) -> Result<Self, ModelError> {
        let mut files = Vec::new();
        let mut settings: Settings = read(folder, "tokenizer_config.json", &mut files)?;
        let map: SpecialTokens = read(folder, "special_tokens_map.json", &mut files)?;
        let added: BTreeMap<String, u32> = read(folder, "added_tokens.json", &mut files)?;
        settings.special = settings.special.or(map);
        let mut by_id: BTreeMap<_, _> = added
            .into_iter()
            .map(|(content, id)| (id, AddedToken::from(content, false)))
            .collect();
        let full = std::mem::take(&mut settings.added_tokens_decoder);
        by_id.extend(full.into_iter().map(|(id, entry)| (id, entry.token(false))));
        Ok(Self {
            settings,
            added: by_id,
            files,
        })
    }
}

fn read<T: DeserializeOwned + Default>(
    folder: &Path,
    name: &str,
    files: &mut Vec<PathBuf>,
) -> Result<T, ModelError> {
    let path = folder.join(name);
    if !path.exists() {
        return Ok(T::default());
    }
    let bytes = fs::read(&path).map_err(|e| ModelError::broken(&path, e))?;
    let value = serde_json::from_slice(&bytes).map_err(|e| ModelError::broken(&path, e))?;
    files.push(path);
    Ok(value)
}
