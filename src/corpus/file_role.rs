//! What a file of a folder or an archive is there for, told from its name.

use super::format::InputFormat;
use super::kind::CorpusKind;
use super::signature::{Unsupported, unsupported_name};

/// What a file is there for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum FileRole {
    /// The documents of a BEIR data set or of MS MARCO, or the topics of one.
    Of(CorpusKind),
    /// Judgments.
    Qrels,
    /// Records of one kind or the other.
    Records,
    /// A format that is not read; the second value is true if there are records in it.
    Unsupported(Unsupported, bool),
    /// Anything else.
    Other,
}

impl FileRole {
    /// Tells the role from a name; folders before it do not matter.
    pub fn of(name: &str) -> Self {
        let name = base_name(name).to_ascii_lowercase();
        if let Some((unsupported, has_records)) = unsupported_name(&name) {
            return Self::Unsupported(unsupported, has_records);
        }
        if InputFormat::from_name(&name).is_none() {
            return Self::Other;
        }
        match name.strip_suffix(".gz").unwrap_or(&name) {
            "corpus.jsonl" | "collection.tsv" => Self::Of(CorpusKind::Documents),
            name if name.starts_with("queries.") => Self::Of(CorpusKind::Topics),
            name if name.starts_with("qrels.") => Self::Qrels,
            _ => Self::Records,
        }
    }
}

/// Returns a name without the folders before it.
pub(super) fn base_name(name: &str) -> &str {
    name.rsplit_once('/').map_or(name, |(_, base)| base)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_tell_the_role() {
        let documents = FileRole::Of(CorpusKind::Documents);
        let topics = FileRole::Of(CorpusKind::Topics);
        for (name, role) in [
            ("set/corpus.jsonl.gz", documents),
            ("collection.tsv", documents),
            ("queries.dev.small.tsv", topics),
            ("queries.jsonl", topics),
            ("qrels.dev.small.tsv", FileRole::Qrels),
            ("docs00.json", FileRole::Records),
            ("README.md", FileRole::Other),
        ] {
            assert_eq!(FileRole::of(name), role, "{name}");
        }
        let compressed = FileRole::of("a/docs.jsonl.zst");
        assert!(matches!(compressed, FileRole::Unsupported(_, true)));
    }
}
