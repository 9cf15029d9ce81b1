//! What an index was made of, so that it is not taken for another index.

use std::collections::BTreeMap;
use std::path::Path;

use crate::lucene::error::Result;
use crate::lucene::formats::commit_point::{self, UserData};

/// Keys of the user data of a commit.
const PREFIX: &str = "splade-export.";
const RUN: &str = "splade-export.run";
const DOCUMENTS: &str = "splade-export.documents";

/// Identifies what an index was made of. It is kept in the user data of the index's commit, which Lucene carries on when
/// it changes the index.
///
/// Both texts are up to the caller; hashes serve well. Equal texts mean equal content.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IndexOrigin {
    /// Identifies the model and all settings that change the impacts, but not which parts of the input were taken.
    pub run: String,
    /// Identifies the documents of the index and their order.
    pub documents: String,
    /// What readers of the index may want to know of that, by name.
    pub details: BTreeMap<String, String>,
}

impl IndexOrigin {
    /// Reads what an index says that it was made of; nothing if it does not say that.
    ///
    /// # Errors
    ///
    /// [`LuceneError::NoIndex`](crate::lucene::LuceneError::NoIndex), and those of a commit point that is damaged or not
    /// ours.
    pub fn read(dir: &Path) -> Result<Option<Self>> {
        Ok(Self::from_user_data(&commit_point::read(dir)?.user_data))
    }

    /// Returns true if an index of the other origin has the same content. Details do not tell that.
    #[must_use]
    pub fn is_same(&self, other: &Self) -> bool {
        self.run == other.run && self.documents == other.documents
    }

    /// Returns the user data of a commit.
    pub(crate) fn to_user_data(&self) -> UserData {
        let details = self.details.iter();
        let mut data: UserData = details
            .map(|(name, text)| (format!("{PREFIX}{name}"), text.clone()))
            .collect();
        data.insert(RUN.to_owned(), self.run.clone());
        data.insert(DOCUMENTS.to_owned(), self.documents.clone());
        data
    }

    /// Finds the origin in the user data of a commit.
    pub(crate) fn from_user_data(data: &UserData) -> Option<Self> {
        let details = data.iter().filter_map(|(key, text)| {
            let name = key.strip_prefix(PREFIX)?;
            let is_detail = key != RUN && key != DOCUMENTS;
            is_detail.then(|| (name.to_owned(), text.clone()))
        });
        Some(Self {
            details: details.collect(),
            run: data.get(RUN)?.clone(),
            documents: data.get(DOCUMENTS)?.clone(),
        })
    }
}
