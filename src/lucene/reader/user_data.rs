//! Reads what a program kept with the commit of an index.

use std::collections::BTreeMap;
use std::path::Path;

use crate::lucene::error::Result;
use crate::lucene::formats::commit_point;

/// Returns the user data of the newest commit of an index, by key.
///
/// # Errors
///
/// [`LuceneError::NoIndex`](crate::lucene::LuceneError::NoIndex) if there is no index, and those of a commit point that
/// is damaged or not ours.
pub fn read_user_data(dir: &Path) -> Result<BTreeMap<String, String>> {
    Ok(commit_point::read(dir)?.user_data)
}
