//! What a verification finds, and what mends it.

use std::fmt;
use std::path::PathBuf;

/// What is wrong with a collection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// The file.
    pub path: PathBuf,
    /// What is wrong, with the line where there is one.
    pub problem: String,
    /// What mends it.
    pub remedy: Remedy,
}

/// What mends a finding.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Remedy {
    /// The run that made the collection, gone on with by `resume`, makes the file again.
    Resume,
    /// The file is none of the collection's and has to be moved away.
    MoveAway,
    /// The files are as the manifest has them, and it contradicts itself or them: the collection has to be made again, in
    /// another folder.
    MakeAgain,
}

impl fmt::Display for Remedy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::MoveAway => "move away what is none of the collection's, and verify again",
            Self::Resume => {
                "the command that made the collection, with `resume`, makes what is damaged again"
            }
            Self::MakeAgain => {
                "the manifest does not agree with files that are as they were written: make the collection again, in \
                 another folder"
            }
        })
    }
}
