//! Whether documents or topics are read.

/// What is wanted of the input: it decides which file of a data set is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum CorpusKind {
    /// Documents: `corpus.jsonl` of a BEIR data set, `collection.tsv` of MS MARCO.
    #[default]
    Documents,
    /// Topics: `queries.jsonl` of a BEIR data set, `queries.*.tsv` of MS MARCO.
    Topics,
}

impl CorpusKind {
    /// Returns the other kind.
    pub(super) fn other(self) -> Self {
        match self {
            Self::Documents => Self::Topics,
            Self::Topics => Self::Documents,
        }
    }

    /// Returns the word for what is read.
    pub(super) fn plural(self) -> &'static str {
        match self {
            Self::Documents => "documents",
            Self::Topics => "topics",
        }
    }

    /// Returns the word for the identifier of what is read.
    pub(super) fn id(self) -> &'static str {
        match self {
            Self::Documents => "docid",
            Self::Topics => "qid",
        }
    }

    /// Returns the keys that may hold the identifier, the first found taken.
    ///
    /// A passage of MS MARCO v2 has a `pid`, and a `docid` that names the document it is from.
    pub(super) fn id_keys(self) -> &'static [&'static str] {
        match self {
            Self::Documents => &["_id", "id", "doc_id", "docno", "pid", "docid"],
            Self::Topics => &["_id", "id", "query_id", "qid", "docid"],
        }
    }

    /// Returns the name of this kind's file in a BEIR data set.
    pub(super) fn beir_file(self) -> &'static str {
        match self {
            Self::Documents => "corpus.jsonl",
            Self::Topics => "queries.jsonl",
        }
    }
}
