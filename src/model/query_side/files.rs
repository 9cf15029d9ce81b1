//! Tokenizer, terms and table of a query side without a model.

use std::path::{Path, PathBuf};

use serde::Deserialize;
use tokenizers::Tokenizer;

use super::sides::Sides;
use super::table::QueryTable;
use crate::model::error::ModelError;
use crate::model::tokenizer::open_tokenizer;
use crate::model::vocabulary::Vocabulary;

/// What encodes queries where no model does.
pub struct QueryFiles {
    /// That of the table's module, else of the model for documents.
    pub tokenizer: Tokenizer,
    /// The terms behind the ids.
    pub vocabulary: Vocabulary,
    /// Their weights.
    pub table: QueryTable,
    /// The files that were read.
    pub files: Vec<PathBuf>,
}

/// `config.json`
#[derive(Deserialize)]
struct Config {
    vocab_size: Option<usize>,
}

impl QueryFiles {
    /// Opens the table in `file`, with the tokenizer beside it if there is one; without a file every term has the
    /// weight 1. The weights of the model's folder are not touched.
    ///
    /// # Errors
    /// [`ModelError`] with the file and the remedy.
    pub fn open(folder: &Path, file: Option<&Path>) -> Result<Self, ModelError> {
        let documents = Sides::find(folder)?.documents;
        let beside = file
            .and_then(Path::parent)
            .filter(|beside| *beside != folder);
        let own = beside.map_or(Ok(None), open_tokenizer)?;
        let opened = match own {
            Some(own) => own,
            None => open_tokenizer(&documents)?.ok_or_else(|| ModelError::NotAModelFolder {
                folder: documents.clone(),
                missing: "tokenizer.json or vocab.txt".into(),
            })?,
        };
        let tokenizer = opened.tokenizer;
        let columns = columns(&tokenizer, &documents);
        let table = match file {
            Some(file) => QueryTable::open(file, &tokenizer, columns)?,
            None => QueryTable::ones(columns),
        };
        let mut files = opened.files;
        files.extend(file.map(Path::to_owned));
        Ok(Self {
            files,
            vocabulary: Vocabulary::new(&tokenizer, columns)
                .map_err(|reason| ModelError::broken(&documents, reason))?,
            table,
            tokenizer,
        })
    }
}

/// Returns the number of ids: those of the tokenizer, or more where the model was made with room to spare.
fn columns(tokenizer: &Tokenizer, documents: &Path) -> usize {
    let last = tokenizer.get_vocab(true).into_values().max();
    let ids = last.map_or(0, |id| id as usize + 1);
    let config = std::fs::read(documents.join("config.json")).unwrap_or_default();
    let config = serde_json::from_slice::<Config>(&config);
    let of_model = config.ok().and_then(|config| config.vocab_size);
    // A size that no table could have is none.
    ids.max(of_model.filter(|&size| size <= 1 << 24).unwrap_or(0))
}
