//! Whether documents or topics are read.

/// What is wanted of the input: it decides which file of a BEIR dataset is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum CorpusKind {
    /// Documents, `corpus.jsonl` in a BEIR dataset.
    #[default]
    Documents,
    /// Topics, `queries.jsonl` in a BEIR dataset.
    Topics,
}

impl CorpusKind {
    /// Returns the name of this kind's file in a BEIR dataset.
    pub(super) fn beir_file(self) -> &'static str {
        match self {
            Self::Documents => "corpus.jsonl",
            Self::Topics => "queries.jsonl",
        }
    }

    /// Returns true for this kind's file of a BEIR dataset, compressed or not.
    pub(super) fn is_beir_file(self, name: &str) -> bool {
        name.strip_suffix(".gz").unwrap_or(name) == self.beir_file()
    }
}
